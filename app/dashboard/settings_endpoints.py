"""GET and POST /settings/endpoints: the systems that hear of leads; a secret is shown once."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.delivery_rows import Receiver, receivers_of
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.rendering import done, page
from app.dashboard.sessions import Viewer
from app.domain import Endpoint, Role
from app.errors import Duplicate, NotFound, Refused
from app.storage import endpoints, outbox
from app.storage.engine import Connection
from app.webhook.enrolment import SIGNED, Wanted, enrolled, read_options
from app.webhook.rendering import FORMATS, options_of, shown_options
from app.webhook.rotation import rotated
from app.webhook.signing import new_secret

router = APIRouter(include_in_schema=False, route_class=PageRoute)
log = structlog.get_logger(__name__)

PATH = "/settings/endpoints"
GRACE = timedelta(hours=24)  # for which a secret that was changed signs too
_FIELDS = ("name", "url", "format", "options")
_LINE = re.compile(r"[\r\n]+")
_Admin = Annotated[Viewer, Depends(Needs(Role.ADMIN))]
_Served = Annotated[Services, Depends(services_of)]
_Admitted = Annotated[Admission, Depends(page_admission)]
_Form = Annotated[Fields, Depends(fields)]
_EMPTY: Mapping[str, str] = {**dict.fromkeys(_FIELDS, ""), "format": "webhook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a page says beside the list."""

    secret_of: Endpoint | None = None  # whose new secret is shown, this once
    asked: Mapping[str, str] | None = None  # what a form said that was refused
    problem: str = ""


@router.api_route(PATH, methods=["GET", "HEAD"])
async def show(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))],
    services: _Served,
    admission: _Admitted,
) -> Response:
    """List the endpoints and how they are; neither secrets nor whole addresses are shown."""
    return await _page(request, services, admission, Shown())


@router.post(f"{PATH}/add")
async def add(
    request: Request, viewer: _Admin, services: _Served, admission: _Admitted, form: _Form
) -> Response:
    """Add an endpoint, and show its secret once."""
    asked = {name: form.get(name, "").strip() for name in _FIELDS}
    try:
        endpoint = await admission.run(lambda: _added(services, asked))
    except Refused as error:
        # What is secret is not sent back: it is typed again.
        again = {**asked, "options": "", "url": ""}
        return await _page(request, services, admission, Shown(asked=again, problem=error.detail))
    log.info("endpoint_added", endpoint_id=endpoint.id, session_id=viewer.session)
    if endpoint.format not in SIGNED:
        return done(request, PATH, "told.added")
    return await _page(request, services, admission, Shown(secret_of=endpoint))


@router.post(PATH + "/{id}/rotate")
async def rotate(
    id: str, request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """Give an endpoint a new secret, and show it once; the old one signs too for a day."""
    endpoint_id = checked_id(id, "ep")
    endpoint = await admission.run(lambda: _rotated(services, endpoint_id))
    log.info("endpoint_rotated", endpoint_id=endpoint_id, session_id=viewer.session)
    return await _page(request, services, admission, Shown(secret_of=endpoint))


@router.post(PATH + "/{id}/disable")
async def disable(
    id: str, request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """Send an endpoint nothing more, and give up what waits for it; its deliveries stay listed."""
    endpoint_id = checked_id(id, "ep")
    changed = await admission.run(lambda: _enabled(services, endpoint_id, False))
    log.info("endpoint_disabled", endpoint_id=endpoint_id, session_id=viewer.session)
    return done(request, PATH, "told.disabled" if changed else "told.nothing_changed")


@router.post(PATH + "/{id}/enable")
async def enable(
    id: str, request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """Let events go to an endpoint again."""
    endpoint_id = checked_id(id, "ep")
    changed = await admission.run(lambda: _enabled(services, endpoint_id, True))
    log.info("endpoint_enabled", endpoint_id=endpoint_id, session_id=viewer.session)
    return done(request, PATH, "told.enabled" if changed else "told.nothing_changed")


async def _page(
    request: Request, services: Services, admission: Admission, shown: Shown
) -> Response:
    receivers = await admission.run(lambda: _listed(services))
    return await page(
        request,
        "settings_endpoints.html",
        status_code=422 if shown.problem else 200,
        receivers=receivers,
        options_of=lambda one: shown_options(one.format, one.options),
        formats={name: (described, options_of(name)) for name, described in FORMATS.items()},
        signed=SIGNED,
        shown=shown,
        asked=shown.asked or _EMPTY,
    )


def _listed(services: Services) -> tuple[Receiver, ...]:
    with services.database.read() as conn:
        return receivers_of(conn, services.now())


def _added(services: Services, asked: Mapping[str, str]) -> Endpoint:
    lines = [line.strip() for line in _LINE.split(asked["options"]) if line.strip()]
    wanted = Wanted(
        name=asked["name"],
        url=asked["url"],
        secret=new_secret(),
        format=asked["format"],
        options=read_options(lines, called="an option"),
    )
    endpoint = enrolled(wanted, services.guard, now=services.now())
    try:
        with services.database.write() as conn:
            endpoints.add(conn, endpoint)
    except Duplicate as error:
        raise Refused("there is an endpoint of that name already", code="name_taken") from error
    return endpoint


def _rotated(services: Services, endpoint_id: str) -> Endpoint:
    with services.database.write() as conn:
        changed = rotated(
            _endpoint(conn, endpoint_id), new_secret(), now=services.now(), grace=GRACE
        )
        endpoints.keep_secrets(conn, changed)
    return changed


def _enabled(services: Services, endpoint_id: str, enabled: bool) -> bool:
    """Let an endpoint be told, or not; False where it was so before."""
    with services.database.write() as conn:
        if _endpoint(conn, endpoint_id).enabled is enabled:
            return False
        endpoints.set_enabled(conn, endpoint_id, enabled)
        if not enabled:
            outbox.suppress(conn, endpoint_id)
    services.intake.on_enqueued()
    return True


def _endpoint(conn: Connection, endpoint_id: str) -> Endpoint:
    """Give an endpoint, and keep others from changing it."""
    named = next(iter(endpoints.by_ids(conn, [endpoint_id])), None)
    found = None if named is None else endpoints.find(conn, named.name, to_change=True)
    if found is None:
        raise NotFound("there is no endpoint with this id")
    return found

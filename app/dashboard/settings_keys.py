"""GET and POST /settings/keys: what programs call Inlet with; a key is shown once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.auth import SCOPES
from app.api.ids import checked_id
from app.api.new_keys import MAX_DAYS, MadeKey, make_key, state_of
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.rendering import done, page
from app.dashboard.sessions import Viewer
from app.domain import ApiKey, Role, new_id
from app.errors import Duplicate, Refused
from app.storage import keys

router = APIRouter(include_in_schema=False, route_class=PageRoute)
log = structlog.get_logger(__name__)

PATH = "/settings/keys"
_Admin = Annotated[Viewer, Depends(Needs(Role.ADMIN))]
_Served = Annotated[Services, Depends(services_of)]
_Admitted = Annotated[Admission, Depends(page_admission)]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def show(
    request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """List the keys by what they are for; the keys themselves are not stored."""
    return await _page(request, services, admission)


@router.post(f"{PATH}/add")
async def add(
    request: Request,
    viewer: _Admin,
    services: _Served,
    admission: _Admitted,
    form: Annotated[Fields, Depends(fields)],
) -> Response:
    """Make a key and show it once; a form that is sent twice makes one."""
    key_id = checked_id(form.get("id", ""), "key")
    try:
        made = await admission.run(lambda: _made(services, key_id, form))
    except Duplicate:
        return done(request, PATH, "told.nothing_changed")
    except Refused as error:
        asked = {"name": form.get("name", ""), "days": form.get("days", "")}
        return await _page(request, services, admission, asked=asked, problem=error.detail)
    log.info("key_made", key_id=key_id, session_id=viewer.session)
    return await _page(request, services, admission, made=made)


@router.post(PATH + "/{id}/revoke")
async def revoke(
    id: str, request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """Take a key back; services follow within seconds."""
    key_id = checked_id(id, "key")
    revoked = await admission.run(lambda: _revoked(services, key_id))
    log.info("key_revoked", key_id=key_id, session_id=viewer.session)
    return done(request, PATH, "told.revoked" if revoked else "told.nothing_changed")


async def _page(
    request: Request,
    services: Services,
    admission: Admission,
    *,
    made: MadeKey | None = None,
    asked: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    now = services.now()
    found = await admission.run(lambda: _listed(services))
    return await page(
        request,
        "settings_keys.html",
        status_code=422 if problem else 200,
        keys=[(key, state_of(key, now)) for key in found],
        new_id=new_id("key", now),
        scopes=SCOPES,
        made=made,
        asked=asked or {"name": "", "days": ""},
        problem=problem,
    )


def _listed(services: Services) -> list[ApiKey]:
    with services.database.read() as conn:
        return keys.all_keys(conn)


def _made(services: Services, key_id: str, form: Fields) -> MadeKey:
    """Make a key as a form asks for it.

    Raises:
        Duplicate: This form made its key before.
        Refused: What it asks for cannot be.
    """
    scopes = form.getlist("scope")
    if not scopes:
        raise Refused("tick at least one scope", code="no_scope")
    made = make_key(
        form.get("name", "").strip(),
        scopes,
        expires_days=_days(form.get("days", "")),
        now=services.now(),
    )
    made = replace(made, key=replace(made.key, id=key_id))
    with services.database.write() as conn:
        keys.add(conn, made.key, sha256=made.sha256)
    return made


def _days(given: str) -> int | None:
    given = given.strip()
    if not given:
        return None
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= MAX_DAYS:
        raise Refused(f"a key holds for 1 to {MAX_DAYS} days, or without end", code="bad_days")
    return int(given)


def _revoked(services: Services, key_id: str) -> bool:
    with services.database.write() as conn:
        return keys.revoke(conn, key_id, services.now())

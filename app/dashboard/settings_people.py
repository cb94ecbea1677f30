"""GET /settings/owners and /settings/people: who answers, and who is signed in to the pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs, is_secure
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.inviting import address_of, invite
from app.dashboard.rendering import done, page
from app.dashboard.sessions import Viewer
from app.domain import Role, Session
from app.errors import Refused
from app.routing.assigning import Presence, who_is_available
from app.routing.owners import Owner
from app.routing.policy import Policy
from app.storage import sessions
from app.storage.turns import running_load

router = APIRouter(include_in_schema=False, route_class=PageRoute)
log = structlog.get_logger(__name__)

OWNERS, PEOPLE = "/settings/owners", "/settings/people"
_Admin = Annotated[Viewer, Depends(Needs(Role.ADMIN))]
_Served = Annotated[Services, Depends(services_of)]
_Admitted = Annotated[Admission, Depends(page_admission)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An owner of the policy, and how they stand now."""

    owner: Owner
    load: int  # messages that wait for them
    pools: tuple[str, ...]
    presence: Presence | None  # None: no pool names them


@router.api_route(OWNERS, methods=["GET", "HEAD"])
async def owners(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))],
    services: _Served,
    admission: _Admitted,
) -> Response:
    """List the policy's owners, their pools, and who can take a message now."""
    policy = services.intake.policy()
    people = await admission.run(lambda: _people(services, policy))
    return await page(request, "settings_owners.html", people=people)


@router.api_route(PEOPLE, methods=["GET", "HEAD"])
async def people(
    request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """List who is signed in; what their browsers keep is not stored."""
    return await _page(request, services, admission)


@router.post(PEOPLE + "/{id}/end")
async def end(
    id: str, request: Request, viewer: _Admin, services: _Served, admission: _Admitted
) -> Response:
    """Sign somebody out, at once and in every tab of that browser."""
    session_id = checked_id(id, "ses")
    ended = await admission.run(lambda: _ended(services, session_id))
    log.info("session_ended", ended_id=session_id, session_id=viewer.session)
    return done(request, PEOPLE, "told.session_ended" if ended else "told.nothing_changed")


@router.post(PEOPLE + "/invite")
async def invited(
    request: Request,
    viewer: _Admin,
    services: _Served,
    admission: _Admitted,
    form: Annotated[Fields, Depends(fields)],
) -> Response:
    """Make a link that signs somebody in once, and show it once."""
    asked = {"name": form.get("name", ""), "role": form.get("role", "")}
    try:
        token = await admission.run(lambda: _invited(services, asked))
    except Refused as error:
        return await _page(request, services, admission, asked=asked, problem=error.detail)
    log.info("link_made", role=asked["role"], session_id=viewer.session)
    link = address_of(_base_url(request, services), token)
    return await _page(request, services, admission, link=link)


async def _page(
    request: Request,
    services: Services,
    admission: Admission,
    *,
    link: str = "",
    asked: Mapping[str, str] | None = None,
    problem: str = "",
) -> Response:
    found = await admission.run(lambda: _holding(services))
    return await page(
        request,
        "settings_people.html",
        status_code=422 if problem else 200,
        sessions=found,
        roles=tuple(Role),
        link=link,
        asked=asked or {"name": "", "role": Role.AGENT.value},
        problem=problem,
    )


def _people(services: Services, policy: Policy) -> tuple[Person, ...]:
    """Say how each owner stands, in the policy's order."""
    with services.database.read() as conn:
        load = running_load(conn, list(policy.owners))
    now = services.now()
    standing: dict[str, Presence] = {}
    pools: dict[str, list[str]] = {}
    for pool in policy.pools.values():
        for one in who_is_available(pool, policy.owners, policy.calendars, at=now, load=load):
            standing[one.owner.id] = one
            pools.setdefault(one.owner.id, []).append(pool.name)
    return tuple(
        Person(
            owner=owner,
            load=load.get(id, 0),
            pools=tuple(pools.get(id, ())),
            presence=standing.get(id),
        )
        for id, owner in policy.owners.items()
    )


def _holding(services: Services) -> list[Session]:
    with services.database.read() as conn:
        return sessions.holding(conn, services.now())


def _ended(services: Services, session_id: str) -> bool:
    with services.database.write() as conn:
        return sessions.end(conn, session_id, services.now())


def _invited(services: Services, asked: Mapping[str, str]) -> str:
    try:
        role = Role(asked["role"])
    except ValueError:
        raise Refused("choose one of the roles", code="bad_role") from None
    return invite(services.database, name=asked["name"], role=role, now=services.now())


def _base_url(request: Request, services: Services) -> str:
    """Tell where the pages are reached: as the operator says, or as this browser does."""
    scheme = "https" if is_secure(request) else "http"
    return services.settings.public_url or f"{scheme}://{request.headers.get('host', '')}"

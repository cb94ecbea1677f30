"""GET /login/oidc and /login/oidc/back: a provider vouches for somebody, and a session begins.

Links, not forms: what answers a form may not lead to another host (see app.dashboard.headers).
"""

from typing import Annotated
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.dashboard.access import LOGIN, FrontDoor, cookie_name, front_door_of, is_secure
from app.dashboard.failing import PageRoute
from app.dashboard.headers import HEADERS
from app.dashboard.local_paths import START, local_path
from app.dashboard.oidc import BACK, LEAVE, Oidc
from app.dashboard.oidc_flow import (
    COOKIE,
    FAILED,
    LIFE,
    STATE,
    UNREACHABLE,
    Flow,
    SignInFailed,
)
from app.dashboard.signing_in import signed_in
from app.dashboard.wrong_links import client_of_request

router = APIRouter(include_in_schema=False, route_class=PageRoute)
log = structlog.get_logger(__name__)

FrontDoorGiven = Annotated[FrontDoor, Depends(front_door_of)]


@router.get(LEAVE)
async def leave(request: Request, front_door: FrontDoorGiven, next: str | None = None) -> Response:
    """Send a browser to the provider, with what it needs to come back."""
    oidc, back_to = _configured(front_door), local_path(next)
    try:
        address, cookie = await oidc.admission.run(lambda: oidc.leave(back_to))
    except SignInFailed as failure:
        return _not_signed_in(request, front_door, failure, back_to)
    answer = RedirectResponse(address, 303, headers=dict(HEADERS))
    answer.set_cookie(
        cookie_name(request, COOKIE),
        cookie,
        max_age=int(LIFE.total_seconds()),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",  # it comes back with a link of the provider's, which strict would not
    )
    return answer


@router.get(BACK)
async def come_back(request: Request, front_door: FrontDoorGiven) -> Response:
    """Begin the session of whom the provider vouches for; what the browser kept is used up."""
    oidc = _configured(front_door)
    if front_door.wrong_links.wait_s(client_of_request(request)) > 0:
        return _to_login({"refused": "too_many"})
    kept = request.cookies.get(cookie_name(request, COOKIE), "")
    flow = await oidc.admission.run(lambda: oidc.begun(kept))
    try:
        answer = await _let_in(request, front_door, oidc, flow)
    except SignInFailed as failure:
        back_to = flow.back_to if flow is not None else START
        answer = _not_signed_in(request, front_door, failure, back_to)
    answer.delete_cookie(
        cookie_name(request, COOKIE), secure=is_secure(request), httponly=True, samesite="lax"
    )
    return answer


async def _let_in(
    request: Request, front_door: FrontDoor, oidc: Oidc, flow: Flow | None
) -> Response:
    """Check that this browser began it, ask the provider, and begin a session.

    Raises:
        SignInFailed: Nobody is signed in.
    """
    given = request.query_params
    if flow is None or not flow.has_state(given.get("state")):
        raise SignInFailed(STATE, why="no_cookie" if flow is None else "state")
    if "error" in given:
        raise SignInFailed(FAILED, why="provider_refused")
    person = await oidc.admission.run(lambda: oidc.come_back(flow, given.get("code", "")))
    before, sessions = await front_door.viewer(request), front_door.sessions
    cookie = await front_door.admission.run(
        lambda: sessions.begin(name=person.name, role=person.role, instead_of=before)
    )
    return signed_in(request, cookie, back_to=flow.back_to)


def _configured(front_door: FrontDoor) -> Oidc:
    if front_door.oidc is None:
        raise HTTPException(404)
    return front_door.oidc


def _not_signed_in(
    request: Request, front_door: FrontDoor, failure: SignInFailed, back_to: str
) -> Response:
    """Lead to the sign-in page, which says why; the address keeps nothing that the provider sent.

    What the provider is to blame for does not count against whoever tries again.
    """
    log.warning("oidc_sign_in_failed", code=failure.code, why=failure.why)
    if failure.code != UNREACHABLE:
        front_door.wrong_links.note(client_of_request(request))
    said = {"refused": failure.code}
    return _to_login(said if back_to == START else {**said, "next": back_to})


def _to_login(said: dict[str, str]) -> Response:
    return RedirectResponse(f"{LOGIN}?{urlencode(said)}", 303, headers=dict(HEADERS))

"""GET and POST /login, POST /logout: a link that works once becomes a session, and a session ends.

What scans mail and previews links fetches them, so that a GET uses nothing up: the page's form
does, by a POST.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.api.same_site import check_own_page
from app.api.services import services_behind
from app.dashboard.access import (
    LOGIN,
    FrontDoor,
    Needs,
    cookie_name,
    front_door_of,
    is_secure,
)
from app.dashboard.failing import PageRoute
from app.dashboard.forms import small_fields
from app.dashboard.headers import HEADERS
from app.dashboard.local_paths import START, local_path
from app.dashboard.oidc_flow import CODES
from app.dashboard.rendering import page
from app.dashboard.sessions import Viewer
from app.dashboard.wrong_links import client_of_request
from app.domain import LoginLink, Role
from app.domain.session import LONGEST

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_MAX_FORM_BYTES = 8_192  # anybody may send it
_REFUSALS = (*CODES, "too_many")  # what a sign-in by a provider may have come to
_LINK = re.compile(r"(?:[^\s?#]*/login\?link=)?([A-Za-z0-9_-]{43})", re.ASCII)  # or its token alone


@router.api_route(LOGIN, methods=["GET", "HEAD"])
async def show(
    request: Request,
    front_door: Annotated[FrontDoor, Depends(front_door_of)],
    link: str | None = None,
    next: str | None = None,
    refused: str | None = None,
) -> Response:
    """Offer to sign in by a link, or say how to get one; uses nothing up."""
    back_to = local_path(next)
    viewer = await front_door.viewer(request)
    if link is None:
        problem = refused if front_door.oidc and refused in _REFUSALS else None
        shown = _Shown(back_to=back_to, problem=problem)
        return _led_to(back_to) if viewer else await _page(request, shown)
    found = await _looked_up(request, front_door, link)
    if isinstance(found, Response):
        return found
    at_once = viewer is None and _opened_by_hand(request)
    return await _page(request, _Shown(back_to=back_to, link=link, invited=found, at_once=at_once))


@router.post(LOGIN)
async def sign_in(
    request: Request,
    front_door: Annotated[FrontDoor, Depends(front_door_of)],
) -> Response:
    """Use a link up and begin its session; who was signed in here before is no more."""
    check_own_page(request.headers, services_behind(request).settings.public_url)
    form = await small_fields(request, _MAX_FORM_BYTES)
    back_to = local_path(form.get("next"))
    token = _token_in(form.get("link", ""))
    refusal = await _refused_early(request, front_door, token)
    if refusal is not None:
        return refusal
    before = await front_door.viewer(request)
    sessions = front_door.sessions
    cookie = await front_door.admission.run(lambda: sessions.sign_in(token, instead_of=before))
    if cookie is None:
        return await _wrong(request, front_door)
    return signed_in(request, cookie, back_to=back_to)


@router.post("/logout")
async def sign_out(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER, own_session_only=True))],
    front_door: Annotated[FrontDoor, Depends(front_door_of)],
) -> Response:
    """End the session, on every tab at once."""
    await front_door.admission.run(lambda: front_door.sessions.end(viewer))
    answer = _led_to(f"{LOGIN}?told=told.signed_out")
    answer.delete_cookie(
        cookie_name(request), secure=is_secure(request), httponly=True, samesite="lax"
    )
    return answer


def signed_in(request: Request, cookie: str, *, back_to: str) -> Response:
    """Answer a sign-in: set the cookie and lead to a page of ours."""
    answer = _led_to(back_to)
    answer.set_cookie(
        cookie_name(request),
        cookie,
        max_age=int(LONGEST.total_seconds()),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """What the sign-in page has to show."""

    back_to: str = START
    link: str | None = None
    invited: LoginLink | None = None  # whom the link signs in
    at_once: bool = False  # without a click on the button, where scripts run
    problem: str | None = None


async def _looked_up(request: Request, front_door: FrontDoor, link: str) -> LoginLink | Response:
    """Find whom a link would sign in; what to answer where it would nobody."""
    token = _token_in(link)
    refusal = await _refused_early(request, front_door, token)
    if refusal is not None:
        return refusal
    found = await front_door.admission.run(lambda: front_door.sessions.find(token))
    return found or await _wrong(request, front_door)


async def _refused_early(request: Request, front_door: FrontDoor, token: str) -> Response | None:
    """Refuse without a look-up who came with too many wrong links, or with what cannot be one."""
    wait_s = front_door.wrong_links.wait_s(client_of_request(request))
    if wait_s > 0:
        headers = {"Retry-After": str(int(wait_s) + 1)}
        return await _page(request, _Shown(problem="too_many"), 429, headers)
    return None if token else await _wrong(request, front_door)


async def _wrong(request: Request, front_door: FrontDoor) -> Response:
    front_door.wrong_links.note(client_of_request(request))
    return await _page(request, _Shown(problem="wrong"), 403)


async def _page(
    request: Request,
    shown: _Shown,
    status_code: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    oidc = (await front_door_of(request)).oidc
    return await page(
        request,
        "login.html",
        provider=oidc.name if oidc else "",
        status_code=status_code,
        headers=headers,
        link=shown.link,
        invited=shown.invited,
        at_once=shown.at_once,
        problem=shown.problem,
        next=None if shown.back_to == START else shown.back_to,
    )


def _token_in(link: str) -> str:
    """Take the token out of a link as it was pasted; empty where there is none."""
    found = _LINK.fullmatch(link.strip())
    return found[1] if found else ""


def _opened_by_hand(request: Request) -> bool:
    """Whether the address was opened from outside any page, such as from a terminal.

    A page of somebody else could else sign its visitors in by a link of its own making, unseen.
    """
    return request.headers.get("sec-fetch-site", "").lower() in ("none", "same-origin")


def _led_to(path: str) -> RedirectResponse:
    return RedirectResponse(path, 303, headers=dict(HEADERS))

"""Who may look at a page, and who may change something there: a dependency of every page."""

import time
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request

from app.api.admission import Admission
from app.api.same_site import check_own_page, origin_of
from app.api.services import Services, services_behind
from app.dashboard.cookies import is_form_token
from app.dashboard.forms import fields
from app.dashboard.local_paths import START, local_path, path_of_url
from app.dashboard.oidc import Oidc, oidc_of
from app.dashboard.sessions import Sessions, Viewer
from app.dashboard.wrong_links import WrongLinks
from app.domain import Role
from app.errors import Forbidden

LOGIN = "/login"
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
_COOKIE = "inlet_session"
_CHALLENGE = 'Bearer realm="inlet"'  # RFC 9110, section 15.5.2: a 401 has one
_SAFE = ("GET", "HEAD", "OPTIONS")  # RFC 9110, section 9.2.1
_SIGN_INS = 32  # look-ups of sessions at once; each takes about a millisecond


class BadFormToken(Forbidden):
    """A change without the token that the forms of the session carry."""

    code = "bad_form_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """What the sign-in works with, one for each application."""

    sessions: Sessions
    wrong_links: WrongLinks
    admission: Admission
    oidc: Oidc | None  # where the operator set one up

    async def viewer(self, request: Request) -> Viewer | None:
        """Tell who is signed in; None where nobody is."""
        cookie = request.cookies.get(cookie_name(request))
        if cookie is None:
            return None
        viewer = await self.admission.run(lambda: self.sessions.viewer(cookie))
        if viewer is not None:  # app.dashboard.rendering gives both to every template
            request.state.viewer, request.state.csrf = viewer, viewer.csrf
        return viewer


def open_front_door(api: FastAPI) -> None:
    """Let people sign in to an application that has its services.

    Raises:
        ConfigError: What one of the ways to sign in needs is not installed.
    """
    services: Services = api.state.services
    api.state.front_door = FrontDoor(
        sessions=Sessions(services.database, now=services.now),
        wrong_links=WrongLinks(time.monotonic),
        admission=Admission(_SIGN_INS, refusal="too many pages are being asked for"),
        oidc=oidc_of(services),
    )


async def front_door_of(request: Request) -> FrontDoor:
    """Give an endpoint what the sign-in works with."""
    front_door: FrontDoor = request.app.state.front_door
    return front_door


@dataclass(frozen=True)
class Needs:
    """Lets a request in whose session has a role, and gives the endpoint its viewer.

    Whatever is not a GET changes something: it needs an agent at least, one of our own pages,
    and the token of the session's forms, in the field `csrf` or the header `X-CSRF-Token`.
    """

    role: Role
    own_session_only: bool = False  # changes nothing but the viewer's own sign-in

    async def __call__(self, request: Request) -> Viewer:
        """Tell who asks, or refuse.

        Raises:
            HTTPException: Nobody is signed in; see `signed_out`.
            Forbidden: The role is not enough; `cross_site` or `bad_form_token`.
        """
        viewer = await (await front_door_of(request)).viewer(request)
        if viewer is None:
            raise signed_out(request)
        changes = request.method not in _SAFE
        if changes:
            await _check_intended(request, viewer)
        needed = Role.AGENT if changes and not self.own_session_only else Role.VIEWER
        if not (viewer.role.covers(self.role) and viewer.role.covers(needed)):
            raise Forbidden("your role does not allow this: ask an admin of this installation")
        return viewer


async def _check_intended(request: Request, viewer: Viewer) -> None:
    """Refuse a change that the viewer's own page did not ask for."""
    check_own_page(request.headers, services_behind(request).settings.public_url)
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = (await fields(request)).get(CSRF_FIELD, "")
    if not is_form_token(viewer.csrf, given):
        raise BadFormToken("this page is too old: load it again and repeat what you did")


def cookie_name(request: Request, name: str = _COOKIE) -> str:
    """Name a cookie, the session's: where it travels by https alone, no other host can set it.

    Source:
        RFC 6265bis, section 4.1.3.2, "The __Host- Prefix".
    """
    return f"__Host-{name}" if is_secure(request) else name


def is_secure(request: Request) -> bool:
    """Whether the browser reached us by https; behind a proxy, it or our public address tells.

    No page can make a browser send these headers, so that whoever invents them deceives nobody.
    """
    headers = request.headers
    told = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    if "https" in (request.url.scheme, told):
        return True
    public = origin_of(services_behind(request).settings.public_url)
    return public == f"https://{headers.get('host', '').lower()}"


def signed_out(request: Request) -> HTTPException:
    """Lead to the sign-in and back again: a page by 303, a fragment by 401 with HX-Redirect.

    A stream of events is only refused: what follows a redirect there would be no stream.
    """
    headers = {"Cache-Control": "no-store"}
    if request.headers.get("hx-request") == "true":
        back_to = path_of_url(request.headers.get("hx-current-url", ""))
        headers |= {"HX-Redirect": login_path(back_to), "WWW-Authenticate": _CHALLENGE}
        return HTTPException(401, headers=headers)
    if request.headers.get("accept", "").startswith("text/event-stream"):
        headers |= {"WWW-Authenticate": _CHALLENGE}
        return HTTPException(401, headers=headers)
    back_to = local_path(_asked(request)) if request.method in _SAFE else START
    headers |= {"Location": login_path(back_to)}
    return HTTPException(303, headers=headers)


def login_path(back_to: str) -> str:
    """Write the way to the sign-in that leads back to a page."""
    return LOGIN if back_to == START else f"{LOGIN}?{urlencode({'next': back_to})}"


def _asked(request: Request) -> str:
    """The path that was asked for, as it stands in the request line."""
    raw: bytes = request.scope.get("raw_path") or b""
    query: bytes = request.scope["query_string"]
    path = urlsplit(raw.decode("latin-1")).path
    return f"{path}?{query.decode('latin-1')}" if query else path

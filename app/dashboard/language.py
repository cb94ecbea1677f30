"""POST /language: a person chooses the language of their pages."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse

from app.api.same_site import check_own_page
from app.api.services import services_behind
from app.dashboard.access import is_secure
from app.dashboard.failing import PageRoute
from app.dashboard.forms import small_fields
from app.dashboard.headers import HEADERS
from app.dashboard.local_paths import local_path
from app.dashboard.strings import COOKIE, LANGUAGES

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LIFE_S = 365 * 86_400
_MAX_FORM_BYTES = 8_192  # anybody may send it


@router.post("/language")
async def choose(request: Request) -> RedirectResponse:
    """Keep the choice in a cookie, and lead back; an unknown language changes nothing.

    It changes nothing but how pages read in this browser, so that no sign-in is asked for.
    """
    check_own_page(request.headers, services_behind(request).settings.public_url)
    form = await small_fields(request, _MAX_FORM_BYTES)
    chosen = form.get("language", "")
    answer = RedirectResponse(local_path(form.get("back")), 303, headers=dict(HEADERS))
    if chosen in LANGUAGES:
        secure = is_secure(request)
        answer.set_cookie(
            COOKIE, chosen, max_age=_LIFE_S, httponly=True, samesite="lax", secure=secure
        )
    return answer

"""POST /language: a person chooses the language of their pages."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse

from app.dashboard.access import is_secure
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.headers import HEADERS
from app.dashboard.local_paths import local_path
from app.dashboard.strings import COOKIE, LANGUAGES

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LIFE_S = 365 * 86_400


@router.post("/language")
async def choose(request: Request, form: Annotated[Fields, Depends(fields)]) -> RedirectResponse:
    """Keep the choice in a cookie, and lead back; an unknown language changes nothing.

    It changes nothing but how pages read in this browser, so that no sign-in is asked for.
    """
    chosen = form.get("language", "")
    answer = RedirectResponse(local_path(form.get("back")), 303, headers=dict(HEADERS))
    if chosen in LANGUAGES:
        secure = is_secure(request)
        answer.set_cookie(
            COOKIE, chosen, max_age=_LIFE_S, httponly=True, samesite="lax", secure=secure
        )
    return answer

"""GET /: whoever comes without an address wants the inbox."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.responses import RedirectResponse

from app.dashboard.failing import PageRoute
from app.dashboard.headers import HEADERS
from app.dashboard.local_paths import START

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.api_route("/", methods=["GET", "HEAD"])
async def start() -> RedirectResponse:
    """Lead to the first page."""
    return RedirectResponse(START, HTTPStatus.SEE_OTHER, headers=dict(HEADERS))

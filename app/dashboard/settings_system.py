"""GET /settings/system: which Inlet this is, where it keeps what it has, and how it runs."""

from importlib import metadata
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.rendering import page
from app.dashboard.sessions import Viewer
from app.domain import Role

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


@router.api_route("/settings/system", methods=["GET", "HEAD"])
async def show(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.ADMIN))],
    services: Annotated[Services, Depends(services_of)],
) -> Response:
    """Show the installation; of what is secret, only that it is set."""
    return await page(
        request,
        "settings_system.html",
        version=metadata.version("inlet"),
        database=_DATABASES[services.database.dialect],
        model=services.model_version(),
        loops=services.loops(),
        settings=services.settings.masked(),
    )

"""GET /model: which version reads the messages and how good it is; promote one, or go back."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.model_facts import Facts, every_version, report_of
from app.dashboard.rendering import answer, done, page
from app.dashboard.sessions import Viewer
from app.domain import Channel, Role
from app.errors import NotFound, Refused
from models import registry
from models.errors import ModelError

router = APIRouter(include_in_schema=False, route_class=PageRoute)
log = structlog.get_logger(__name__)

PATH = "/model"
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
"""A report has its styles and drawings inside, and neither scripts nor forms."""
_Admin = Annotated[Viewer, Depends(Needs(Role.ADMIN))]
_MayLook = Annotated[Viewer, Depends(Needs(Role.VIEWER))]
_Served = Annotated[Services, Depends(services_of)]
_Admitted = Annotated[Admission, Depends(page_admission)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The versions there are."""

    versions: tuple[Facts, ...]
    before: str | None  # to which one would go back

    @property
    def live(self) -> Facts | None:
        """The one that the next start takes; None where its folder is gone."""
        return next((one for one in self.versions if one.live), None)


def open_versions(api: FastAPI) -> None:
    """Let versions be promoted one at a time: each is loaded first, beside the one that serves."""
    api.state.version_admission = Admission(1, refusal="another version is being looked at")


@router.api_route(PATH, methods=["GET", "HEAD"])
async def show(
    request: Request, viewer: _MayLook, services: _Served, admission: _Admitted
) -> Response:
    """Show the live version with its facts, all versions, and a box to try the model."""
    shelf = await admission.run(lambda: shelf_of(services.settings.artifacts))
    return await page(
        request,
        "model.html",
        shelf=shelf,
        served=services.model_version(),
        channels=tuple(Channel),
        asked={"subject": "", "text": "", "channel": ""},
        problem="",
        tried=None,
    )


@router.get(PATH + "/versions/{version}/report.html")
async def report(
    version: str, request: Request, viewer: _MayLook, services: _Served, admission: _Admitted
) -> Response:
    """Show what a version's training run wrote about it."""
    return await admission.run(lambda: _report(request, services.settings.artifacts, version))


@router.post(PATH + "/promote")
async def promote(
    request: Request,
    viewer: _Admin,
    services: _Served,
    form: Annotated[Fields, Depends(fields)],
) -> Response:
    """Make a version live, once it has proved that it loads; the next start takes it."""
    root, version = services.settings.artifacts, form.get("version", "")
    before = await _changed(request, lambda: _promoted(root, version))
    if version == before:
        return done(request, PATH, "told.nothing_changed")
    log.info("model_promoted", version=version, before=before, session_id=viewer.session)
    return done(request, PATH, "told.promoted")


@router.post(PATH + "/rollback")
async def roll_back(request: Request, viewer: _Admin, services: _Served) -> Response:
    """Make the version before the live one live again."""
    root = services.settings.artifacts
    version = await _changed(request, lambda: registry.roll_back(root))
    log.info("model_rolled_back", version=version, session_id=viewer.session)
    return done(request, PATH, "told.rolled_back")


def shelf_of(root: Path) -> Shelf:
    """Look at the versions of a registry folder."""
    return Shelf(versions=every_version(root), before=registry.version_before(root))


def _promoted(root: Path, version: str) -> str:
    if version not in {one.name for one in registry.versions(root)}:
        raise NotFound("there is no such version")
    return registry.promote(root, version)


async def _changed(request: Request, change: Callable[[], str]) -> str:
    versions: Admission = request.app.state.version_admission
    return await versions.run(lambda: _tried(change))


def _tried(change: Callable[[], str]) -> str:
    """Change which version is live, or say why that cannot be.

    Raises:
        Refused: `bad_version`, or `read_only`.
    """
    try:
        return change()
    except ModelError as error:
        raise Refused(str(error), code="bad_version") from error
    except OSError as error:
        raise Refused(
            "the folder of the models cannot be written by this service: promote it by "
            "`inlet models promote`, as a user who may",
            code="read_only",
        ) from error


def _report(request: Request, root: Path, version: str) -> Response:
    text = report_of(root, version)
    if text is None:
        raise NotFound("there is no report of this version")
    return answer(request, text, headers={"Content-Security-Policy": REPORT_POLICY})

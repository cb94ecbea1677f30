"""GET and POST /settings: the policy as text, looked over and tried before it is saved."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.policy_file import PolicyText, read_text, write_text
from app.dashboard.rendering import done, page
from app.dashboard.sessions import Viewer
from app.domain import Role
from app.errors import ConfigError, Refused
from app.routing.linting import Finding, Severity, lint
from app.routing.loading import read_policy
from app.routing.policy import Policy
from app.simulating import Simulation, simulate, span
from app.storage import endpoints

router = APIRouter(include_in_schema=False, route_class=PageRoute)
log = structlog.get_logger(__name__)

PATH = "/settings"
SIMULATED = timedelta(days=30)
MOST_SIMULATED = 5_000  # messages, the newest: some seconds
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was found out about a text."""

    text: str
    base: str  # SHA-256 of the file that it was written from
    broken: str = ""  # why it is no policy, with its line
    findings: tuple[Finding, ...] = ()
    simulated: Simulation | None = None
    changed_meanwhile: bool = False

    @property
    def has_errors(self) -> bool:
        """Whether it does not do what it says."""
        return any(one.severity is Severity.ERROR for one in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text that somebody sent."""

    text: str
    base: str
    deed: str  # check, simulate or save
    anyway: bool  # with the errors that were shown
    services: Services
    now: datetime

    @property
    def path(self) -> Path | None:
        """Where the policy stands."""
        return self.services.settings.policy


def open_policy(api: FastAPI) -> None:
    """Let one policy be looked at or saved at a time."""
    api.state.policy_admission = Admission(1, refusal="another policy is being looked at")


@router.api_route(PATH, methods=["GET", "HEAD"])
async def show(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))],
    services: Annotated[Services, Depends(services_of)],
) -> Response:
    """Show the policy, and let an admin change it."""
    return await _page(request, services, None)


@router.post(f"{PATH}/policy")
async def act(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.ADMIN))],
    services: Annotated[Services, Depends(services_of)],
    form: Annotated[Fields, Depends(fields)],
) -> Response:
    """Look a text over, try it on stored messages, or save it."""
    draft = Draft(
        text=form.get("text", "").replace("\r\n", "\n"),
        base=form.get("base", ""),
        deed=form.get("deed", "check"),
        anyway="anyway" in form,
        services=services,
        now=services.now(),
    )
    looked = await _alone(request, lambda: _acted(draft))
    if looked is not None:
        return await _page(request, services, looked)
    log.info("policy_saved", session_id=viewer.session)
    return done(request, PATH, "told.saved")


async def _page(request: Request, services: Services, looked: Looked | None) -> Response:
    file = await (await page_admission(request)).run(lambda: read_text(services.settings.policy))
    wrong = looked is not None and (looked.broken or looked.changed_meanwhile)
    return await page(
        request,
        "settings_policy.html",
        status_code=422 if wrong else 200,
        file=file,
        looked=looked,
        text=file.text if looked is None else looked.text,
        base=file.sha256 if looked is None or looked.changed_meanwhile else looked.base,
        problem=services.policy_problem(),
        most=MOST_SIMULATED,
        days=SIMULATED.days,
    )


async def _alone(request: Request, call: Callable[[], _Answer]) -> _Answer:
    admission: Admission = request.app.state.policy_admission
    return await admission.run(call)


def _acted(draft: Draft) -> Looked | None:
    """Do what is asked; None where the text was saved."""
    file = read_text(draft.path)
    found: dict[str, Any] = {"text": draft.text, "base": draft.base}
    try:
        policy = read_policy(
            draft.text.encode("utf-8", "replace"),
            file=Path(file.name),
            labels=draft.services.labels,
        )
    except ConfigError as error:
        return Looked(**found, broken=error.detail)
    looked = Looked(**found, findings=_findings(draft, policy))
    if draft.deed == "simulate":
        return Looked(**found, findings=looked.findings, simulated=_simulated(draft, policy))
    if draft.deed != "save" or (looked.has_errors and not draft.anyway):
        return looked
    if file.sha256 != draft.base:
        return Looked(**found, findings=looked.findings, changed_meanwhile=True)
    _save(draft, file)
    return None


def _save(draft: Draft, file: PolicyText) -> None:
    """Write a text in the place of the file.

    Raises:
        Refused: `policy_shipped`, `policy_read_only`.
    """
    if draft.path is None:
        raise Refused(
            "this is the shipped policy: set INLET_POLICY to a file of your own",
            code="policy_shipped",
        )
    if draft.text != file.text:
        write_text(draft.path, draft.text, now=draft.now)


def _findings(draft: Draft, policy: Policy) -> tuple[Finding, ...]:
    with draft.services.database.read() as conn:
        names = [one.name for one in endpoints.all_endpoints(conn)]
    labels = draft.services.labels
    found = lint(
        policy,
        known_intents=labels.intents,
        known_signals=labels.signals,
        endpoints=names,
        on=draft.now.date(),
    )
    return tuple(found)


def _simulated(draft: Draft, policy: Policy) -> Simulation:
    database = draft.services.database
    begin, _ = span(database, draft.now - SIMULATED, MOST_SIMULATED)
    return simulate(database, policy, since=begin, until=draft.now)

"""POST /deliveries/…: send a delivery again, or all dead letters of an endpoint; pause it, try it.

htmx gets the delivery's row as it is now; a form without a script leads back.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.delivery_look import PATH
from app.dashboard.delivery_rows import Line, lines_of
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.local_paths import local_path
from app.dashboard.rendering import done, fragment, page, toast, translator_of
from app.dashboard.sessions import Viewer
from app.domain import Endpoint, Role
from app.errors import NotFound
from app.storage import endpoints, replays
from app.storage.engine import Connection
from app.webhook.trial import Tried, tried

router = APIRouter(include_in_schema=False, route_class=PageRoute)

MOST = 10_000  # dead letters at once, as by the API
_TRIALS = 4  # endpoints that are tried at once: each may let us wait for a minute
_REPLAYED = "told.replayed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a form needs to be acted on."""

    id: str  # of what it is about
    form: Fields
    services: Services
    admission: Admission

    @property
    def back(self) -> str:
        """Where a form without a script leads."""
        return local_path(self.form.get("back") or PATH)


async def call_of(
    id: str,
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> Call:
    """Give an endpoint what its request is about; a dependency."""
    return Call(id=id, form=await fields(request), services=services, admission=admission)


Agent = Annotated[Viewer, Depends(Needs(Role.AGENT))]
Admin = Annotated[Viewer, Depends(Needs(Role.ADMIN))]
Wanted = Annotated[Call, Depends(call_of)]


def open_trials(api: FastAPI) -> None:
    """Let endpoints be tried by hand, a few at once."""
    api.state.trial_admission = Admission(_TRIALS, refusal="other endpoints are being tried")


@router.post("/deliveries/{id}/replay")
async def replay(request: Request, viewer: Agent, call: Wanted) -> Response:
    """Send a delivery again, under its old id."""
    delivery_id = checked_id(call.id, "dlv")
    line = await call.admission.run(lambda: _replayed(call.services, delivery_id))
    if "hx-request" not in request.headers:
        return done(request, call.back, _REPLAYED)
    headers = toast(translator_of(request)(_REPLAYED))
    return await fragment(request, "delivery_row.html", headers=headers, one=line, back=call.back)


@router.post("/deliveries/endpoints/{id}/replay")
async def replay_all(request: Request, viewer: Agent, call: Wanted) -> Response:
    """Send all dead letters of an endpoint again, at its own rate."""
    endpoint_id = checked_id(call.id, "ep")
    told = await call.admission.run(lambda: _all_replayed(call.services, endpoint_id))
    return done(request, call.back, told)


@router.post("/deliveries/endpoints/{id}/pause")
async def pause(request: Request, viewer: Admin, call: Wanted) -> Response:
    """Let what is for an endpoint wait."""
    endpoint_id = checked_id(call.id, "ep")
    told = await call.admission.run(lambda: _paused(call.services, endpoint_id, True))
    return done(request, call.back, told)


@router.post("/deliveries/endpoints/{id}/resume")
async def resume(request: Request, viewer: Admin, call: Wanted) -> Response:
    """Send what waits for an endpoint that was paused."""
    endpoint_id = checked_id(call.id, "ep")
    told = await call.admission.run(lambda: _paused(call.services, endpoint_id, False))
    return done(request, call.back, told)


@router.post("/deliveries/endpoints/{id}/test")
async def try_out(request: Request, viewer: Admin, call: Wanted) -> Response:
    """Send an endpoint a made-up event, and show what went out and what came back."""
    endpoint_id = checked_id(call.id, "ep")
    trials: Admission = request.app.state.trial_admission
    endpoint, seen = await trials.run(lambda: _tried(call.services, endpoint_id))
    return await page(request, "delivery_test.html", endpoint=endpoint, seen=seen, back=call.back)


def _replayed(services: Services, delivery_id: str) -> Line:
    with services.database.write() as conn:
        kept = replays.replay_one(conn, delivery_id, now=services.now())
        line = lines_of(conn, [kept])[0]
    services.intake.on_enqueued()
    return line


def _all_replayed(services: Services, endpoint_id: str) -> str:
    """Send them again; gives the text that says what was done."""
    with services.database.read() as conn:
        replays.check_listening(conn, endpoint_id)
    wanted = replays.Wanted(endpoint_id=endpoint_id)
    replayed = replays.replay_range(services.database, wanted, now=services.now(), limit=MOST)
    if not replayed.count:
        return "told.nothing_changed"
    services.intake.on_enqueued()
    return "told.replayed_some" if replayed.more else "told.replayed_all"


def _paused(services: Services, endpoint_id: str, paused: bool) -> str:
    """Pause an endpoint, or let it go on; gives the text that says what was done."""
    with services.database.write() as conn:
        if _endpoint(conn, endpoint_id).paused is paused:
            return "told.nothing_changed"
        endpoints.set_paused(conn, endpoint_id, paused)
    if paused:
        return "told.paused"
    services.intake.on_enqueued()
    return "told.resumed"


def _tried(services: Services, endpoint_id: str) -> tuple[Endpoint, Tried]:
    with services.database.read() as conn:
        endpoint = _endpoint(conn, endpoint_id)
    seen = tried(
        services.begin,
        endpoint,
        now=services.now(),
        public_url=services.settings.public_url,
        personal_data=services.settings.webhook_personal_data,
    )
    return endpoint, seen


def _endpoint(conn: Connection, endpoint_id: str) -> Endpoint:
    found = endpoints.by_ids(conn, [endpoint_id])
    if not found:
        raise NotFound("there is no endpoint with this id")
    return found[0]

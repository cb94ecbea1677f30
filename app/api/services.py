"""What the endpoints need, as values; app.main puts it together."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from app.api.auth import Authenticator
from app.api.metrics import Metrics
from app.explaining import Explain
from app.intake import ForChannel, Intake
from app.mailroom import Mailroom
from app.routing.loading import ANY_LABELS, Labels
from app.settings import Settings
from app.storage.engine import Database
from app.webhook.attempt import Begin
from app.webhook.guard import Guard
from models.prediction import Prediction

BODY_DEADLINE_S = 30.0  # RELIABILITY.md P21


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything behind the HTTP edge."""

    classify: Callable[[Sequence[str]], Future[list[Prediction]]]  # the batcher's submit
    check_room: Callable[[], None]  # the batcher's
    for_channel: ForChannel
    explain: Explain  # blocks: not for the event loop
    waiting: Callable[[], int]  # messages in the batcher's queue
    intake: Intake
    mailroom: Mailroom
    database: Database
    settings: Settings
    now: Callable[[], datetime]
    model_ready: Callable[[], bool]
    model_version: Callable[[], str | None]
    loops: Callable[[], Mapping[str, str]]  # work beside the requests: running, stopped, or off
    policy_problem: Callable[[], str | None]  # what keeps a changed policy from being taken
    begin: Begin  # an attempt at an endpoint, the way that deliveries go
    guard: Guard  # where endpoints may be
    auth: Authenticator
    metrics: Metrics
    labels: Labels = ANY_LABELS  # what the model can say
    body_deadline_s: float = BODY_DEADLINE_S


def services_behind(request: Request) -> Services:
    """Give the services that an application was made with."""
    services: Services = request.app.state.services
    return services


async def services_of(request: Request) -> Services:
    """The same, as a dependency: a plain function would wait for a thread, then for its answer."""
    return services_behind(request)

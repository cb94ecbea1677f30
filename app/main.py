"""Put the service together: settings in, a running application out."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import metadata

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import Lifespan

from app.api.application import create_api
from app.api.auth import Authenticator
from app.api.metrics import Metrics
from app.api.services import Services
from app.batching import Batcher
from app.domain import Answer
from app.errors import ConfigError, StorageDown
from app.explaining import Explainer
from app.intake import Intake
from app.mailroom import Mailroom
from app.reception import mailroom_of
from app.routing.loading import load_policy
from app.routing.policy import Policy
from app.settings import Settings, load_settings
from app.storage import arrivals, idempotency
from app.storage.engine import Database, open_database
from app.storage.migrations import migrate
from app.webhook.guard import Guard
from app.webhook.sender import Sender
from app.worker import Hooks, Worker
from models import registry
from models.classifier import IntentClassifier
from models.errors import ModelError

STOP_S = 17.0  # from the signal on; covers the worker's own grace, and supervisors give 20 to 30

EXPLAIN_S = 2.0  # of a message's way in; its receivers are told without, if it takes longer

log = structlog.get_logger(__name__)


class Runtime:
    """The parts of a service that are started and stopped with its server."""

    def __init__(
        self, *, database: Database, batcher: Batcher, worker: Worker | None, mailroom: Mailroom
    ) -> None:
        self.database = database
        self.mailroom = mailroom
        self.batcher = batcher
        self.worker = worker
        self._stopping = threading.Event()
        self._stop_by_s = float("inf")

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Deliver while the server runs; then finish what is in hand and let go."""
        threads = [
            threading.Thread(target=self._deliver, name="worker", daemon=True),
            threading.Thread(target=self._read, name="mailroom", daemon=True),
        ]
        for thread in threads:
            thread.start()
        yield
        self.begin_stop()
        self.batcher.close(self._left_s())
        for thread in threads:
            thread.join(self._left_s())
        self._close_database()

    def begin_stop(self) -> None:
        """Let the worker finish while the server still answers the requests that it has."""
        if self._stopping.is_set():
            return
        self._stop_by_s = time.monotonic() + STOP_S
        self._stopping.set()
        self.mailroom.wake()
        if self.worker is not None:
            self.worker.wake()

    def _deliver(self) -> None:
        if self.worker is not None:
            self.worker.run(self._stopping)

    def _read(self) -> None:
        self.mailroom.run(self._stopping)

    def _left_s(self) -> float:
        return max(0.0, self._stop_by_s - time.monotonic())

    def _close_database(self) -> None:
        try:
            self.database.close()
        except StorageDown:  # another process writes; what we wrote is durable all the same
            log.warning("database_left_open")


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


def from_env() -> FastAPI:
    """Build the service as an operator runs it: `uvicorn --factory app.main:from_env`."""
    return create_app(load_settings())


def create_app(settings: Settings) -> FastAPI:
    """Build the service; it owns its database, model and threads until its lifespan ends.

    Raises:
        ConfigError: Names the setting, file or version that keeps it from starting, and the mend.
    """
    classifier = load_classifier(settings)
    policy = load_policy(settings.policy, known_intents=classifier.manifest.intents.labels)
    metrics = Metrics(CollectorRegistry())
    with ExitStack() as undo:
        database = open_database_of(settings)
        undo.callback(database.close)
        worker = (
            worker_of(settings, database, metrics.count_attempt) if settings.run_worker else None
        )
        batcher = Batcher(
            classifier.predict, max_batch=settings.max_batch, max_waiting=settings.max_waiting
        )
        undo.callback(batcher.close, STOP_S)
        wake = worker.wake if worker else _nobody_to_wake
        intake = _intake(settings, database, batcher, policy, classifier, wake)
        mailroom = mailroom_of(settings, database, intake, sender_of(settings), now=utc_now)
        runtime = Runtime(database=database, batcher=batcher, worker=worker, mailroom=mailroom)
        services = _services(settings, runtime, intake, classifier, metrics)
        lifespan: Lifespan[FastAPI] = runtime.lifespan
        app = create_api(services, version=metadata.version("inlet"), lifespan=lifespan)
        app.state.runtime = runtime
        undo.pop_all()  # from here on the lifespan closes them
    return app


def load_classifier(settings: Settings) -> IntentClassifier:
    """Load the live model.

    Raises:
        ConfigError: Names the file that keeps it from being served.
    """
    try:
        version = registry.live_version(settings.artifacts)
        return registry.load(settings.artifacts, version, threads=settings.threads)
    except ModelError as error:
        raise ConfigError(str(error)) from error
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}") from error


def open_database_of(settings: Settings) -> Database:
    """Open the database and bring its schema up to date."""
    with ExitStack() as undo:
        database = open_database(settings.effective_database_url)
        undo.callback(database.close)
        migrate(database)
        undo.pop_all()
    return database


def guard_of(settings: Settings) -> Guard:
    """The rules for where webhooks may go; our own port is never one of them."""
    return Guard(
        settings.egress_allow_hosts,
        settings.egress_allow_cidrs,
        settings.egress_allow_http,
        denied=[(settings.host, settings.port)],
    )


def sender_of(settings: Settings) -> Sender:
    """The one way out."""
    return Sender(guard_of(settings), timeout_s=settings.delivery_timeout_s)


def worker_of(
    settings: Settings,
    database: Database,
    on_attempt: Callable[[Answer], object] = lambda _answer: None,
) -> Worker:
    """What delivers: inside the service, or alone with `inlet worker`."""

    def forget_what_is_old() -> None:
        with database.write() as conn:
            idempotency.forget_before(conn, utc_now() - timedelta(hours=settings.idempotency_hours))
            arrivals.let_go_before(conn, utc_now() - timedelta(days=settings.raw_days))

    return Worker(
        database,
        sender_of(settings).begin,
        now=utc_now,
        timeout_s=settings.delivery_timeout_s,
        hooks=Hooks(on_attempt=on_attempt, housekeeping=forget_what_is_old),
    )


def _intake(
    settings: Settings,
    database: Database,
    batcher: Batcher,
    policy: Policy,
    classifier: IntentClassifier,
    on_enqueued: Callable[[], None],
) -> Intake:
    """The way in."""
    return Intake(
        database=database,
        submit=batcher.submit,
        for_channel=classifier.for_channel,
        policy=lambda: policy,
        now=utc_now,
        predict_timeout_s=settings.predict_timeout_s,
        personal_data=settings.webhook_personal_data,
        on_enqueued=on_enqueued,
        explain=_explainer(batcher, timeout_s=EXPLAIN_S).explain,
    )


def _explainer(batcher: Batcher, *, timeout_s: float) -> Explainer:
    """What explains for one door: those who ask by HTTP must not keep it from the alerts."""
    return Explainer(batcher.submit, lambda: batcher.waiting, timeout_s=timeout_s)


def _services(
    settings: Settings,
    runtime: Runtime,
    intake: Intake,
    classifier: IntentClassifier,
    metrics: Metrics,
) -> Services:
    """Gather what the endpoints need."""
    batcher, database, worker = runtime.batcher, runtime.database, runtime.worker
    return Services(
        classify=batcher.submit,
        for_channel=classifier.for_channel,
        explain=_explainer(batcher, timeout_s=settings.predict_timeout_s).explain,
        waiting=lambda: batcher.waiting,
        intake=intake,
        mailroom=runtime.mailroom,
        database=database,
        settings=settings,
        now=utc_now,
        model_ready=lambda: batcher.alive,
        model_version=lambda: classifier.manifest.version,
        worker_state=lambda: _state_of(worker),
        mailroom_state=lambda: _state_of(runtime.mailroom),
        auth=Authenticator(database, listens_on=settings.host, now=utc_now),
        metrics=metrics,
    )


def _state_of(worker: Worker | Mailroom | None) -> str:
    """What /readyz says of the deliveries, and of what providers sent."""
    if worker is None:
        return "off"
    return "running" if worker.alive else "stopped"


def _nobody_to_wake() -> None:
    """The worker runs elsewhere and looks for itself."""

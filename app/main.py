"""Put the service together: settings in, a running application out."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import metadata

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import Lifespan

from app.accounting import Accountant
from app.api.application import create_api
from app.api.auth import Authenticator
from app.api.metrics import Metrics
from app.api.services import Services
from app.batching import Batcher
from app.dashboard.application import add_dashboard
from app.explaining import Explainer
from app.intake import Intake
from app.loading import load_classifier
from app.mailroom import Mailroom
from app.parts import (
    guard_of,
    open_database_of,
    policies_of,
    sender_of,
    telling_of,
    utc_now,
    worker_of,
)
from app.policies import PolicyFile
from app.reception import mailroom_of
from app.replies.telling import Telling
from app.routing.loading import Labels
from app.runtime import STOP_S, Loop, Runtime
from app.settings import Settings, load_settings
from app.storage.engine import Database
from app.storing import Store
from app.timekeeper import Timekeeper
from app.webhook.sender import Sender
from app.worker import Hooks
from models.classifier import IntentClassifier

EXPLAIN_S = 2.0  # of a message's way in; its receivers are told without, if it takes longer


def from_env() -> FastAPI:
    """Build the service as an operator runs it: `uvicorn --factory app.main:from_env`."""
    return create_app(load_settings())


def create_app(settings: Settings, *, loading: Future[IntentClassifier] | None = None) -> FastAPI:
    """Build the service; it owns its database, model and threads until its lifespan ends.

    Args:
        settings: Of this process.
        loading: The model, where somebody began to load it; see app.loading.

    Raises:
        ConfigError: Names the setting, file or version that keeps it from starting, and the mend.
    """
    classifier = loading.result() if loading else load_classifier(settings)
    policies = policies_of(settings, classifier)
    metrics = Metrics(CollectorRegistry())
    with ExitStack() as undo:
        database = open_database_of(settings)
        undo.callback(database.close)
        batcher = Batcher(
            classifier.predict,
            max_batch=settings.max_batch,
            max_waiting=settings.max_waiting,
            max_wait_s=settings.max_wait_s,
        )
        undo.callback(batcher.close, STOP_S)
        hooks = Hooks(on_attempt=metrics.count_attempt, on_transition=metrics.count_transition)
        sender = sender_of(settings)
        worker = worker_of(settings, database, hooks, sender) if settings.run_worker else None
        wake = worker.wake if worker else _nobody_to_wake
        telling = telling_of(settings, database)
        timekeeper = Timekeeper(
            database, policies.current, now=utc_now, telling=telling, on_enqueued=wake
        )
        parts = _Parts(settings, classifier, policies, database, batcher, metrics)
        intake = _intake(parts, telling, wake)
        mailroom = mailroom_of(settings, database, intake, sender, now=utc_now)
        loops: dict[str, Loop | None] = {
            "worker": worker,
            "mailroom": mailroom,
            "timekeeper": timekeeper,
            "accountant": Accountant(database, on_account=metrics.show_account),
        }
        services = _services(parts, intake, mailroom, loops, sender)
        running = [(name, loop) for name, loop in loops.items() if loop is not None]
        runtime = Runtime(database=database, batcher=batcher, loops=running)
        lifespan: Lifespan[FastAPI] = runtime.lifespan
        app = create_api(services, version=metadata.version("inlet"), lifespan=lifespan)
        add_dashboard(app)
        app.state.runtime = runtime
        app.state.is_stopping = runtime.is_stopping  # streams of events end with the process
        undo.pop_all()  # from here on the lifespan closes them
    return app


@dataclass(frozen=True, slots=True)
class _Parts:
    """What most of the service is made from."""

    settings: Settings
    classifier: IntentClassifier
    policies: PolicyFile
    database: Database
    batcher: Batcher
    metrics: Metrics


def _intake(parts: _Parts, telling: Telling, on_enqueued: Callable[[], None]) -> Intake:
    """The way in."""
    settings, batcher = parts.settings, parts.batcher
    return Intake(
        database=parts.database,
        submit=batcher.submit,
        for_channel=parts.classifier.for_channel,
        policy=parts.policies.current,
        store=Store(database=parts.database, now=utc_now, telling=telling),
        now=utc_now,
        predict_timeout_s=settings.predict_timeout_s,
        personal_data=settings.webhook_personal_data,
        on_enqueued=on_enqueued,
        explain=_explainer(batcher, timeout_s=EXPLAIN_S).explain,
    )


def _explainer(batcher: Batcher, *, timeout_s: float) -> Explainer:
    """What explains for one door: those who ask by HTTP must not keep it from the alerts."""
    return Explainer(batcher.submit_later, lambda: batcher.waiting, timeout_s=timeout_s)


def _services(
    parts: _Parts,
    intake: Intake,
    mailroom: Mailroom,
    loops: Mapping[str, Loop | None],
    sender: Sender,
) -> Services:
    """Gather what the endpoints need."""
    settings, batcher, database = parts.settings, parts.batcher, parts.database
    manifest = parts.classifier.manifest
    return Services(
        classify=batcher.submit,
        check_room=batcher.check_room,
        for_channel=parts.classifier.for_channel,
        explain=_explainer(batcher, timeout_s=settings.predict_timeout_s).explain,
        waiting=lambda: batcher.waiting,
        intake=intake,
        mailroom=mailroom,
        database=database,
        settings=settings,
        now=utc_now,
        model_ready=lambda: batcher.alive,
        model_version=lambda: manifest.version,
        loops=lambda: {name: _state_of(loop) for name, loop in loops.items()},
        policy_problem=lambda: parts.policies.problem,
        begin=sender.begin,
        guard=guard_of(settings),
        labels=Labels(manifest.intents.labels, manifest.signals),
        auth=Authenticator(database, listens_on=settings.host, now=utc_now),
        metrics=parts.metrics,
    )


def _state_of(loop: Loop | None) -> str:
    """What /readyz says of work beside the requests; off: it is another process's."""
    if loop is None:
        return "off"
    return "running" if loop.alive else "stopped"


def _nobody_to_wake() -> None:
    """The worker runs elsewhere and looks for itself."""

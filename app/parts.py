"""The parts of a service, each made from the settings; commands take those that they need."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from app.policies import PolicyFile
from app.replies.links import LIFE, links_of
from app.replies.telling import Telling
from app.routing.loading import load_policy
from app.settings import Settings
from app.storage import arrivals, endpoints, idempotency, login_links, once, sessions
from app.storage.engine import Database, open_database
from app.storage.migrations import PATIENCE_S, migrate
from app.storage.server_keys import LINKS, key_of
from app.webhook.alert import Links
from app.webhook.guard import Guard
from app.webhook.sender import Sender
from app.worker import Hooks, Worker
from models.classifier import IntentClassifier


def utc_now() -> datetime:
    """The wall clock, aware."""
    return datetime.now(UTC)


def open_database_of(settings: Settings) -> Database:
    """Open the database and bring its schema up to date."""
    with ExitStack() as undo:
        url = settings.effective_database_url
        database = open_database(url, start_timeout_s=PATIENCE_S)
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
    hooks: Hooks | None = None,
    sender: Sender | None = None,
) -> Worker:
    """What delivers: inside the service, by its way out, or alone with `inlet worker`."""

    def forget_what_is_old() -> None:
        with database.write() as conn:
            idempotency.forget_before(conn, utc_now() - timedelta(hours=settings.idempotency_hours))
            arrivals.let_go_before(conn, utc_now() - timedelta(days=settings.raw_days))
            once.forget_before(conn, utc_now())
            endpoints.forget_retired(conn, now=utc_now())
            login_links.forget_before(conn, utc_now())
            sessions.forget(conn, utc_now())

    return Worker(
        database,
        (sender or sender_of(settings)).begin,
        now=utc_now,
        timeout_s=settings.delivery_timeout_s,
        hooks=replace(hooks or Hooks(), housekeeping=forget_what_is_old),
    )


def policies_of(settings: Settings, classifier: IntentClassifier) -> PolicyFile:
    """The policy in force, read again when the operator's file changes.

    Raises:
        ConfigError: Names file and line of what is wrong with it.
    """
    manifest = classifier.manifest
    load = partial(
        load_policy,
        settings.policy,
        known_intents=manifest.intents.labels,
        known_signals=manifest.signals,
    )
    return PolicyFile(settings.policy, load)


def telling_of(settings: Settings, database: Database) -> Telling:
    """How much receivers are told, and what they may do with one click."""
    key = key_of(database, LINKS, now=utc_now())

    def links(message_id: str, owner: str | None, now: datetime) -> Links | None:
        expires_at = now + LIFE
        url = settings.public_url
        made = links_of(url, key, message_id=message_id, owner=owner, expires_at=expires_at)
        return None if made is None else Links(**made)

    return Telling(personal_data=settings.webhook_personal_data, links=links)

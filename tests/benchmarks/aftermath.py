"""What a service left behind that was killed again and again, and whether that is as promised."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from app.storage import outbox, tables
from app.storage.engine import Database
from app.webhook.signing import verify
from tests.support_receiver import Request

_TOLERANCE_S = 7_200  # webhooks are judged at the end of a run, not when they come


@dataclass(frozen=True, kw_only=True)
class Left:
    """What was there at the end."""

    answers: Mapping[int, set[str]]  # number of a message -> ids in its 2xx answers
    stored: Sequence[tuple[str, int]]  # id and number of each message in the database
    deliveries: Mapping[str, tuple[str, bytes]]  # id -> message id and body
    states: Mapping[str, int]
    requests: Sequence[Request]
    secrets: Mapping[str, str]  # by path


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a run, and what must not be."""

    database: str
    messages: int
    kills: int
    acknowledged: int
    unanswered: int  # posts that broke off and were repeated
    lost: int
    stored_twice: int
    deliveries: int
    arrived: int
    duplicates: int
    seconds: float
    violations: tuple[str, ...]


def left_behind(
    database: Database,
    answers: Mapping[int, set[str]],
    requests: Sequence[Request],
    secrets: Mapping[str, str],
) -> Left:
    """Read what is stored beside what was acknowledged and what arrived."""
    kept, sent = tables.messages.c, tables.deliveries.c
    with database.read() as conn:
        states = outbox.counts(conn)
        messages = conn.execute(select(kept.id, kept.text).order_by(kept.id)).all()
        deliveries = conn.execute(select(sent.id, sent.message_id, sent.body)).all()
    return Left(
        answers=answers,
        stored=[(row.id, int(row.text.rpartition(" ")[2])) for row in messages],
        deliveries={row.id: (row.message_id, row.body) for row in deliveries},
        states={state.value: count for state, count in states.items()},
        requests=tuple(requests),
        secrets=secrets,
    )


def lost(left: Left) -> set[str]:
    """Messages that were acknowledged and are not there."""
    acknowledged: set[str] = set().union(*left.answers.values())
    return acknowledged - {message_id for message_id, _ in left.stored}


def stored_twice(left: Left) -> list[int]:
    """Messages that are there more than once."""
    counts = Counter(number for _, number in left.stored)
    return sorted(number for number, count in counts.items() if count > 1)


def arrived(left: Left) -> set[str]:
    """Deliveries that reached the receiver once or more."""
    return {_webhook_id(request) for request in left.requests}


def violations(left: Left, *, most_duplicates: int) -> list[str]:
    """What must not be, in sentences; none where every promise was kept."""
    came = arrived(left)
    owners = Counter(owner for owner, _ in left.deliveries.values())
    duplicates = len(left.requests) - len(came)
    found = {
        "acknowledged messages are not stored": len(lost(left)),
        "messages are stored twice": len(stored_twice(left)),
        "messages have two answers": sum(len(ids) > 1 for ids in left.answers.values()),
        "messages are without their one delivery": sum(owners[id] != 1 for id, _ in left.stored),
        "deliveries never arrived": len(set(left.deliveries) - came),
        "webhooks are of no stored delivery": len(came - set(left.deliveries)),
        "webhooks are not what was stored": sum(_differs(left, r) for r in left.requests),
        "webhooks are not signed right": sum(not _signed(left, r) for r in left.requests),
        "deliveries are in no state": abs(len(left.deliveries) - sum(left.states.values())),
        "deliveries are not delivered": len(left.deliveries) - left.states["delivered"],
        f"duplicates beyond the {most_duplicates} that were in flight": max(
            0, duplicates - most_duplicates
        ),
    }
    return [f"{count} {what}" for what, count in found.items() if count]


def _webhook_id(request: Request) -> str:
    return request.headers.get("webhook-id", "")


def _differs(left: Left, request: Request) -> bool:
    """Whether a repeat, or a first, is not byte for byte what was stored under its id."""
    _, body = left.deliveries.get(_webhook_id(request), ("", request.body))
    return body != request.body


def _signed(left: Left, request: Request) -> bool:
    return verify(
        request.headers,
        request.body,
        secrets=[left.secrets[request.path]],
        now=datetime.now(UTC),
        tolerance_s=_TOLERANCE_S,
    )

"""Fill an inbox with the past of an installation, made here: nothing went through the service.

Routes decide who has a message and whether a clock ran, so that many pairs of filters have nothing
in common, which is the most that a list can have to look through.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy import text as sql

from app.domain import Channel, InboxState
from app.storage import inbox_tables, tables
from app.storage.engine import Database
from app.storage.words import words_of

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
OWNERS = {"sales": ("ana", "ben", "cleo", "dan"), "success": ("eva",)}
_PAST = timedelta(days=365)
_BATCH = 5_000  # messages in one transaction
_VOCABULARY = 50_000  # rare words, one in every message
_ROUTES = {"sales": 10, "success": 3, "support": 40, "inbox": 30, "automated": 17}
_INTENTS = {
    "sales": (("demo_request", "pricing"), ("pricing",), ("demo_request",)),
    "success": (("churn_risk",), ("churn_risk", "support")),
    "support": (("support",),),
    "inbox": (("other",), ()),
    "automated": (("other",), ("support",), ()),
}
_CHANNELS = dict(zip(Channel, (700, 150, 100, 30, 15, 5), strict=True))
_STATES = {InboxState.TAKEN: 79, InboxState.DONE: 20, InboxState.WAITING: 1}
_ADD_WORDS = {
    "sqlite": "INSERT INTO inbox_words (rowid, words) VALUES (:number, :words)",
    "postgresql": (
        "INSERT INTO inbox_words VALUES"
        " (:number, array_to_tsvector(string_to_array(CAST(:words AS text), ' ')))"
    ),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A text with its words."""

    text: str
    words: str  # separated by spaces

    @classmethod
    def of(cls, text: str) -> "Text":
        """Take the words of a text, once for all of its copies."""
        return cls(text, " ".join(words_of([text])))


def fill(database: Database, rows: int, texts: Sequence[str]) -> None:
    """Put so many messages into an empty database.

    Args:
        database: Migrated.
        rows: Messages.
        texts: What they say, in turn; each also has a word that few others have.
    """
    rng, said = random.Random(rows), [Text.of(text) for text in texts]
    for first in range(1, rows + 1, _BATCH):
        numbers = range(first, min(first + _BATCH, rows + 1))
        made = [_row(number, rows, rng) for number in numbers]
        with database.write() as conn:
            _store(conn, made, said)
    with database.write() as conn:
        if database.dialect == "postgresql":  # as its autovacuum does after a while
            conn.execute(sql("ANALYZE"))
            conn.execute(sql(f"SELECT setval('inbox_revisions', {rows})"))
            conn.execute(sql(f"SELECT setval(pg_get_serial_sequence('inbox', 'number'), {rows})"))


def rare_word(number: int) -> str:
    """Give the word of a message that one in 50,000 has."""
    return f"case{number * 7_919 % _VOCABULARY}"


def _store(conn: Connection, made: Sequence[dict[str, Any]], said: Sequence[Text]) -> None:
    texts = [said[row["number"] % len(said)] for row in made]
    conn.execute(
        insert(tables.messages),
        [_message(row, one.text) for row, one in zip(made, texts, strict=True)],
    )
    conn.execute(insert(inbox_tables.inbox), list(made))
    conn.execute(insert(inbox_tables.inbox_intents), list(_intents(made)))
    words = [
        {"number": row["number"], "words": f"{one.words} {rare_word(row['number'])}".lstrip()}
        for row, one in zip(made, texts, strict=True)
    ]
    conn.execute(sql(_ADD_WORDS[conn.dialect.name]), words)


def _row(number: int, rows: int, rng: random.Random) -> dict[str, Any]:
    route = _drawn(rng, _ROUTES)
    labels = rng.choice(_INTENTS[route])
    owner = rng.choice(OWNERS[route]) if route in OWNERS else None
    at = NOW - _PAST * (rows - number) / rows
    return {
        "number": number,
        "message_id": f"msg_{number:026d}",
        "revision": number,
        "received_at": at,
        "route": route,
        "channel": _drawn(rng, _CHANNELS),
        "primary_intent": labels[0] if labels else "other",
        "intents": ",".join(sorted(labels)),
        "confidence": 0.9,
        "abstained": not labels,
        "state": _drawn(rng, _STATES) if owner else InboxState.OPEN,
        "owner": owner,
        "due_at": at + timedelta(hours=1) if owner else None,
        "settled_by": None,
        "contact": f"person{number % 200_000}@company.example",
        "account": "company.example",
        "sender": f"Person {number % 200_000}",
        "subject": f"Message {number}",
        "excerpt": "What does it cost for a team of twenty people?",
    }


def _message(row: dict[str, Any], text: str) -> dict[str, Any]:
    decision = {"route": row["route"], "rule": "benchmark", "reasons": []}
    return {
        "id": row["message_id"],
        "text": text,
        "source": "benchmark",
        "created_at": row["received_at"],
        "prediction": {"model_version": "none", "intents": {"pricing": 0.9}},
        "decision": json.loads(json.dumps(decision)),
        **{name: row[name] for name in ("channel", "subject", "received_at", "contact", "account")},
    }


def _intents(made: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in made:
        same = {name: row[name] for name in ("number", "received_at", "route", "channel", "state")}
        for intent in row["intents"].split(","):
            yield {"intent": intent, **same}


def _drawn(rng: random.Random, shares: dict[Any, int]) -> Any:
    (one,) = rng.choices(list(shares), list(shares.values()))
    return one

"""The inbox: what its lists show of each message, and the words that a search finds it by."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.storage.words import words_of  # an index of other words than are searched finds nothing

revision = "0005"
down_revision = "0004"

_BATCH = 2_000  # messages that are held at once
_EXCERPT_CHARS = 160
_CHANNELS = "'email', 'chat', 'web_form', 'sms', 'social_dm', 'community_post'"
_STATES = "'open', 'waiting', 'taken', 'done'"
_STATE_OF = {None: "open", "running": "waiting", "acknowledged": "taken", "closed": "done"}
_WORDS = {
    "sqlite": (
        "CREATE VIRTUAL TABLE inbox_words USING fts5"
        "(words, content='', detail='none', columnsize=0, tokenize='ascii')"
    ),
    "postgresql": (
        "CREATE TABLE inbox_words"
        " (number BIGINT CONSTRAINT pk_inbox_words PRIMARY KEY, words TSVECTOR NOT NULL)"
    ),
}
_ADD_WORDS = {
    "sqlite": "INSERT INTO inbox_words (rowid, words) VALUES (:number, :words)",
    "postgresql": (
        "INSERT INTO inbox_words VALUES (:number, array_to_tsvector(CAST(:words AS text[])))"
    ),
}
_MESSAGES = """
    SELECT m.id, m.channel, m.subject, m.text, m.sender_email, m.sender_name, m.received_at,
        m.created_at, m.prediction, m.decision, m.contact, m.account,
        c.status, c.owner, c.due_at, c.settled_by
    FROM messages m LEFT JOIN reply_clocks c ON c.message_id = m.id
    WHERE m.created_at >= :at AND (m.created_at > :at OR m.id > :id)
    ORDER BY m.created_at, m.id LIMIT :limit
"""


def upgrade() -> None:
    """Make the tables, fill them with the messages that there are, and index them then."""
    _inbox()
    _inbox_intents()
    dialect = op.get_bind().dialect.name
    op.execute(_WORDS[dialect])
    if dialect == "postgresql":
        op.execute("CREATE SEQUENCE inbox_revisions")
    stored = _fill()
    if dialect == "postgresql":
        if stored:
            op.execute(f"SELECT setval('inbox_revisions', {stored})")
            op.execute(f"SELECT setval(pg_get_serial_sequence('inbox', 'number'), {stored})")
        op.execute("CREATE INDEX ix_inbox_words_words ON inbox_words USING gin (words)")
    _indexes()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("number", _number(), sa.Identity(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("primary_intent", sa.Text(), nullable=False),
        sa.Column("intents", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("abstained", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("due_at", sa.BigInteger()),
        sa.Column("settled_by", sa.Text()),
        sa.Column("contact", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("excerpt", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_inbox"),
        sa.UniqueConstraint("message_id", name="uq_inbox_message_id"),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name="fk_inbox_message_id"),
        sa.CheckConstraint(f"channel IN ({_CHANNELS})", name=op.f("ck_inbox_channel")),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_inbox_state")),
    )


def _inbox_intents() -> None:
    op.create_table(
        "inbox_intents",
        sa.Column("number", _number(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("number", "intent", name="pk_inbox_intents"),
        sa.ForeignKeyConstraint(["number"], ["inbox.number"], name="fk_inbox_intents_number"),
        sa.CheckConstraint(f"channel IN ({_CHANNELS})", name=op.f("ck_inbox_intents_channel")),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_inbox_intents_state")),
        sqlite_with_rowid=False,
    )


def _indexes() -> None:
    newest = ("state", "received_at", "number")
    op.create_index("ix_inbox_revision", "inbox", ["revision"])
    for columns in ((), ("route",), ("channel",), ("route", "channel")):
        op.create_index(f"ix_inbox_{'_'.join((*columns, *newest))}", "inbox", [*columns, *newest])
    owned = sa.text("owner IS NOT NULL")
    op.create_index(
        "ix_inbox_owner",
        "inbox",
        ["owner", *newest, "route", "channel", "intents"],
        sqlite_where=owned,
        postgresql_where=owned,
    )
    for columns in (("intent",), ("intent", "route"), ("intent", "channel")):
        name = f"ix_inbox_intents_{'_'.join((*columns, *newest))}"
        op.create_index(name, "inbox_intents", [*columns, *newest])


def _fill() -> int:
    """Enter every message in the order in which they were stored, and say how many they are."""
    conn, stored = op.get_bind(), 0
    place: dict[str, Any] = {"at": 0, "id": "", "limit": _BATCH}
    while found := conn.execute(sa.text(_MESSAGES), place).mappings().all():
        _enter(conn, found, first=stored + 1)
        stored += len(found)
        place |= {"at": found[-1]["created_at"], "id": found[-1]["id"]}
    return stored


def _enter(conn: sa.Connection, found: Sequence[sa.RowMapping], *, first: int) -> None:
    rows = [_row(one, number) for number, one in enumerate(found, start=first)]
    own = [{name: row[name] for name in row if name != "counting"} for row in rows]
    conn.execute(sa.table("inbox", *map(sa.column, own[0])).insert(), own)
    same = ("number", "received_at", "route", "channel", "state")
    intents = [
        {"intent": intent, **{name: row[name] for name in same}}
        for row in rows
        for intent in row["counting"]
    ]
    conn.execute(sa.table("inbox_intents", *map(sa.column, intents[0])).insert(), intents)
    words = [
        {"number": number, "words": _words(conn, one)}
        for number, one in enumerate(found, start=first)
    ]
    conn.execute(sa.text(_ADD_WORDS[conn.dialect.name]), words)


def _row(one: sa.RowMapping, number: int) -> dict[str, Any]:
    prediction, decision = json.loads(one["prediction"]), json.loads(one["decision"])
    probabilities = prediction.get("intents", {})
    counting = sorted(prediction.get("labels", ()))
    primary = max(
        counting or probabilities, key=lambda name: probabilities.get(name, 0), default=""
    )
    return {
        "number": number,
        "message_id": one["id"],
        "revision": number,
        "received_at": min(one["received_at"], one["created_at"]),
        "route": decision.get("route", ""),
        "primary_intent": primary,
        "intents": ",".join(counting),
        "confidence": probabilities.get(primary, 0.0),
        "abstained": not counting,
        "state": _STATE_OF[one["status"]],
        "sender": one["sender_name"] or one["sender_email"] or "",
        "excerpt": " ".join(one["text"][: 4 * _EXCERPT_CHARS].split())[:_EXCERPT_CHARS],
        **{name: one[name] for name in ("channel", "owner", "due_at", "settled_by")},
        **{name: one[name] for name in ("contact", "account", "subject")},
        "counting": counting or [""],
    }


def _words(conn: sa.Connection, one: sa.RowMapping) -> str | list[str]:
    texts = (one["subject"], one["text"], one["sender_name"] or "", one["sender_email"] or "")
    words = words_of(texts)
    return words if conn.dialect.name == "postgresql" else " ".join(words)


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")

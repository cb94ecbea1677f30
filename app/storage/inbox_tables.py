"""The tables of the inbox: what its lists show of a message, under everything they filter by."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Sequence,
    Table,
    text,
)

from app.domain import Channel, InboxState
from app.storage.instant import Instant
from app.storage.tables import messages, metadata, one_of
from app.storage.text import PlainText

BY_OWNER = "ix_inbox_owner"
_NUMBER = BigInteger().with_variant(Integer, "sqlite")
_OWNED = text("owner IS NOT NULL")  # most messages have no owner

revisions = Sequence("inbox_revisions", metadata=metadata)  # PostgreSQL's; SQLite has one writer

inbox = Table(
    "inbox",
    metadata,
    Column("number", _NUMBER, Identity(), primary_key=True),  # in the order of storing
    Column("message_id", PlainText, ForeignKey(messages.c.id), nullable=False, unique=True),
    Column("revision", BigInteger, nullable=False, index=True),  # a higher one with each change
    Column("received_at", Instant, nullable=False),
    Column("route", PlainText, nullable=False),
    Column("channel", one_of(Channel, name="channel"), nullable=False),
    Column("primary_intent", PlainText, nullable=False),
    Column("intents", PlainText, nullable=False),  # that count: sorted, comma-separated
    Column("confidence", Float, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("state", one_of(InboxState, name="state"), nullable=False),
    Column("owner", PlainText),
    Column("due_at", Instant),
    Column("settled_by", PlainText),
    Column("contact", PlainText),
    Column("account", PlainText),
    Column("sender", PlainText, nullable=False),
    Column("subject", PlainText, nullable=False),
    Column("excerpt", PlainText, nullable=False),
    # A list is at most one range of one of these for each state, newest last.
    Index(None, "state", "received_at", "number"),
    Index(None, "route", "state", "received_at", "number"),
    Index(None, "channel", "state", "received_at", "number"),
    Index(None, "route", "channel", "state", "received_at", "number"),
    Index(  # whatever else an owner's list is filtered by is read from it, too
        BY_OWNER,
        *("owner", "state", "received_at", "number", "route", "channel", "intents"),
        sqlite_where=_OWNED,
        postgresql_where=_OWNED,
    ),
)

inbox_intents = Table(  # a row for each intent that counts; one without a name where none does
    "inbox_intents",
    metadata,
    Column("number", _NUMBER, ForeignKey(inbox.c.number), primary_key=True),
    Column("intent", PlainText, primary_key=True),
    Column("received_at", Instant, nullable=False),
    Column("route", PlainText, nullable=False),
    Column("channel", one_of(Channel, name="channel"), nullable=False),
    Column("state", one_of(InboxState, name="state"), nullable=False),
    Index(None, "intent", "state", "received_at", "number"),
    Index(None, "intent", "route", "state", "received_at", "number"),
    Index(None, "intent", "channel", "state", "received_at", "number"),
    sqlite_with_rowid=False,
)

"""The tables; how they came to be stands in migrations, and a test holds the two together."""

from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Enum,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    text,
)

from app.domain import ArrivalStatus, Channel, ClockStatus, ClockStep, DeliveryStatus, Role
from app.storage.instant import Instant
from app.storage.text import JsonText, PlainText

metadata = MetaData(
    naming_convention={  # every constraint has a name that a later migration can call it by
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def one_of(values: type[StrEnum], *, name: str) -> Enum:
    """Text that a CHECK holds to the values: a native enum type would be hard to change."""
    return Enum(
        values,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


messages = Table(
    "messages",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("channel", one_of(Channel, name="channel"), nullable=False),
    Column("subject", PlainText, nullable=False),
    Column("text", PlainText, nullable=False),
    Column("sender_email", PlainText),
    Column("sender_name", PlainText),
    Column("thread_id", PlainText),
    Column("source", PlainText, nullable=False),
    Column("external_id", PlainText),
    Column("received_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    Column("prediction", JsonText, nullable=False),
    Column("decision", JsonText, nullable=False),
    Column("facts", JsonText),  # beside the text: quoted thread, signature, attachments, …
    Column("contact", PlainText),  # address of the sender, in lower case
    Column("account", PlainText),  # domain of their company; none of a private mail address
    Column("promised", Integer, nullable=False, server_default="0"),  # deliveries stored with it
    UniqueConstraint("source", "external_id"),  # rows without external_id do not collide
    Index(None, "source", "thread_id", "received_at"),  # a conversation's last fragments
    Index(None, "contact", "received_at"),
    Index(None, "account", "received_at"),
    Index(
        None, "promised", sqlite_where=text("promised > 0"), postgresql_where=text("promised > 0")
    ),  # the account: without it, every message is read
)

arrivals = Table(
    "arrivals",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("source", PlainText, nullable=False),
    Column("sha256", LargeBinary, nullable=False),  # of the body: a provider's retry is the same
    Column("once", PlainText),  # what may stand in one request alone
    Column("url", PlainText, nullable=False),
    Column("headers", JsonText, nullable=False),
    Column("body", LargeBinary),  # gone once INLET_RAW_DAYS are over
    Column("received_at", Instant, nullable=False, index=True),
    Column("status", one_of(ArrivalStatus, name="status"), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("error_code", PlainText),
    Column("message_ids", JsonText, nullable=False),
    UniqueConstraint("source", "sha256"),
    UniqueConstraint("source", "once"),
    CheckConstraint("length(sha256) = 32", name="sha256"),
    CheckConstraint("attempts >= 0", name="attempts"),
    Index(None, "status", "next_attempt_at"),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False, unique=True),
    Column("url", PlainText, nullable=False),
    Column("secrets", JsonText, nullable=False),  # in clear: a signature needs the key itself
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("format", PlainText, nullable=False, server_default="webhook"),
    Column("options", JsonText, nullable=False, server_default="{}"),  # tokens too: in clear
    Column("retired", JsonText, nullable=False, server_default="[]"),  # [secret, until in s]
    Column("paused", Boolean, nullable=False, server_default=false()),
    Column("max_in_flight", Integer, nullable=False, server_default="4"),
    Column("rate_per_s", Float),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Instant),
    Column("open_until", Instant),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("message_id", PlainText, ForeignKey(messages.c.id), nullable=False, index=True),
    Column("endpoint_id", PlainText, ForeignKey(endpoints.c.id), nullable=False),
    Column("event_type", PlainText, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the signed bytes
    Column("status", one_of(DeliveryStatus, name="status"), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("attempts >= 0", name="attempts"),
    Index(None, "status", "next_attempt_at"),  # what is due; counts
    Index(None, "status", "id"),  # the list of one status
    Index(None, "endpoint_id", "id"),  # the list of one endpoint
    Index(None, "endpoint_id", "status", "next_attempt_at"),  # what is due for one endpoint
)

attempts = Table(
    "attempts",
    metadata,
    # A number of its own: after a replay the numbers of a delivery's attempts begin anew.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("delivery_id", PlainText, ForeignKey(deliveries.c.id), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("status_code", Integer),
    Column("error_code", PlainText),
    Column("body_excerpt", PlainText, nullable=False),
    Column("retry_after_s", Float),
    Column("duration_ms", Float, nullable=False),
    CheckConstraint("number >= 1", name="number"),
    CheckConstraint("status_code IS NOT NULL OR error_code IS NOT NULL", name="answer"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("name", PlainText, nullable=False),
    Column("prefix", PlainText, nullable=False),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    Column("scopes", JsonText, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    CheckConstraint("length(sha256) = 32", name="sha256"),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", PlainText, primary_key=True),
    Column("key", PlainText, primary_key=True),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("message_id", PlainText, ForeignKey(messages.c.id), nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
    CheckConstraint("length(body_sha256) = 32", name="body_sha256"),
)

reply_clocks = Table(
    "reply_clocks",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("message_id", PlainText, ForeignKey(messages.c.id), nullable=False, unique=True),
    Column("rule", PlainText, nullable=False),
    Column("route", PlainText, nullable=False),
    Column("clock", PlainText, nullable=False),
    Column("pool", PlainText),
    Column("owner", PlainText),
    Column("contact", PlainText),
    Column("account", PlainText),
    Column("level", Integer, nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("promised_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("next_at", Instant),
    Column("reminded", Boolean, nullable=False),
    Column("status", one_of(ClockStatus, name="status"), nullable=False),
    Column("settled_at", Instant),
    Column("settled_by", PlainText),
    CheckConstraint("level >= 0", name="level"),
    CheckConstraint("(status = 'running') = (next_at IS NOT NULL)", name="next_at"),
    CheckConstraint("(status = 'running') = (settled_at IS NULL)", name="settled_at"),
    Index(None, "status", "next_at"),  # what happens next
    Index(None, "owner", "status"),  # how much somebody has
    Index(None, "contact", "started_at"),  # who had this person before
    Index(None, "account", "started_at"),
)

clock_events = Table(
    "clock_events",
    metadata,
    Column("clock_id", PlainText, ForeignKey(reply_clocks.c.id), primary_key=True),
    Column("step", one_of(ClockStep, name="step"), primary_key=True),
    Column("level", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("owner", PlainText),
    Column("promised", Integer, nullable=False, server_default="0"),  # deliveries stored with it
    CheckConstraint("promised >= 0", name="promised"),
)

turns = Table(  # smooth weighted round robin: who is next in each pool
    "turns",
    metadata,
    Column("pool", PlainText, primary_key=True),
    Column("owner", PlainText, primary_key=True),
    Column("credit", Float, nullable=False),
)

once = Table(  # what is told once in a while: the first transaction that takes a key tells it
    "once",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("until", Instant, nullable=False, index=True),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("message_id", PlainText, ForeignKey(messages.c.id), nullable=False, index=True),
    Column("kind", PlainText, nullable=False),  # wrong_label, not_a_lead
    Column("labels", JsonText),  # what holds instead, where the person said it
    Column("given_by", PlainText, nullable=False),
    Column("created_at", Instant, nullable=False, index=True),
)

review = Table(  # has a row for as long as nobody has said anything of the message
    "review",
    metadata,
    Column("message_id", PlainText, ForeignKey(messages.c.id), primary_key=True),
    Column("kind", PlainText, nullable=False),
    Column("margin", Float, nullable=False),
    Index(None, "kind", "margin", "message_id"),  # the least sure of each kind
)

server_keys = Table(  # made at first use, the same for every replica
    "server_keys",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("secret", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

login_links = Table(
    "login_links",
    metadata,
    Column("sha256", LargeBinary, primary_key=True),  # of the token
    Column("name", PlainText, nullable=False),
    Column("role", one_of(Role, name="role"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    CheckConstraint("length(sha256) = 32", name="sha256"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", PlainText, primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),  # of the cookie's secret
    Column("name", PlainText, nullable=False),
    Column("role", one_of(Role, name="role"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("ended_at", Instant),
    CheckConstraint("length(sha256) = 32", name="sha256"),
)

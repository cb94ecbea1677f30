"""Fill a database with the past of an installation: copies, made by SQL, of what it stored itself.

A few messages go through the service first. Every copy has its own id, sender, company and time,
one delivery that arrived for each of the original's, and a reply clock that somebody answered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Table
from sqlalchemy import text as sql

from app.storage import tables
from app.storage.engine import Database

TEMPLATE = "template-"  # begins the external id of what is copied
A_CONTACT = 5  # messages, on average
AN_ACCOUNT = 3  # contacts
_PAST = timedelta(days=365)
_MICROSECOND = timedelta(microseconds=1)
_BATCH = 20_000  # messages in one transaction
_MOST = 10  # deliveries of one message, for their ids
_MANY = 7_919  # a prime: neighbours in time have different senders
_DIGITS = {"sqlite": "printf('%026d', {})", "postgresql": "lpad(({})::text, 26, '0')"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How the copies lie in time and among people."""

    rows: int
    began_us: int  # of the first copy, since 1970
    step_us: int  # from copy to copy

    @classmethod
    def before(cls, now: datetime, *, rows: int) -> "Past":
        """Spread so many messages over the year before."""
        began_us = (now - _PAST - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
        return cls(rows=rows, began_us=began_us, step_us=_PAST // _MICROSECOND // max(rows, 1))


def sender(number: int, rows: int) -> str:
    """Name the sender of the copy with this number; a new message's is one of the same people."""
    contact = number * _MANY % contacts(rows)
    return f"person{contact}@company{contact // AN_ACCOUNT}.com"


def contacts(rows: int) -> int:
    """Tell how many people wrote so many messages."""
    return max(1, rows // A_CONTACT)


def fill(database: Database, rows: int, now: datetime) -> None:
    """Add copies until so many messages are stored.

    Raises:
        SystemExit: Nothing is there that could be copied.
    """
    with database.read() as conn:
        there = _count(conn, "SELECT count(*) FROM messages")
        first = _count(conn, "SELECT count(*) FROM messages WHERE source = 'copy'")
        templates = _count(conn, f"SELECT count(*) FROM messages WHERE {_IS_TEMPLATE}")
    if not templates:
        raise SystemExit("no message was stored that could be copied")
    past = Past.before(now, rows=rows)
    last = first + max(0, rows - there)
    for start in range(first, last, _BATCH):
        with database.write() as conn:
            for statement in statements(database.dialect, past):
                given = {"first": start, "last": min(start + _BATCH, last), "templates": templates}
                conn.execute(sql(statement), given)
    if database.dialect == "postgresql":  # as its autovacuum does after a while
        with database.write() as conn:
            conn.execute(sql("ANALYZE"))


def _count(conn: Connection, statement: str) -> int:
    return int(conn.execute(sql(statement)).scalar_one())


_IS_TEMPLATE = f"external_id LIKE '{TEMPLATE}%'"
_NUMBERED = f"""
    WITH RECURSIVE n(i) AS (
        SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last
    ), original AS (
        SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM messages WHERE {_IS_TEMPLATE}
    )
"""


def statements(dialect: str, past: Past) -> list[str]:
    """Write the inserts of one batch: messages, deliveries, attempts, clocks and their events."""
    at = f"({past.began_us} + n.i * {past.step_us})"
    contact = f"(n.i * {_MANY} % {contacts(past.rows)})"
    account = f"'company' || ({contact} / {AN_ACCOUNT}) || '.com'"
    address = f"'person' || {contact} || '@' || {account}"
    message_id, clock_id = _id(dialect, "msg", "n.i"), _id(dialect, "clk", "n.i")
    place = "row_number() OVER (PARTITION BY n.i ORDER BY t.id)"
    delivery_id = _id(dialect, "dlv", f"n.i * {_MOST} + {place}")
    settled = {"status": "'acknowledged'", "next_at": "NULL", "settled_by": "'somebody'"}
    times = {"created_at": at, "received_at": at}
    people = {"sender_email": address, "contact": address, "account": account}
    once = {"source": "'copy'", "external_id": message_id, "thread_id": "NULL"}
    owned = {"contact": address, "account": account}
    due = {"started_at": at, "promised_at": at, "due_at": at, "settled_at": at}
    return [
        _copied(tables.messages, {"id": message_id, **once, **times, **people}, "t.id"),
        _copied(
            tables.deliveries,
            {
                "id": delivery_id,
                "message_id": message_id,
                "created_at": at,
                "next_attempt_at": at,
                "status": "'delivered'",
                "attempts": "1",
            },
            "t.message_id",
        ),
        _attempts(dialect),
        _copied(
            tables.reply_clocks,
            {"id": clock_id, "message_id": message_id, **owned, **due, **settled},
            "t.message_id",
        ),
        _events(dialect),
    ]


def _copied(table: Table, changed: Mapping[str, str], owner: str) -> str:
    """Copy each original's rows of a table, some columns changed."""
    columns = [column.name for column in table.columns]
    values = [changed.get(name, f"t.{name}") for name in columns]
    return f"""{_NUMBERED}
        INSERT INTO {table.name} ({", ".join(columns)})
        SELECT {", ".join(values)} FROM n
        JOIN original ON original.place = n.i % :templates
        JOIN {table.name} t ON {owner} = original.id
    """


def _attempts(dialect: str) -> str:
    """Let every delivery of the batch have arrived at once."""
    first = _id(dialect, "dlv", f"CAST(:first AS BIGINT) * {_MOST}")
    last = _id(dialect, "dlv", f"CAST(:last AS BIGINT) * {_MOST}")
    return f"""
        INSERT INTO attempts
            (delivery_id, number, started_at, status_code, body_excerpt, duration_ms)
        SELECT id, 1, created_at, 204, '', 12.5 FROM deliveries WHERE id > {first} AND id <= {last}
    """


def _events(dialect: str) -> str:
    """Let every clock of the batch have been started."""
    first = _id(dialect, "clk", "CAST(:first AS BIGINT)")
    last = _id(dialect, "clk", "CAST(:last AS BIGINT)")
    return f"""
        INSERT INTO clock_events (clock_id, step, level, at, promised)
        SELECT id, 'started', 0, started_at, 0 FROM reply_clocks WHERE id >= {first} AND id < {last}
    """


def _id(dialect: str, prefix: str, number: str) -> str:
    """Write an id that sorts by its number, and before every real one."""
    return f"'{prefix}_' || {_DIGITS[dialect].format(number)}"

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from support import START, a_message
from support_inbox import prediction_of

from app.errors import ConfigError
from app.storage import (
    account,
    endpoints,
    inbox,
    inbox_keeping,
    inbox_search,
    messages,
)
from app.storage.engine import open_database
from app.storage.inbox import Filters
from app.storage.migrations import migrate, newest, schema_is_current
from app.storage.migrations.upgrading import config_of
from app.storage.tables import metadata

ROOT = Path(__file__).parents[2]
MIGRATE = """
import sys
from app.storage.engine import open_database
from app.storage.migrations import migrate
database = open_database(sys.argv[1])
sys.stdin.read()
migrate(database)
database.close()
"""
# What a database was told to be, as it tells it back; alembic's own table aside.
DEFINITIONS = {
    "sqlite": """
        SELECT type, name, tbl_name, sql FROM sqlite_master
        WHERE tbl_name <> 'alembic_version' ORDER BY type, name""",
    "postgresql": """
        SELECT 'column', table_name, column_name, data_type || coalesce(column_default, '')
               || is_nullable || is_identity || coalesce(character_maximum_length::text, '')
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
          AND conrelid::regclass::text <> 'alembic_version'
        UNION ALL
        SELECT 'index', tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        ORDER BY 1, 2, 3""",
}


CLAUSE = re.compile(
    r",\s*(?![^()]*\))|\n"
)  # a comma that stands in no parentheses, or a line's end


@pytest.fixture
def empty(empty_database_url):
    database = open_database(empty_database_url)
    yield database
    database.close()


def migrate_to(database, revision):
    with database.write() as conn:
        command.upgrade(config_of(conn), revision)


def is_of_sqlalchemy(name, kind, parents):
    """The words of the inbox are kept as each database searches best, by statements of its own."""
    return not (kind == "table" and name.startswith("inbox_words"))


def older_rows(at):
    """Three messages, the first with two deliveries to one endpoint, as 0002 has them."""
    message = {
        **{"channel": "email", "subject": "", "text": "a", "source": "api", "received_at": at},
        **{"created_at": at, "prediction": "{}", "decision": "{}"},
    }
    senders = ("Ada@Acme.example", "bo@gmail.com", None)
    delivery = {
        **{"message_id": "msg_1", "endpoint_id": "ep_1", "event_type": "lead.detected"},
        **{"body": b"{}", "attempts": 1, "next_attempt_at": at, "created_at": at},
    }
    endpoint = {"id": "ep_1", "name": "sales", "url": "https://a.example", "secrets": "[]"}
    return {
        "messages": [
            {**message, "id": f"msg_{number}", "sender_email": sender}
            for number, sender in enumerate(senders, start=1)
        ],
        "endpoints": [{**endpoint, "enabled": True, "created_at": at}],
        "deliveries": [
            {**delivery, "id": "dlv_1", "status": "delivered"},
            {**delivery, "id": "dlv_2", "status": "dead"},
        ],
    }


def clock_row(message_id):
    """A clock that was taken, as 0004 has it."""
    times = dict.fromkeys(("started_at", "promised_at", "due_at", "settled_at"), 1)
    return {
        **{"id": "clk_1", "message_id": message_id, "rule": "r", "route": "sales", "clock": "hour"},
        **{"owner": "ana", "level": 0, "reminded": False, "status": "acknowledged", **times},
    }


def definitions(database):
    with database.read() as conn:
        rows = conn.execute(text(DEFINITIONS[database.dialect])).all()
    # SQLite gives whole statements: the order of the clauses, and their lines, say nothing.
    return [
        (*names, sorted(clause.strip("\n\t ,()") for clause in CLAUSE.split(sql or "")))
        for *names, sql in rows
    ]


def test_a_new_database_is_current_after_it_was_migrated(empty):
    before = schema_is_current(empty)
    migrate(empty)

    assert (before, schema_is_current(empty)) == (False, True)


def test_migrating_a_current_database_changes_nothing(database):
    before = definitions(database)
    migrate(database)

    assert definitions(database) == before


def test_the_newest_migration_is_known_without_alembic(empty):
    with empty.read() as conn:
        assert newest() == ScriptDirectory.from_config(config_of(conn)).get_current_head()


def test_migrations_make_the_tables_that_the_code_uses(empty):
    migrate(empty)
    migrated = definitions(empty)
    with empty.write() as conn:
        metadata.drop_all(conn)
        metadata.create_all(conn)

    assert len(migrated) > 20
    assert definitions(empty) == migrated


def test_alembic_finds_no_difference_either(database):
    with database.read() as conn:
        opts = {"compare_type": True, "include_name": is_of_sqlalchemy}
        context = MigrationContext.configure(conn, opts=opts)
        differences = compare_metadata(context, metadata)

    assert differences == []


def test_what_an_older_release_stored_is_read_and_accounted_for(empty):
    migrate_to(empty, "0002")
    at = 1_764_072_000_000_000
    with empty.write() as conn:
        for table, rows in older_rows(at).items():
            for row in rows:
                names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
                conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)

    migrate(empty)

    with empty.read() as conn:
        kept = [messages.find(conn, f"msg_{number}") for number in (1, 2, 3)]
        (endpoint,) = endpoints.all_endpoints(conn)
        found = account.read(conn)
        names = conn.execute(text("SELECT contact, account FROM messages ORDER BY id")).all()
    assert [len(one.deliveries) for one in kept] == [2, 0, 0]
    assert names == [("ada@acme.example", "acme.example"), ("bo@gmail.com", None), (None, None)]
    assert (endpoint.format, endpoint.paused, endpoint.max_in_flight) == ("webhook", False, 4)
    assert (found.accepted, found.unaccounted) == (2, 0)


def test_messages_that_were_stored_before_the_inbox_are_in_it_and_found(empty):
    migrate_to(empty, "0004")
    with empty.write() as conn:
        for number in (1, 2, 3):
            message = a_message(
                id=f"msg_{number}", created_at=START + timedelta(seconds=number), external_id=None
            )
            said, decided = prediction_of("pricing").as_dict(), {"route": "sales"}
            messages.add(conn, message, prediction=said, decision=decided)
    with empty.write() as conn:
        for table, row in {"reply_clocks": clock_row("msg_2")}.items():
            names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
            conn.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), row)

    migrate(empty)

    with empty.write() as conn:
        later = a_message(id="msg_4", created_at=START + timedelta(seconds=4))
        messages.add(conn, later, prediction={}, decision={})
        inbox_keeping.add(conn, later, prediction_of(), route="review")
    with empty.read() as conn:
        kept = inbox.page(conn, Filters())
        found = inbox_search.search(conn, "platze lovel", Filters(intent="pricing"))
        fresh, _ = inbox.since(conn, inbox.Seen(upto=3, lately=frozenset({1, 2, 3})))
    shown = [(one.number, one.message_id, one.route, one.state, one.owner) for one in kept]
    assert shown == [
        (4, "msg_4", "review", "open", None),
        (3, "msg_3", "sales", "open", None),
        (2, "msg_2", "sales", "taken", "ana"),
        (1, "msg_1", "sales", "open", None),
    ]
    assert [one.message_id for one in found.rows] == ["msg_3", "msg_2", "msg_1"]
    assert [one.message_id for one in fresh] == ["msg_4"]


def test_a_message_of_which_little_was_said_is_in_the_inbox_too(empty):
    migrate_to(empty, "0004")
    with empty.write() as conn:
        messages.add(conn, a_message(), prediction={}, decision={})

    migrate(empty)

    with empty.read() as conn:
        (only,) = inbox.page(conn, Filters(intent=inbox.NO_INTENT))
    assert (only.primary_intent, only.confidence, only.abstained, only.route) == ("", 0, True, "")


def test_a_database_of_a_newer_release_is_refused(empty):
    migrate(empty)
    with empty.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert not schema_is_current(empty)
    with pytest.raises(ConfigError, match="newer release"):
        migrate(empty)


def test_a_migration_that_fails_leaves_nothing_behind(empty):
    with empty.write() as conn:
        conn.execute(text("CREATE TABLE api_keys (x INTEGER)"))  # 0001 trips over it at its end
    before = definitions(empty)

    with pytest.raises(Exception, match=r"(?i)exists|available"):
        migrate(empty)
    assert definitions(empty) == before


def test_processes_that_start_at_once_migrate_once(empty_database_url):
    starting = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, empty_database_url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for process in starting:
        process.stdin.close()  # all are ready or nearly so: off they go
    endings = [(process.wait(60), process.stderr.read()) for process in starting]
    for process in starting:
        process.stderr.close()

    assert endings == [(0, b"")] * 3
    database = open_database(empty_database_url)
    assert schema_is_current(database)
    database.close()

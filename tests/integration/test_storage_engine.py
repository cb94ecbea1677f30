from contextlib import ExitStack
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import ProgrammingError
from support import DECISION, PREDICTION, START, a_delivery, a_message, an_endpoint

from app.domain import Sender
from app.errors import ConfigError, Refused, StorageDown
from app.storage import endpoints, messages, outbox, tables
from app.storage.engine import open_database


def add(conn, message):
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION)


def add_and_fail(conn, message):
    add(conn, message)
    raise KeyError


def test_a_block_that_fails_leaves_nothing_behind(database):
    with pytest.raises(KeyError), database.write() as conn:
        add_and_fail(conn, a_message())

    with database.read() as conn:
        assert messages.find(conn, "msg_1") is None


def test_a_database_answers_a_ping(database):
    assert database.ping() is None


def test_a_reader_cannot_write(database):
    with pytest.raises(StorageDown), database.read() as conn:
        add(conn, a_message())


def test_a_reader_sees_one_snapshot(database):
    with database.read() as before:
        assert messages.find(before, "msg_1") is None
        with database.write() as conn:
            add(conn, a_message())

        assert messages.find(before, "msg_1") is None


def test_a_closed_database_gives_no_transactions(database_url):
    database = open_database(database_url)
    database.close()

    for transaction in (database.read, database.write):
        with pytest.raises(StorageDown), transaction():
            pass


def test_closing_twice_is_fine(database):
    database.close()


def test_instants_keep_microseconds_and_come_back_in_utc(database):
    in_berlin = START.astimezone(ZoneInfo("Europe/Berlin"))
    with database.write() as conn:
        add(conn, a_message(received_at=in_berlin, created_at=START))

    with database.read() as conn:
        found = messages.find(conn, "msg_1").message
    assert (found.received_at, found.received_at.tzname()) == (START, "UTC")
    assert found.created_at.microsecond == 123456


def test_instants_sort_by_time_whatever_their_zone(database, clock):
    times = [START + timedelta(microseconds=n) for n in (5, -1, 0, 86_400_000_000)]
    times[1] = times[1].astimezone(ZoneInfo("Pacific/Auckland"))
    with database.write() as conn:
        for number, time in enumerate(times):
            add(conn, a_message(id=f"msg_{number}", created_at=time))

    column = tables.messages.c.created_at
    with database.read() as conn:
        stored = conn.scalars(select(column).where(column <= START).order_by(column)).all()
    assert stored == [times[1], times[2]]


def test_a_time_without_a_zone_is_refused(database):
    naive = START.replace(tzinfo=None)

    with pytest.raises(ValueError, match="aware"), database.write() as conn:
        add(conn, a_message(created_at=naive))


@pytest.mark.parametrize("bad", ["a\0b", "\ud800", "ok \udfff"], ids=["nul", "high", "low"])
@pytest.mark.parametrize("field", ["id", "subject", "text", "thread_id", "external_id"])
def test_text_that_cannot_be_kept_is_refused_alike_and_not_echoed(database, field, bad):
    with pytest.raises(Refused) as refused, database.write() as conn:
        add(conn, a_message(**{field: bad}))

    assert refused.value.code == "unstorable_text"
    assert bad not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_look_up_by_text_that_cannot_be_kept_is_refused_alike(database):
    with pytest.raises(Refused), database.read() as conn:
        messages.find(conn, "msg_\0")


def test_a_broken_constraint_names_itself_and_not_the_row(database):
    with database.write() as conn:
        add(conn, a_message())
        endpoints.add(conn, an_endpoint())
        outbox.enqueue(conn, a_delivery())
    wrong = update(tables.deliveries).values(attempts=-1, event_type="private words")

    with pytest.raises(ValueError, match="attempts") as broken, database.write() as conn:
        conn.execute(wrong)
    assert "private" not in str(broken.value)
    assert (broken.value.__cause__, broken.value.__suppress_context__) == (None, True)


def test_a_delivery_without_its_message_is_refused(database):
    with database.write() as conn:
        endpoints.add(conn, an_endpoint())

    with pytest.raises(ValueError, match=r"(?i)foreign|fk_"), database.write() as conn:
        outbox.enqueue(conn, a_delivery(message_id="msg_none"))


def test_a_mistake_of_ours_is_not_taken_for_an_outage(postgresql_url):
    database = open_database(postgresql_url)

    with pytest.raises(ProgrammingError), database.write() as conn:
        conn.execute(text("SELECT no_such_column"))
    database.close()


def test_errors_do_not_carry_what_was_to_be_stored(database):
    with pytest.raises(StorageDown) as down, database.read() as conn:
        add(conn, a_message(text="private words", sender=Sender("private@example.com")))

    cause = down.value
    while cause:
        assert "private" not in str(cause)
        cause = cause.__cause__


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:memory?mode=memory&cache=shared&uri=true",
        "sqlite:///inlet.db?timeout=1",
    ],
)
def test_a_database_in_memory_is_refused(url):
    with pytest.raises(ConfigError, match="plain file"):
        open_database(url)


@pytest.mark.parametrize(
    "url", ["", "inlet.db", "mysql://user:hunter2@host/db", "postgresql+psycopg2://u:hunter2@h/db"]
)
def test_another_database_is_refused_without_its_password(url):
    with pytest.raises(ConfigError, match="INLET_DATABASE_URL") as refused:
        open_database(url)

    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_has_several_names(postgresql_url, scheme):
    database = open_database(postgresql_url.replace("postgresql+psycopg", scheme))

    database.ping()
    database.close()


def test_postgresql_connections_have_deadlines_and_durable_commits(postgresql_url):
    database = open_database(
        postgresql_url + "&options=-c%20search_path%3Dpublic", busy_timeout_s=7
    )
    names = (
        "synchronous_commit",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
        "search_path",
    )

    with database.write() as conn:
        found = [conn.execute(text(f"SHOW {name}")).scalar() for name in names]
    database.close()
    assert found == ["on", "14s", "7s", "1min", "public"]


def test_a_lock_that_another_transaction_keeps_is_not_waited_for_for_ever(postgresql_url):
    database = open_database(postgresql_url, busy_timeout_s=0.5)
    with database.write() as conn:
        add(conn, a_message(source="mail", external_id="1"))

        with pytest.raises(StorageDown), database.write() as second:
            add(second, a_message(id="msg_2", source="mail", external_id="1"))
    database.close()


def test_a_pool_that_is_used_up_is_not_waited_for_for_ever(postgresql_url):
    database = open_database(postgresql_url, busy_timeout_s=0.5)
    with ExitStack() as all_connections:
        for _ in range(20):
            all_connections.enter_context(database.read())

        with pytest.raises(StorageDown), database.read():
            pass
    database.close()

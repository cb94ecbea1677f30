import socket
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import make_url
from support import DECISION, PREDICTION, a_message
from support_proxy import Proxy

from app.errors import StorageDown
from app.storage import messages
from app.storage.engine import open_database


@pytest.fixture
def stopped(postgresql_server):
    """Stop the server for the length of a block."""

    @contextmanager
    def stop():
        postgresql_server.stop()
        try:
            yield
        finally:
            postgresql_server.start()

    return stop


def add(conn, message):
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION)


def seconds_until_down(act):
    began = time.monotonic()
    with pytest.raises(StorageDown):
        act()
    return time.monotonic() - began


def write(database, message):
    with database.write() as conn:
        add(conn, message)


def test_an_outage_of_postgresql_is_told_at_once_and_heals_itself(postgresql_url, stopped):
    database = open_database(postgresql_url)
    write(database, a_message())
    with stopped():
        waits_s = [
            seconds_until_down(database.ping),
            seconds_until_down(lambda: write(database, a_message(id="msg_2"))),
        ]

    database.ping()
    write(database, a_message(id="msg_3"))
    with database.read() as conn:
        found = [messages.find(conn, f"msg_{n}") is not None for n in (1, 2, 3)]
    database.close()
    assert max(waits_s) < 5
    assert found == [True, False, True]


def test_a_restart_between_two_calls_is_not_noticed(postgresql_url, stopped):
    database = open_database(postgresql_url)
    write(database, a_message())
    with stopped():
        pass

    write(database, a_message(id="msg_2"))
    with database.read() as conn:
        assert messages.find(conn, "msg_2") is not None
    database.close()


def test_a_connection_that_breaks_in_a_transaction_acknowledges_nothing(postgresql_url, stopped):
    database = open_database(postgresql_url)

    def break_off(database):
        with database.write() as conn:
            add(conn, a_message())
            with stopped():
                add(conn, a_message(id="msg_2"))

    with pytest.raises(StorageDown):
        break_off(database)
    with database.read() as conn:
        assert messages.find(conn, "msg_1") is None
    database.close()


def test_a_server_that_never_answers_is_given_up_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        database = open_database(f"postgresql://inlet@127.0.0.1:{port}/inlet")

        waits_s = [seconds_until_down(lambda: database.ping(timeout_s=0.2)) for _ in range(2)]
        database.close()
    assert all(0.2 <= waited_s < 3 for waited_s in waits_s)


def test_a_line_that_goes_dead_is_given_up_and_replaced(postgresql_server, postgresql_url):
    name = make_url(postgresql_url).database
    with Proxy(postgresql_server.folder / ".s.PGSQL.5432") as proxy:
        database = open_database(
            f"postgresql://inlet@127.0.0.1:{proxy.port}/{name}", busy_timeout_s=1
        )
        write(database, a_message())
        proxy.silence()
        waited_s = seconds_until_down(lambda: write(database, a_message(id="msg_2")))
        proxy.speak()

        write(database, a_message(id="msg_3"))
        database.close()
    assert 2.5 <= waited_s < 10


def test_a_server_that_is_not_there_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    database = open_database(f"postgresql://inlet:hunter2@127.0.0.1:{port}/inlet")

    with pytest.raises(StorageDown) as down:
        database.ping()
    database.close()
    assert "hunter2" not in f"{down.value} {down.value.__cause__}"

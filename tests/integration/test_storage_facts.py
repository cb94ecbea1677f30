from datetime import UTC, datetime, timedelta

import pytest
from support import DECISION, PREDICTION, a_message

from app.storage import messages
from app.storage.facts import clock_of, facts_of, libpq_url, newest_at


def test_a_database_says_its_version_and_how_it_keeps_commits(database):
    with database.read() as conn:
        facts = facts_of(conn)

    assert facts.version.replace(".", "").isdecimal()
    assert facts.full_text
    if database.dialect == "sqlite":
        assert (facts.journal, facts.unsafe) == ("wal", ())
    else:  # the tests' own server is for speed
        assert (facts.journal, facts.unsafe) == ("", ("fsync", "full_page_writes"))


def test_only_a_server_has_a_clock_of_its_own(database):
    with database.read() as conn:
        theirs = clock_of(conn)

    if database.dialect == "sqlite":
        assert theirs is None
    else:
        assert abs(theirs - datetime.now(UTC)) < timedelta(seconds=60)


def test_the_newest_message_is_found(database, clock):
    with database.read() as conn:
        assert newest_at(conn) is None
    message = a_message()
    with database.write() as conn:
        messages.add(conn, message, prediction=PREDICTION, decision=DECISION)

    with database.read() as conn:
        assert newest_at(conn) is not None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql+psycopg://inlet:secret@db:5433/inlet", "postgresql://inlet@db:5433/inlet"),
        ("postgres://db/inlet", "postgresql://db/inlet"),
        (
            "postgresql://inlet@/inlet?host=/run/pg&password=secret",
            "postgresql://inlet@/inlet?host=%2Frun%2Fpg",
        ),
    ],
)
def test_an_address_for_postgresqls_programs_has_no_password(url, expected):
    assert libpq_url(url) == expected

from dataclasses import replace
from datetime import timedelta

import pytest
from support import START, race

from app.domain import LoginLink, Role, Session
from app.domain.session import IDLE, LONGEST
from app.errors import Duplicate
from app.storage import login_links, sessions

TOKEN, OTHER = b"t" * 32, b"o" * 32
LINK = LoginLink(
    name="Ana", role=Role.AGENT, created_at=START, expires_at=START + timedelta(minutes=15)
)
SESSION = Session(
    id="ses_1", name="Ana", role=Role.AGENT, created_at=START, seen_at=START, ended_at=None
)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def conn(database):
    with database.write() as conn:
        yield conn


def with_session(conn, **changes):
    session = replace(SESSION, **changes)
    sessions.add(conn, session, sha256=session.id.encode().ljust(32, b"."))
    return session


def test_a_link_is_found_until_it_is_used(conn):
    login_links.add(conn, LINK, sha256=TOKEN)
    before = login_links.find(conn, TOKEN, START)
    used = login_links.use(conn, TOKEN, START)

    after = login_links.find(conn, TOKEN, START)

    assert (before, used, after) == (LINK, LINK, None)


def test_a_link_is_used_once(conn):
    login_links.add(conn, LINK, sha256=TOKEN)

    uses = [login_links.use(conn, TOKEN, START) for _ in range(3)]

    assert uses == [LINK, None, None]


def test_a_link_is_used_within_its_time(conn):
    login_links.add(conn, LINK, sha256=TOKEN)

    late = login_links.use(conn, TOKEN, LINK.expires_at)

    assert late is None
    assert login_links.use(conn, TOKEN, LINK.expires_at - MOMENT) == LINK


def test_a_link_that_nobody_made_is_none(conn):
    login_links.add(conn, LINK, sha256=TOKEN)

    assert login_links.find(conn, OTHER, START) is None
    assert login_links.use(conn, OTHER, START) is None


def test_of_sixteen_who_use_a_link_at_once_one_has_it(database):
    with database.write() as conn:
        login_links.add(conn, LINK, sha256=TOKEN)

    def use(_):
        with database.write() as conn:
            return login_links.use(conn, TOKEN, START)

    found = race(16, use)

    assert sorted(found, key=bool) == [None] * 15 + [LINK]


def test_links_that_ran_out_are_forgotten(conn):
    login_links.add(conn, LINK, sha256=TOKEN)
    login_links.add(conn, replace(LINK, expires_at=START + timedelta(hours=1)), sha256=OTHER)

    count = login_links.forget_before(conn, LINK.expires_at + MOMENT)

    assert (count, login_links.find(conn, OTHER, START) is not None) == (1, True)


def test_a_session_is_known_by_the_digest_of_its_secret(conn):
    sessions.add(conn, SESSION, sha256=TOKEN)

    assert sessions.by_sha256(conn, TOKEN) == SESSION
    assert sessions.by_sha256(conn, OTHER) is None
    with pytest.raises(Duplicate):
        sessions.add(conn, replace(SESSION, id="ses_2"), sha256=TOKEN)


def test_a_session_is_ended_once(conn):
    with_session(conn)

    ends = [sessions.end(conn, "ses_1", START), sessions.end(conn, "ses_1", START)]

    assert ends == [True, False]
    assert sessions.holding(conn, START) == []


def test_the_use_of_a_session_is_noted_now_and_then(conn):
    with_session(conn)
    later = START + sessions.TOUCH_EVERY

    noted = [sessions.touch(conn, "ses_1", at) for at in (later - MOMENT, later, later)]

    assert noted == [False, True, False]
    assert sessions.holding(conn, later) == [replace(SESSION, seen_at=later)]


def test_the_database_and_the_value_agree_on_which_sessions_hold(conn):
    made = [
        with_session(conn, id="ses_1"),
        with_session(conn, id="ses_2", ended_at=START),
        with_session(conn, id="ses_3", seen_at=START - IDLE),
        with_session(conn, id="ses_4", seen_at=START - IDLE + MOMENT),
        with_session(conn, id="ses_5", created_at=START - LONGEST),
        with_session(conn, id="ses_6", created_at=START - LONGEST + MOMENT),
    ]

    held = {session.id for session in sessions.holding(conn, START)}

    assert held == {session.id for session in made if session.holds(START)}
    assert held == {"ses_1", "ses_4", "ses_6"}


def test_signing_everybody_out_counts_the_sessions_that_held(conn):
    for number in (1, 2, 3):
        with_session(conn, id=f"ses_{number}")
    sessions.end(conn, "ses_3", START)

    count = sessions.end_all(conn, START)

    assert (count, sessions.holding(conn, START)) == (2, [])


def test_sessions_that_cannot_hold_any_more_are_forgotten(conn):
    with_session(conn, id="ses_1", created_at=START - LONGEST)
    with_session(conn, id="ses_2", created_at=START - LONGEST + MOMENT)

    count = sessions.forget(conn, START)

    assert (count, sessions.end(conn, "ses_1", START), sessions.end(conn, "ses_2", START)) == (
        *(1, False, True),
    )

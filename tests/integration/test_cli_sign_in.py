import getpass
import re
from datetime import timedelta

import pytest
from support import START

from app.cli.sign_in import sign_in_line
from app.dashboard.sessions import Sessions
from app.domain import Role
from app.settings import Settings

LINK = re.compile(
    r"sign in, once and within 15 minutes: "
    r"http://127\.0\.0\.1:8080/login\?link=([A-Za-z0-9_-]{43})"
)
NO_LINK = (
    "pages: http://127.0.0.1:8080/ (an admin is signed in; `inlet login` makes a link for another)"
)


@pytest.fixture
def sessions(database):
    return Sessions(database, now=lambda: START)


def line_of(database, *, now=START, **settings):
    return sign_in_line(Settings(**settings), database, now=now)


def test_the_link_of_a_start_signs_its_operator_in_as_admin(database, sessions):
    token = LINK.fullmatch(line_of(database))[1]

    viewer = sessions.viewer(sessions.sign_in(token, instead_of=None))

    assert (viewer.name, viewer.role) == (getpass.getuser(), Role.ADMIN)


def test_where_an_admin_is_signed_in_no_link_is_printed(database, sessions):
    sessions.begin(name="Ana", role=Role.ADMIN)

    assert line_of(database) == NO_LINK


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT])
def test_who_is_no_admin_does_not_keep_the_operator_out(database, sessions, role):
    sessions.begin(name="Ana", role=role)

    assert LINK.fullmatch(line_of(database))


def test_once_the_admin_is_signed_out_a_start_prints_a_link_again(database, sessions):
    sessions.begin(name="Ana", role=Role.ADMIN)

    assert LINK.fullmatch(line_of(database, now=START + timedelta(hours=13)))


def test_a_link_begins_with_the_public_address(database):
    line = line_of(database, public_url="https://inlet.example.com")

    assert " https://inlet.example.com/login?link=" in line

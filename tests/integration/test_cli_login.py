import getpass
import re
from datetime import timedelta

import pytest
from support_cli import Cli

from app.dashboard.cookies import digest_of
from app.dashboard.inviting import LIFE
from app.dashboard.sessions import Sessions
from app.domain import Role
from app.parts import open_database_of, utc_now
from app.settings import load_settings
from app.storage import login_links

LINK = re.compile(r"(?P<base>\S+)/login\?link=(?P<token>[A-Za-z0-9_-]{43})")


@pytest.fixture(params=["sqlite", "postgresql"])
def cli(request, tmp_path):
    if request.param == "sqlite":
        return Cli(tmp_path)
    return Cli(tmp_path, database_url=request.getfixturevalue("postgresql_url"))


@pytest.fixture
def local_cli(tmp_path):
    return Cli(tmp_path)


def opened(cli):
    return open_database_of(load_settings(cli.environ))


def link_of(cli, url):
    """What the database has of a link."""
    database = opened(cli)
    with database.read() as conn:
        found = login_links.find(conn, digest_of(LINK.fullmatch(url)["token"]), utc_now())
    database.close()
    return found


def signed_in(cli, *names):
    database = opened(cli)
    for name in names:
        Sessions(database, now=utc_now).begin(name=name, role=Role.AGENT)
    database.close()
    return {row["name"]: row["id"] for row in cli.json("sessions", "list")}


def test_a_link_signs_in_the_user_of_this_machine_as_admin(cli):
    result = cli.run("login")

    assert LINK.fullmatch(result.stdout.strip())["base"] == "http://127.0.0.1:8080"
    assert result.stderr.startswith("Open it within 15 minutes; it signs ")
    kept = link_of(cli, result.stdout.strip())
    assert (kept.name, kept.role) == (getpass.getuser(), Role.ADMIN)
    assert kept.expires_at - kept.created_at == LIFE == timedelta(minutes=15)


def test_a_link_is_for_whom_it_was_asked(cli):
    made = cli.json("login", "--role", "viewer", "--name", "  Ana   Lima ")

    assert made == {"url": made["url"], "name": "Ana Lima", "role": "viewer", "minutes": 15}
    kept = link_of(cli, made["url"])
    assert (kept.name, kept.role) == ("Ana Lima", Role.VIEWER)


def test_no_two_links_are_the_same(local_cli):
    assert local_cli.run("login").stdout != local_cli.run("login").stdout


@pytest.mark.parametrize(
    ("settings", "args", "base"),
    [
        ({"host": "0.0.0.0", "port": 9000}, (), "http://127.0.0.1:9000"),
        ({"host": "::1"}, (), "http://[::1]:8080"),
        ({}, ("--port", "8083"), "http://127.0.0.1:8083"),
        ({"public_url": "https://inlet.example.com/"}, (), "https://inlet.example.com"),
    ],
)
def test_a_link_begins_with_where_the_service_is_reached(tmp_path, settings, args, base):
    made = Cli(tmp_path, **settings).json("login", *args)

    assert LINK.fullmatch(made["url"])["base"] == base


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "a\x1b[1mb", "\udcff"])
def test_a_name_that_cannot_be_shown_is_refused(local_cli, name):
    assert local_cli.refused("login", "--name", name) == (
        "give a name of 1 to 100 characters that can be printed"
    )


def test_an_unknown_role_is_refused(local_cli):
    result = local_cli.run("login", "--role", "owner")

    assert (result.exit_code, result.stdout) == (2, "")


def test_who_is_signed_in_is_listed_until_that_is_ended(cli):
    ids = signed_in(cli, "Ana", "Ben")

    ended = cli.run("sessions", "end", ids["Ana"])

    assert (ended.exit_code, ended.stderr) == (0, "1 ended\n")
    assert [row["name"] for row in cli.json("sessions", "list")] == ["Ben"]
    assert "Ben" in cli.run("sessions", "list").stdout


def test_a_session_is_ended_once(local_cli):
    ids = signed_in(local_cli, "Ana")
    local_cli.run("sessions", "end", ids["Ana"])

    again = local_cli.refused("sessions", "end", ids["Ana"])

    assert again == "there is no such session, or it is ended already"


def test_everybody_is_signed_out_at_once(cli):
    signed_in(cli, "Ana", "Ben")

    result = cli.run("sessions", "end", "--all")

    assert (result.stderr, cli.json("sessions", "list")) == ("2 ended\n", [])
    assert cli.run("sessions", "end", "--all").stderr == "0 ended\n"


@pytest.mark.parametrize("args", [(), ("ses_1", "--all")])
def test_it_must_be_said_whose_session_is_ended(local_cli, args):
    assert local_cli.refused("sessions", "end", *args) == (
        "give the id of a session, or --all; `inlet sessions list` has them"
    )

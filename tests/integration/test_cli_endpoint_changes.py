from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from support import DECISION, PREDICTION, a_delivery, a_message, an_endpoint
from support_cli import Cli

from app.domain import Health
from app.storage import endpoints, health, messages, outbox
from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate
from app.webhook import signing

URL = "http://127.0.0.1:9000/hook"


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path, egress_allow_cidrs="127.0.0.0/8")


@pytest.fixture
def kept(cli):
    """The database of the commands, with an endpoint and two deliveries that wait for it."""
    (cli.folder / "data").mkdir()
    with closing(open_database(sqlite_url(cli.folder / "data" / "inlet.db"))) as database:
        migrate(database)
        with database.write() as conn:
            endpoints.add(conn, an_endpoint(secrets=(signing.new_secret(),)))
            messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
            for number in (1, 2):
                outbox.enqueue(conn, a_delivery(id=f"dlv_{number}"))
        yield database


def sales(database):
    with database.read() as conn:
        return endpoints.find(conn, "sales")


def row(cli):
    (found,) = cli.json("endpoints", "list")
    return found


def test_an_endpoint_is_paused_and_resumed(cli, kept):
    cli.run("endpoints", "pause", "sales")
    paused = row(cli)
    cli.run("endpoints", "resume", "sales")

    assert (paused["state"], paused["waiting"]) == ("paused", 2)
    assert (row(cli)["state"], row(cli)["waiting"]) == ("on", 2)


def test_a_disabled_endpoint_gives_up_what_waits(cli, kept):
    said = cli.run("endpoints", "disable", "sales").stderr

    assert said == "sales is disabled; 2 deliveries that waited for it are given up\n"
    assert (row(cli)["state"], row(cli)["waiting"]) == ("disabled", 0)


def test_an_enabled_endpoint_begins_anew(cli, kept):
    since = datetime(2026, 11, 1, tzinfo=UTC)
    with kept.write() as conn:
        endpoints.set_enabled(conn, "ep_1", False)
        health.keep(conn, "ep_1", Health(failures=9, failing_since=since))

    before = row(cli)
    said = cli.run("endpoints", "enable", "sales").stderr

    assert (before["failures"], before["failing_since"]) == (9, "2026-11-01T00:00:00+00:00")
    assert (row(cli)["failures"], row(cli)["failing_since"], row(cli)["state"]) == (0, None, "on")
    assert "inlet deliveries replay --endpoint sales --status suppressed" in said


@pytest.mark.parametrize(
    ("until", "state"),
    [
        (datetime(2100, 1, 1, tzinfo=UTC), "not tried until 2100-01-01T00:00:00+00:00"),
        (datetime(2020, 1, 1, tzinfo=UTC), "tried with one delivery next"),
    ],
)
def test_the_list_says_how_a_circuit_is(cli, kept, until, state):
    with kept.write() as conn:
        health.keep(conn, "ep_1", Health(failures=5, failing_since=until, open_until=until))

    assert row(cli)["state"] == state


def test_limits_are_changed_one_by_one(cli, kept):
    def limits():
        return (row(cli)["rate_per_s"], row(cli)["max_in_flight"])

    cli.run("endpoints", "limits", "sales", "--rate", "2.5")
    first = limits()
    cli.run("endpoints", "limits", "sales", "--in-flight", "8")
    second = limits()
    cli.run("endpoints", "limits", "sales", "--rate", "0")

    assert [first, second, limits()] == [(2.5, 4), (2.5, 8), (None, 8)]


@pytest.mark.parametrize(
    "option", [("--rate", "-1"), ("--rate", "nan"), ("--in-flight", "0"), ("--in-flight", "33")]
)
def test_limits_that_let_nothing_through_are_refused(cli, kept, option):
    assert option[0] in cli.refused("endpoints", "limits", "sales", *option)
    assert option[0] in cli.refused("endpoints", "add", "x", URL, *option)


@pytest.mark.parametrize("command", ["pause", "resume", "enable", "disable", "limits", "rotate"])
def test_an_endpoint_that_is_not_there_cannot_be_changed(cli, command):
    assert cli.refused("endpoints", command, "sales") == (
        "there is no endpoint of that name; `inlet endpoints list` shows them"
    )


def test_a_rotated_secret_is_shown_once_and_the_old_one_signs_for_a_day(cli, kept):
    old = sales(kept).secrets
    before = datetime.now(UTC)

    made = cli.json("endpoints", "rotate", "sales")

    rotated = sales(kept)
    (retired,) = rotated.retired
    assert (rotated.secrets, retired.secret) == ((made["secret"],), old[0])
    assert timedelta(0) <= retired.until - before - timedelta(days=1) < timedelta(minutes=1)
    assert row(cli)["retired_secrets"] == 1
    assert made["secret"] not in cli.run("endpoints", "list").stdout


def test_a_secret_may_be_brought_along_and_the_old_one_end_at_once(cli, kept):
    mine = signing.new_secret()

    result = cli.run("endpoints", "rotate", "sales", "--secret", mine, "--grace", "0s")

    assert result.stdout == f"{mine}\n"
    assert (sales(kept).secrets, sales(kept).retired) == ((mine,), ())


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--grace", "soon"), "--grace must be a duration such as 30m, 24h or 7d, up to 30d"),
        (("--grace", "31d"), "--grace must be a duration such as 30m, 24h or 7d, up to 30d"),
        (("--secret", "whsec_!"), "--secret: a webhook secret is whsec_ and base64"),
    ],
)
def test_a_rotation_that_cannot_be_is_refused(cli, kept, args, sentence):
    before = sales(kept)

    assert cli.refused("endpoints", "rotate", "sales", *args) == sentence
    assert sales(kept) == before


def test_an_endpoint_is_added_with_a_format_and_its_options(cli):
    added = cli.run(
        *("endpoints", "add", "crm", "https://93.184.216.34/", "--format", "hubspot"),
        *("--option", "token=canary-token", "--rate", "4"),
    )

    assert added.exit_code == 0, added.stderr
    assert (row(cli)["format"], row(cli)["options"]) == ("hubspot", {"token": "***"})
    assert "canary" not in added.stdout + added.stderr + cli.run("endpoints", "list").stdout


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--format", "fax"), "there is no such format"),
        (("--format", "hubspot"), "the format hubspot needs token"),
        (("--option", "colour=canary"), "the format webhook has no options"),
        (("--option", "=canary"), "--option needs key=value"),
        (("--option", "canary"), "--option needs key=value"),
        (("--option", "a=1", "--option", "a=canary"), "--option names one key twice"),
    ],
)
def test_what_a_format_does_not_know_is_refused_and_not_repeated(cli, args, sentence):
    refused = cli.refused("endpoints", "add", "x", URL, *args)

    assert refused.startswith(sentence)
    assert "canary" not in refused


def test_the_password_of_a_mail_server_is_not_listed(cli, kept):
    with kept.write() as conn:
        url = "smtp://inlet:canary@mail.example.com:587"
        endpoints.add(conn, an_endpoint(id="ep_2", name="mail", url=url, format="email"))

    listed = cli.run("endpoints", "list", "--json").stdout + cli.run("endpoints", "list").stdout
    assert "smtp://inlet:***@mail.example.com:587" in listed
    assert "canary" not in listed

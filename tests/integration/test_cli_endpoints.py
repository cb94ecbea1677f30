import re

import pytest
from support_cli import Cli
from support_receiver import Receiver, status

from app.parts import utc_now
from app.webhook import signing

LOOPBACK = "127.0.0.0/8"


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path, egress_allow_cidrs=LOOPBACK, delivery_timeout_s=5)


def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(cli):
    result = cli.run("endpoints", "add", "sales", "http://127.0.0.1:9000/hook")

    assert result.exit_code == 0
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", result.stdout)
    assert result.stderr.startswith("sales added.")
    assert result.stdout.strip() not in cli.run("endpoints", "list").stdout


def test_an_endpoint_is_listed_as_it_was_added(cli):
    made = cli.json("endpoints", "add", "sales", "http://127.0.0.1:9000/hook?[x]=/y")

    assert cli.json("endpoints", "list") == [
        {
            "id": made["id"],
            "name": "sales",
            "url": "http://127.0.0.1:9000/hook?[x]=/y",
            "enabled": True,
            "format": "webhook",
            "options": {},
            "state": "on",
            "paused": False,
            "failures": 0,
            "failing_since": None,
            "open_until": None,
            "waiting": 0,
            "rate_per_s": None,
            "max_in_flight": 4,
            "retired_secrets": 0,
        }
    ]
    table = cli.run("endpoints", "list").stdout
    assert all(value in table for value in ("sales", "webhook", "127.0.0.1:9000", "on"))
    assert "/hook" not in table  # whoever has a chat's address may post there


def test_an_endpoint_may_bring_its_own_secret(cli):
    secret = signing.new_secret()

    made = cli.json("endpoints", "add", "sales", "http://127.0.0.1:9000/", "--secret", secret)

    assert made["secret"] == secret


def test_a_test_event_is_signed_like_a_delivery(cli):
    with Receiver(status(204)) as receiver:
        made = cli.json("endpoints", "add", "sales", receiver.url)
        result = cli.json("endpoints", "test", "sales")

    assert (result["delivered"], result["status_code"]) == (True, 204)
    (request,) = receiver.requests
    standard = signing.verify(
        request.headers, request.body, secrets=[made["secret"]], now=utc_now(), tolerance_s=60
    )
    assert standard
    assert request.body.startswith(b'{"type":"endpoint.test"')


def test_a_test_that_is_not_delivered_says_why_and_exits_with_1(cli):
    with Receiver(status(500)) as receiver:
        cli.json("endpoints", "add", "sales", receiver.url)
        result = cli.run("endpoints", "test", "sales")

    assert result.exit_code == 1
    assert result.stdout.startswith("delivered False, status_code 500, duration_ms ")


def test_a_test_of_an_endpoint_that_nobody_runs_says_so(cli):
    with Receiver() as receiver:
        url = receiver.url
    cli.json("endpoints", "add", "sales", url)

    result = cli.run("endpoints", "test", "sales", "--json")

    assert result.exit_code == 1
    assert '"error_code": "connection_refused"' in result.stdout


def test_a_test_of_an_unknown_endpoint_is_refused(cli):
    assert cli.refused("endpoints", "test", "sales") == (
        "there is no endpoint of that name; `inlet endpoints list` shows them"
    )


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://10.0.0.1/", "the host is not on the public internet; an operator can allow it"),
        ("http://127.0.0.1:8080/", "webhooks are not sent to the service itself"),
        ("ftp://example.com/", "the URL must be https://host[:port]/path in ASCII"),
        ("http://user:secret@127.0.0.1/", "the URL must be https://host[:port]/path in ASCII"),
        ("\udcff", "the URL must be https://host[:port]/path in ASCII"),
    ],
)
def test_an_address_that_must_not_be_called_is_not_added(cli, url, sentence):
    assert cli.refused("endpoints", "add", "sales", url).startswith(sentence)
    assert cli.json("endpoints", "list") == []


@pytest.mark.parametrize("name", ["", " ", "\udcff"], ids=["none", "blank", "broken"])
def test_a_name_that_no_policy_can_call_is_refused(cli, name):
    assert cli.refused("endpoints", "add", name, "http://127.0.0.1:9000/")


@pytest.mark.parametrize("secret", ["whsec_", "hunter2", "whsec_c2hvcnQ="])
def test_a_secret_that_cannot_sign_is_refused_and_not_repeated(cli, secret):
    sentence = cli.refused("endpoints", "add", "x", "http://127.0.0.1:9000/", "--secret", secret)

    assert sentence.startswith("--secret: a webhook secret ")
    assert secret.removeprefix("whsec_") == "" or secret not in sentence


def test_a_name_is_taken_once(cli):
    cli.json("endpoints", "add", "sales", "http://127.0.0.1:9000/")

    sentence = cli.refused("endpoints", "add", "sales", "http://127.0.0.1:9001/")

    assert sentence == "there is an endpoint of that name already"

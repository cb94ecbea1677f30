import json
from urllib.parse import quote

import pytest
from support_cli import Cli
from support_crm import GOOD
from support_mailbox import PASSWORD, USER, Mailbox, mail_server
from support_receiver import Receiver, status

TOKEN = "pat-na1-s3cret"


@pytest.fixture
def cli(tmp_path):
    return Cli(
        tmp_path,
        egress_allow_hosts="127.0.0.1",
        delivery_timeout_s=5,
        public_url="https://inlet.example.com",
    )


def add(cli, url, format, **options):
    given = [word for key, value in options.items() for word in ("--option", f"{key}={value}")]
    cli.json("endpoints", "add", "sales", url, "--format", format, *given)


def test_a_test_shows_what_went_out_and_what_came_back(cli):
    with Receiver(status(200, b"ok")) as receiver:
        add(cli, receiver.url, "slack")
        result = cli.json("endpoints", "test", "sales")

    (step,) = result["steps"]
    assert (step["method"], step["host"], step["answer"]) == ("POST", "127.0.0.1", "ok")
    assert step["body"].encode() == receiver.requests[0].body
    assert "Test: demo request 93 %" in step["body"]
    assert "https://inlet.example.com/sample/mine" in step["body"]


def test_a_test_goes_through_every_step_and_keeps_the_token(cli):
    paths = ("/contacts/batch/upsert", "/objects/2026-03/notes")
    answers = [status(GOOD[path][0], json.dumps(GOOD[path][1]).encode()) for path in paths]
    with Receiver(*answers * 2) as receiver:
        add(cli, receiver.url.removesuffix("/hook"), "hubspot", token=TOKEN)
        result = cli.run("endpoints", "test", "sales", "--json")
        told = cli.run("endpoints", "test", "sales")

    assert [one["status_code"] for one in json.loads(result.stdout)["steps"]] == [200, 201]
    assert told.stdout.count("> Authorization: ***") == 2
    assert TOKEN not in result.stdout + told.stdout + cli.run("endpoints", "list", "--json").stdout
    assert receiver.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


MAIL = {"from": "inlet@example.com", "to": "sales@example.com"}


def test_a_test_of_a_mail_is_a_mail(cli):
    box = Mailbox()
    with mail_server(box) as port:
        add(cli, f"smtp://127.0.0.1:{port}", "email", **MAIL)
        result = cli.json("endpoints", "test", "sales")

    (step,) = result["steps"]
    assert (step["method"], step["host"], step["status_code"]) == ("SMTP", "127.0.0.1", 250)
    assert box.envelopes[0][0].content.decode() == step["body"]


def test_the_password_of_a_mail_server_is_not_shown(cli):
    with mail_server(Mailbox()) as port:
        login = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}"
        add(cli, f"smtp://{login}@127.0.0.1:{port}", "email", **MAIL)
        shown = [cli.run("endpoints", *words) for words in (["test", "sales"], ["list", "--json"])]

    assert shown[0].exit_code == 1  # this server knows no logins
    assert not any("s3cret" in one.stdout + one.stderr for one in shown)


def test_a_test_that_cannot_be_written_says_why(tmp_path):
    cli = Cli(tmp_path, egress_allow_cidrs="127.0.0.0/8", webhook_personal_data="false")
    with Receiver() as receiver:
        add(cli, receiver.url, "hubspot", token=TOKEN)
        result = cli.run("endpoints", "test", "sales")

    assert result.exit_code == 1
    assert result.stdout.startswith("delivered False, error_code not_renderable, ")
    assert "INLET_WEBHOOK_PERSONAL_DATA" in result.stdout
    assert receiver.requests == []


def test_an_answer_cannot_drive_the_terminal(cli):
    with Receiver(status(400, b"\x1b[2Jno\x07 \xe2\x80\xaegpj")) as receiver:
        add(cli, receiver.url, "slack")
        result = cli.run("endpoints", "test", "sales")

    assert result.exit_code == 1
    assert not set("\x1b\x07\u202e") & set(result.stdout)

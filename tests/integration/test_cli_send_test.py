import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from support_cli import Cli
from support_receiver import Receiver, status
from support_service import Inlet, environ_of

STEPS = [
    *("sent", "verified", "kept", "parsed", "stripped", "classified", "decided"),
    "deliveries",
]
LOOPBACK = "127.0.0.0/8"
PASSWORD, SECRET = "user:pass w", "s3cr+t/&x="
KEYS = {
    **{f"{name}_auth": PASSWORD for name in ("postmark", "sendgrid", "dialogflow")},
    **{f"{name}_secret": SECRET for name in ("mailgun", "mandrill", "chatwoot", "twilio")},
    **{f"{name}_secret": SECRET for name in ("rasa", "botpress", "sparkpost")},
    "sparkpost_auth": PASSWORD,
    "ses_topics": "arn:aws:sns:eu-west-1:123456789012:mail",
}
MAILS = ("email", "postmark", "sendgrid", "mailgun", "mandrill", "sparkpost")
CHATS = ("chat", "chatwoot", "twilio", "botpress", "rasa", "dialogflow", "dialogflow-es")


@contextmanager
def serving(folder, artifacts, **settings):
    """A real service, and commands that are set up as it is."""
    settings = {"artifacts": artifacts, "egress_allow_cidrs": LOOPBACK, **settings}
    environ = environ_of(folder, port=0, **settings)
    with Inlet("serve", environ=environ, folder=folder) as running:
        url = running.wait_until_it_listens()
        port = url.rpartition(":")[2]
        cli = Cli(folder, port=port, **settings)
        yield SimpleNamespace(url=url, cli=cli, running=running)


@pytest.fixture(scope="module")
def service(tmp_path_factory, artifacts):
    """One for all tests that leave it as it is; each message is another."""
    with serving(tmp_path_factory.mktemp("service"), artifacts, **KEYS) as one:
        yield one


@pytest.fixture
def cli(service):
    """Commands that know the service's keys; a test may let them know others."""
    one = Cli(service.cli.folder)
    one.environ = dict(service.cli.environ)
    return one


def failure(cli, *args):
    """The trace of a test that fails: its last step, and all of it."""
    result = cli.run("send-test", *args, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    last = told["steps"][-1]
    assert (told["failed"], last["ok"]) == (last["step"], False)
    return last, told


@pytest.mark.parametrize("source", MAILS)
def test_a_mail_is_followed_from_the_door_to_its_receivers(cli, service, source):
    told = cli.json("send-test", source)

    steps = {step["step"]: step for step in told["steps"]}
    assert (list(steps), told["failed"], told["url"]) == (STEPS, None, service.url)
    assert steps["sent"]["status"] == (202 if source == "email" else 200)
    assert steps["kept"]["id"].startswith("arr_")
    assert steps["parsed"]["subject"] == "Re: Reading our shared mailbox"
    assert all(steps["stripped"][part] > 50 for part in ("quoted", "signature", "disclaimer"))
    assert set(steps["classified"]["intents"]) >= {"pricing", "demo_request"}
    assert steps["decided"]["route"]
    assert steps["deliveries"]["deliveries"] == []


@pytest.mark.parametrize("source", CHATS)
def test_a_line_of_a_chat_is_followed_as_far_as_it_can_be(cli, source):
    told = cli.json("send-test", source)

    steps = {step["step"]: step for step in told["steps"]}
    assert (list(steps), told["failed"]) == (STEPS, None)
    assert steps["decided"]["route"]


def test_two_tests_are_two_messages(cli):
    ids = {cli.json("send-test", "postmark")["steps"][2]["id"] for _ in range(2)}

    assert len(ids) == 2


def test_a_person_gets_a_line_a_step(cli):
    result = cli.run("send-test", "postmark")

    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [["✔", step] for step in STEPS]
    assert lines[1].endswith("by INLET_POSTMARK_AUTH")
    assert "cut: quoted " in lines[4]


def test_what_only_amazon_can_sign_shows_its_refusal(cli):
    last, told = failure(cli, "ses")

    assert [step["step"] for step in told["steps"]] == ["sent", "verified"]
    assert told["steps"][0]["status"] == 403
    assert "only Amazon can sign" in last["mend"]


@pytest.mark.parametrize(
    ("source", "variable", "other"),
    [
        ("postmark", "INLET_POSTMARK_AUTH", "user:n0t-it"),
        ("mailgun", "INLET_MAILGUN_SECRET", "n0t-it"),
        ("sparkpost", "INLET_SPARKPOST_AUTH", "user:n0t-it"),
        ("sparkpost", "INLET_SPARKPOST_SECRET", "n0t-it"),
        ("twilio", "INLET_TWILIO_SECRET", "n0t-it"),
    ],
)
def test_a_secret_that_disagrees_is_named(cli, source, variable, other):
    cli.environ[variable] = other

    last, told = failure(cli, source)

    assert last["step"] == "verified"
    assert told["steps"][0]["status"] == 401
    assert last["mend"].startswith(variable)
    assert "n0t-it" not in json.dumps(told)


def test_a_wrong_public_address_is_named(cli):
    cli.environ["INLET_PUBLIC_URL"] = "https://inlet.example.com"

    assert "INLET_PUBLIC_URL" in failure(cli, "mandrill")[0]["mend"]


def test_a_source_that_is_off_in_the_service_names_what_to_set(cli):
    cli.environ["INLET_BREVO_AUTH"] = PASSWORD

    last, _ = failure(cli, "brevo")

    assert (last["step"], last["status"]) == ("sent", 404)
    assert "set INLET_BREVO_AUTH for the service and start it again" in last["mend"]


def test_a_source_that_is_off_here_names_what_to_set(cli):
    assert cli.refused("send-test", "resend") == (
        "resend is off: set INLET_RESEND_SECRET and INLET_RESEND_AUTH here and for the service, "
        "to the same"
    )


def test_a_source_must_be_named_and_known(cli):
    assert cli.refused("send-test").startswith("name a source; ")
    assert cli.refused("send-test", "carrier-pigeon").startswith("there is no source of that name")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8080", "http://", "http://[::1"])
def test_an_address_that_is_none_is_refused(cli, url):
    assert cli.refused("send-test", "chat", "--url", url).startswith("--url is no address")


def test_a_port_that_is_chosen_at_the_start_must_be_told(cli):
    cli.environ["INLET_PORT"] = "0"

    assert "--url" in cli.refused("send-test", "chat")


def test_a_key_that_no_header_can_carry_is_refused(cli):
    assert "visible ASCII" in cli.refused("send-test", "chat", "--key", "clé")


def test_the_sources_are_listed_with_what_switches_them_on(cli):
    rows = {row["source"]: row for row in cli.json("send-test", "--list")}

    on = {name for name, row in rows.items() if row["on"]}
    assert on == {*MAILS, *CHATS, "ses"}
    assert len(rows) > len(on)
    assert rows["resend"]["needs"] == "INLET_RESEND_SECRET and INLET_RESEND_AUTH"
    shown = cli.run("send-test", "--list").stdout
    assert all(name in shown for name in rows)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("source", ["email", "postmark", "sendgrid", "twilio", "sparkpost"])
def test_a_request_that_is_shown_can_be_pasted(cli, source):
    shown = cli.run("send-test", source, "--show").stdout
    assert SECRET not in shown
    assert PASSWORD not in shown

    command = f"{shown.strip()} -o {os.devnull} -w '%{{http_code}}'"
    environ = {**os.environ, **cli.environ}
    pasted = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, timeout=60)

    assert (pasted.stdout, pasted.stderr) == (b"202" if source == "email" else b"200", b"")


def test_nobody_who_answers_is_told(cli):
    with Receiver() as gone:
        url = gone.url.removesuffix("/hook")

    last, _ = failure(cli, "chat", "--url", url)

    assert (last["step"], last["words"]) == ("sent", "no answer")


@pytest.mark.parametrize("answer", [status(404), status(200), status(302, headers=["Location: /"])])
def test_what_is_not_inlet_is_told(cli, answer):
    with Receiver(answer) as other:
        last, _ = failure(cli, "postmark", "--url", other.url.removesuffix("/hook"))

    assert last["step"] in ("sent", "kept")


def test_an_event_of_resend_ends_where_its_mail_would_be_fetched(cli):
    """A scripted service stands in, because the real one would call Resend."""
    cli.environ |= {"INLET_RESEND_SECRET": "whsec_a2V5a2V5a2V5a2V5", "INLET_RESEND_AUTH": "x:re_1"}
    kept = {"id": "arr_1", "bytes": 9, "status": "failed", "error_code": "unknown_shape"}
    page = json.dumps({"arrivals": [{**kept, "message_ids": []}]}).encode()
    with Receiver(status(200), status(200, page)) as scripted:
        last, told = failure(cli, "resend", "--url", scripted.url.removesuffix("/hook"))

    assert [step["step"] for step in told["steps"]] == ["sent", "verified", "kept", "parsed"]
    assert (last["words"], "asks Resend" in last["mend"]) == ("failed: unknown_shape", True)


def test_an_api_key_goes_to_the_service_and_not_in_place_of_the_vendors_proof(cli):
    with Receiver(status(200), status(401, b'{"code":"unauthenticated"}')) as scripted:
        url = scripted.url.removesuffix("/hook")
        failure(cli, "chatwoot", "--url", url, "--key", "inlet_k")
        failure(cli, "postmark", "--url", url, "--key", "inlet_k")

    shown = [request.headers.get("authorization", "").split()[:1] for request in scripted.requests]
    assert shown == [[], ["Bearer"], ["Basic"]]


def test_a_closed_service_asks_for_a_key(tmp_path, artifacts):
    with serving(tmp_path, artifacts, **KEYS) as service:
        cli = service.cli
        key = cli.json("keys", "create", "test")["key"]
        weak = cli.json("keys", "create", "weak", "--scope", "messages:write")["key"]
        without = failure(cli, "chat")[0], failure(cli, "postmark")[0]
        lacking = failure(cli, "email", "--key", weak)[0]
        given = cli.json("send-test", "email", "--key", key)
        cli.environ["INLET_API_KEY"] = key
        by_variable = cli.json("send-test", "postmark")
        shown = cli.run("send-test", "chat", "--show").stdout

    assert [one["step"] for one in without] == ["verified", "kept"]
    assert all("--key or INLET_API_KEY" in one["mend"] for one in (*without, lacking))
    assert (lacking["step"], lacking["words"]) == (
        "kept",
        "this API key lacks the scope messages:read",
    )
    assert given["steps"][1]["words"] == "by the API key"
    assert by_variable["failed"] is None
    assert key not in shown
    assert "INLET_API_KEY" in shown


def test_receivers_that_hear_of_it_are_shown_with_what_they_said(tmp_path, artifacts):
    with (
        Receiver(status(204), status(500)) as receiver,
        serving(tmp_path, artifacts, **KEYS) as service,
    ):
        for name in ("sales", "success", "support", "inbox"):
            service.cli.json("endpoints", "add", name, receiver.url)
        good = service.cli.json("send-test", "postmark")["steps"][-1]
        bad, _ = failure(service.cli, "postmark")

    [delivery] = good["deliveries"]
    assert (delivery["status"], delivery["problem"]) == ("delivered", None)
    [delivery] = bad["deliveries"]
    assert (bad["step"], delivery["status"], delivery["problem"]) == ("deliveries", "pending", 500)
    assert "inlet endpoints test" in bad["mend"]

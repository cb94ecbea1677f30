import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime

import httpx2
import pytest
from support_receiver import Receiver as Scripted
from support_receiver import status
from support_service import ROOT, Inlet, environ_of, run_inlet

from app.demo import SAMPLES, Receiver, post_samples
from app.errors import ConfigError
from app.storage import messages
from app.storage.engine import open_database
from app.webhook.signing import new_secret, signed_headers

SHIPPED = ROOT / "models" / "artifacts"
WEBHOOK = re.compile(r"POST /(sales|success)  signature verified")


@pytest.fixture
def environ(tmp_path):
    """The shipped model, which is what a newcomer sees."""
    return environ_of(tmp_path, artifacts=SHIPPED) | {"TMPDIR": str(tmp_path)}


@pytest.fixture
def taken_port():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def free_port():
    """One that nobody has: the usual one may be in use on this machine, which would be said."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])


@pytest.fixture
def usual_port_taken():
    """By us, or by whatever else has it on this machine."""
    with ExitStack() as held:
        with suppress(OSError):
            held.enter_context(socket.create_server(("127.0.0.1", 8080)))
        yield


def come(database, count, *, within_s=60.0):
    """Whether so many messages are there in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with database.read() as conn:
            if messages.count_since(conn, datetime.min.replace(tzinfo=UTC)) >= count:
                return True
        time.sleep(0.2)
    return False


def post(receiver, *, secret, body=b'{"type":"lead.detected"}'):
    headers = signed_headers([secret], webhook_id="dlv_1", sent_at=datetime.now(UTC), body=body)
    return httpx2.post(f"{receiver.url}/sales", content=body, headers=headers, trust_env=False)


def test_the_demo_shows_what_was_said_of_each_sample_and_what_was_sent(
    tmp_path, environ, free_port
):
    ended = run_inlet("demo", "--exit", "--port", free_port, environ=environ, cwd=tmp_path)

    assert (ended.returncode, ended.stderr) == (0, b"")
    shown = ended.stdout.decode()
    flat = " ".join(re.sub(r"[│╭╮╰╯─┃┏┓┡┩━]", " ", shown).split())
    assert all(sample["text"].split()[0] in flat for sample in SAMPLES)
    routes = [WEBHOOK.search(line)[1] for line in shown.splitlines() if WEBHOOK.search(line)]
    assert {"sales", "success"} == set(routes)
    assert "BAD SIGNATURE" not in shown
    for header in ("webhook-id: dlv_", "webhook-timestamp: ", "webhook-signature: v1,"):
        assert shown.count(header) == len(routes)
    assert "  curl -s http://127.0.0.1:" in shown
    assert re.search(
        r"with its signed request: http://127\.0\.0\.1:\d+/messages/msg_\w{26}\n", shown
    )


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_curl_line_works_when_it_is_pasted(tmp_path, environ):
    with Inlet("demo", environ=environ, folder=tmp_path) as demo:
        demo.wait_until_it_says("Serving until Ctrl-C.")
        command = demo.wait_until_it_says("Try:  ")
        assert shlex.split(command)[0] == "curl"

        pasted = subprocess.run(["sh", "-c", command], capture_output=True, timeout=60)

    assert b'"labels":["demo_request"' in pasted.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_ended_leaves_nothing_behind(tmp_path, environ, number):
    with Inlet("demo", environ=environ, folder=tmp_path) as demo:
        demo.wait_until_it_says("Serving until Ctrl-C.")
        folder = demo.wait_until_it_says("Data: ").partition(" ")[0]

        assert demo.stop(number) == 0

    assert folder.startswith(f"{tmp_path}/inlet-demo-")
    assert list(tmp_path.iterdir()) == [demo.log]
    assert demo.said().endswith("stopped\n")


def test_a_demo_that_goes_on_has_samples_and_lets_messages_come(tmp_path, environ, free_port):
    with Inlet("demo", "--port", free_port, environ=environ, folder=tmp_path) as demo:
        assert demo.wait_until_it_says("Samples: ") == "200 messages of the last week."
        demo.wait_until_it_says("Serving until Ctrl-C.")
        folder = demo.wait_until_it_says("Data: ").partition(" ")[0]
        database = open_database(f"sqlite:///{folder}/inlet.db")
        with closing(database):
            assert come(database, 200 + len(SAMPLES) + 1)


def test_the_usual_port_in_use_is_passed_over_and_said(tmp_path, environ, usual_port_taken):
    ended = run_inlet("demo", "--exit", environ=environ, cwd=tmp_path)

    assert ended.returncode == 0
    said = re.fullmatch(r"port 8080 is in use; taking (\d+)\n", ended.stderr.decode())
    assert 8080 < int(said[1]) <= 8090
    assert f"http://127.0.0.1:{said[1]}/docs".encode() in ended.stdout


def test_a_port_that_was_asked_for_is_not_changed_for_another(tmp_path, environ, taken_port):
    ended = run_inlet("demo", "--exit", "--port", str(taken_port), environ=environ, cwd=tmp_path)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.decode().startswith(
        f"error: cannot listen on 127.0.0.1 port {taken_port}: Address already in use; "
    )


def test_the_demo_leaves_the_operators_own_data_alone(tmp_path, environ):
    run_inlet("demo", "--exit", environ=environ, cwd=tmp_path)

    assert not (tmp_path / "data").exists()


def test_a_demo_without_a_model_says_so(tmp_path, environ, free_port):
    ended = run_inlet(
        "demo",
        "--exit",
        "--port",
        free_port,
        environ={**environ, "INLET_ARTIFACTS": str(tmp_path / "none")},
        cwd=tmp_path,
    )

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.startswith(b"error: there is no version 'default' in ")
    assert ended.stderr.count(b"\n") == 1


def test_the_receiver_takes_only_what_is_signed_with_its_secret():
    with Receiver().listening() as receiver:
        answers = [post(receiver, secret=receiver.secret), post(receiver, secret=new_secret())]
        unsigned = httpx2.post(f"{receiver.url}/sales", content=b"{}", trust_env=False)

    assert [answer.status_code for answer in (*answers, unsigned)] == [204, 401, 401]
    assert [webhook.verified for webhook in receiver.received] == [True, False, False]


def test_the_receiver_shows_the_signature_headers_and_the_body_as_it_came():
    with Receiver().listening() as receiver:
        post(receiver, secret=receiver.secret)
        (webhook,) = receiver.wait_for(1, 5.0)

    assert (webhook.path, webhook.body) == ("/sales", '{"type":"lead.detected"}')
    assert list(webhook.headers) == ["webhook-id", "webhook-signature", "webhook-timestamp"]


def test_the_receiver_waits_no_longer_than_it_is_told():
    assert Receiver().wait_for(1, 0.01) == []


def test_a_sample_is_posted_again_when_a_busy_service_asks_for_it():
    busy = status(503, headers=("Retry-After: 0", "Connection: close"))
    taken = status(201, b'{"id": "msg_1"}', headers=("Connection: close",))
    with Scripted(busy, busy, taken) as service:
        answers = post_samples(service.url, busy_s=60)

    assert answers == [{"id": "msg_1"}] * len(SAMPLES)
    assert len(service.requests) == len(SAMPLES) + 2
    assert len({request.body for request in service.requests[:3]}) == 1


def test_a_service_that_stays_busy_is_not_waited_for_for_ever():
    with (
        Scripted(status(503, headers=("Retry-After: 61",))) as service,
        pytest.raises(ConfigError, match="the service did not take the samples: "),
    ):
        post_samples(service.url, busy_s=60)

    assert len(service.requests) == 1


def test_a_demo_that_stays_prints_a_link_to_its_pages(tmp_path, environ):
    with Inlet("demo", environ=environ, folder=tmp_path) as demo:
        link = demo.wait_until_it_says("Sign in, once and within 15 minutes: ")

        answer = httpx2.get(link, trust_env=False)

    assert answer.status_code == 200
    assert demo.said().index(link) < demo.said().index("Serving until Ctrl-C.")

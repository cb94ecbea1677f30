import socket

import pytest
from support import START
from support_receiver import Receiver, status

from app.cli.checks.network import asked, asked_seen, proxy, reached
from app.cli.checks.seen import Seen
from app.domain import Endpoint
from app.settings import Settings
from app.webhook.guard import Guard

LOOPBACK = ("127.0.0.0/8",)


def endpoint(url):
    return Endpoint(id="ep_1", name="sales", url=url, secrets=(), enabled=True, created_at=START)


def settings(tmp_path, **given):
    return Settings(data_dir=tmp_path, **given)


def test_an_endpoint_that_answers_needs_no_word():
    with Receiver(b"") as receiver:
        seen = reached(Guard(allow_cidrs=LOOPBACK), endpoint(receiver.url))

        assert seen == Seen("")
        assert receiver.requests == []


def test_an_endpoint_where_nobody_listens_is_a_hint():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    seen = reached(Guard(allow_cidrs=LOOPBACK), endpoint(f"http://127.0.0.1:{port}/"))

    assert seen == Seen("sales: Connection refused", "`inlet endpoints test sales` says more")


def test_an_endpoint_whose_name_has_no_address_fails():
    def nowhere(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    seen = reached(Guard(lookup=nowhere), endpoint("https://hooks.example.com/"))

    assert (seen.detail, seen.ok) == ("sales: its name has no address", False)
    assert "DNS" in seen.mend


def test_an_endpoint_that_must_not_be_called_fails():
    seen = reached(
        Guard(lookup=lambda host, port: ["10.0.0.1"]), endpoint("https://hooks.example.com/")
    )

    assert not seen.ok
    assert seen.detail.startswith("sales: the host is not on the public internet")


def test_without_a_proxy_this_machine_alone_can_call(tmp_path):
    seen = proxy(settings(tmp_path))

    assert seen == Seen("none: INLET_PUBLIC_URL is unset, and only this machine can call")


def test_without_a_proxy_others_call_in_clear(tmp_path):
    seen = proxy(settings(tmp_path, host="0.0.0.0"))

    assert seen.ok
    assert "put a proxy with TLS before the service" in seen.mend


def test_an_address_that_does_not_answer_is_a_hint(tmp_path):
    seen = proxy(settings(tmp_path, public_url="https://inlet.invalid"))

    assert seen.ok
    assert seen.detail == "INLET_PUBLIC_URL does not answer"
    assert seen.mend.endswith("pass its calls on to port 8080")


def test_an_address_of_this_machine_is_no_proxy(tmp_path):
    assert proxy(settings(tmp_path, public_url="http://localhost:8080")).mend


@pytest.mark.parametrize("refused", [401, 403])
def test_a_stranger_who_is_asked_for_a_key_is_in_order(refused):
    assert asked_seen((200, refused), 8080) == Seen(
        "who calls by INLET_PUBLIC_URL is asked for a key"
    )


def test_a_stranger_who_passes_for_this_machines_user_is_a_failure():
    seen = asked_seen((200, 200), 8080)

    assert not seen.ok
    assert "X-Forwarded-For" in seen.mend


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ((502, 502), "INLET_PUBLIC_URL answers 502"),
        ((200, 404), "/v1 answers 404 by INLET_PUBLIC_URL"),
        (None, "INLET_PUBLIC_URL does not answer"),
    ],
)
def test_a_proxy_that_does_not_pass_calls_on_is_a_hint(statuses, told):
    seen = asked_seen(statuses, 8080)

    assert (seen.detail, seen.ok) == (told, True)
    assert seen.mend


def test_a_stranger_asks_without_a_key():
    with Receiver(status(200), status(401)) as receiver:
        statuses = asked(f"http://127.0.0.1:{receiver.port}")

    assert statuses == (200, 401)
    assert [request.path for request in receiver.requests] == ["/livez", "/v1/deliveries?limit=1"]
    assert not any("authorization" in request.headers for request in receiver.requests)

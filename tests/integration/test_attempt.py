import json
import time

import pytest
from support import an_endpoint
from support_crm import GOOD
from support_events import NOW, SECRET, stored
from support_receiver import Receiver, drip, endless, silent, status

from app.domain import DeliveryStatus
from app.webhook import retry
from app.webhook.attempt import attempt
from app.webhook.guard import Guard
from app.webhook.sender import Sender
from app.webhook.watching import Watched

HUBSPOT = {"format": "hubspot", "options": {"token": "pat-1"}}
PIPEDRIVE = {"format": "pipedrive", "options": {"token": "pd-1"}}


def sender(timeout_s=5):
    return Sender(Guard(allow_cidrs=["127.0.0.0/8"]), timeout_s=timeout_s)


def tried(receiver, *, body=None, timeout_s=5, begin=None, **endpoint):
    return attempt(
        begin or sender(timeout_s).begin,
        an_endpoint(url=receiver.url.removesuffix("/hook"), secrets=(SECRET,), **endpoint),
        webhook_id="dlv_1",
        body=stored() if body is None else body,
        sent_at=NOW,
    )


def said(answer):
    return (answer.delivered, answer.status_code, answer.error_code)


def json_answer(path):
    code, body = GOOD[path]
    return status(code, json.dumps(body).encode())


def test_each_step_is_a_request_with_the_answer_of_the_one_before():
    answers = [json_answer("/contacts/batch/upsert"), json_answer("/objects/2026-03/notes")]
    with Receiver(*answers) as receiver:
        answer = tried(receiver, **HUBSPOT)

    assert said(answer) == (True, 201, None)
    assert [(one.method, one.path) for one in receiver.requests] == [
        ("POST", "/crm/objects/2026-03/contacts/batch/upsert"),
        ("POST", "/crm/objects/2026-03/notes"),
    ]
    assert json.loads(receiver.requests[1].body)["associations"][0]["to"] == {"id": "501"}
    assert {one.headers["authorization"] for one in receiver.requests} == {"Bearer pat-1"}


def test_other_methods_than_post_go_out_too():
    paths = ["/leads/search", "/persons/search", "/v2/persons", "/v1/leads", "/v1/notes"]
    with Receiver(*map(json_answer, paths)) as receiver:
        answer = tried(receiver, **PIPEDRIVE)

    assert said(answer) == (True, 201, None)
    assert [one.method for one in receiver.requests] == ["GET", "GET", "POST", "POST", "POST"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(429, headers=["Retry-After: 30"]), (False, 429, None)),
        (status(401, b"no"), (False, 401, None)),
        (status(307, headers=["Location: /x"]), (False, 307, "redirect")),
        (status(200, b"no json"), (False, 200, "unreadable_answer")),
        (status(200, b'{"results": [' + b" " * 200_000 + b"]}"), (False, 200, "unreadable_answer")),
        (status(207, b'{"results": [], "numErrors": 1}'), (False, 207, "hubspot_refused")),
    ],
    ids=["busy", "no right", "redirect", "no json", "too long", "refused"],
)
def test_a_first_step_that_fails_is_the_attempts_answer(answer, expected):
    with Receiver(answer) as receiver:
        result = tried(receiver, **HUBSPOT)

    assert said(result) == expected
    assert len(receiver.requests) == 1


def test_a_busy_second_step_says_when_to_come_back():
    busy = status(429, headers=["Retry-After: 30"])
    with Receiver(json_answer("/contacts/batch/upsert"), busy) as receiver:
        result = tried(receiver, **HUBSPOT)

    assert (said(result), result.retry_after_s) == ((False, 429, None), 30.0)


@pytest.mark.parametrize("slow", [silent, drip(b"HTTP/1.1 200 OK\r\n\r\n", b"x", every_s=0.05)])
def test_all_steps_share_one_deadline(slow):
    def late(talk):
        time.sleep(1.0)  # the receiver's, so that the second step has less than a whole deadline
        talk.send(json_answer("/contacts/batch/upsert"))

    with Receiver(late, slow) as receiver:
        began = time.monotonic()
        result = tried(receiver, timeout_s=2.0, **HUBSPOT)
        took_s = time.monotonic() - began

    assert said(result) == (False, None, "timeout")
    assert took_s < 2.8  # three, if the second step had a deadline of its own
    assert result.duration_ms > 1_900


def test_an_endless_answer_is_read_to_its_limit():
    with Receiver(
        endless(b"HTTP/1.1 200 OK\r\n\r\n", b"[" * 9_000, limit_bytes=50_000_000)
    ) as receiver:
        assert said(tried(receiver, **HUBSPOT)) == (False, 200, "unreadable_answer")


@pytest.mark.parametrize(
    "endpoint",
    [HUBSPOT, {"format": "smoke signals"}, {"format": "email"}],
    ids=["crm", "gone", "mail"],
)
def test_what_cannot_be_written_is_not_sent_and_dies_at_once(endpoint):
    with Receiver() as receiver:
        answer = tried(receiver, body=stored(personal_data=False), **endpoint)
    outcome = retry.after(answer, attempts=1, now=NOW, spread=0.0)

    assert (said(answer), receiver.connections) == ((False, None, "not_renderable"), 0)
    assert answer.body_excerpt
    assert outcome.status is DeliveryStatus.DEAD
    assert outcome.disable_endpoint is False


def test_an_attempt_that_is_watched_shows_no_secret_and_no_path():
    answers = [json_answer("/contacts/batch/upsert"), json_answer("/objects/2026-03/notes")]
    watched = Watched(sender().begin)
    with Receiver(*answers) as receiver:
        tried(receiver, begin=watched.begin, **HUBSPOT)

    first, second = watched.steps
    assert (first["method"], first["host"], first["status_code"]) == ("POST", "127.0.0.1", 200)
    assert first["headers"]["Authorization"] == "***"
    assert json.loads(second["body"])["properties"]
    assert "pat-1" not in json.dumps(watched.steps)

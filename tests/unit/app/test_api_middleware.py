import asyncio
import json

import pytest
import structlog
from prometheus_client import CollectorRegistry

from app.api.metrics import Metrics
from app.api.middleware import Guarded, Observed, check_head
from app.errors import Refused

HOST = (b"host", b"127.0.0.1")
START = {"type": "http.response.start", "status": 200, "headers": []}
END = {"type": "http.response.body", "body": b"{}"}


def scope(*headers, method="POST", path="/v1/classify", query=b""):
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [HOST, *headers],
    }


def call(app, scope, *received):
    """Run one request; the answer's messages, and the lines that were logged."""
    sent, messages = [], list(received) or [{"type": "http.request", "body": b""}]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    observed = Observed(app, Metrics(CollectorRegistry()))
    with structlog.testing.capture_logs() as logged:
        asyncio.run(observed(scope, receive, send))
    return sent, logged


def headers_of(sent):
    return {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def answering(scope, receive, send):
    await send({**START, "headers": []})
    await send(END)


async def breaking(scope, receive, send):
    raise RuntimeError("canary")


async def breaking_late(scope, receive, send):
    await send({**START, "headers": []})
    raise RuntimeError("canary")


async def reading(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await answering(scope, receive, send)


def test_an_unexpected_error_is_answered_without_a_word_of_it():
    sent, logged = call(breaking, scope())

    body = json.loads(sent[1]["body"])
    assert (sent[0]["status"], body["code"]) == (500, "internal")
    assert [line["event"] for line in logged] == ["request_failed", "request"]
    assert logged[0]["error_type"] == "RuntimeError"
    assert logged[1] | {"duration_ms": 0} == {
        "event": "request",
        "log_level": "info",
        "method": "POST",
        "route": "unmatched",
        "status": 500,
        "code": "internal",
        "duration_ms": 0,
    }
    assert "canary" not in repr((sent, logged))


def test_an_error_in_the_middle_of_an_answer_ends_it_quietly():
    sent, logged = call(breaking_late, scope())

    assert [message["type"] for message in sent] == ["http.response.start"]
    assert "canary" not in repr(logged)


@pytest.mark.parametrize("given", ["abc-1.2_Z", "a" * 64])
def test_a_harmless_request_id_is_kept(given):
    sent, _ = call(answering, scope((b"x-request-id", given.encode())))

    assert headers_of(sent)["x-request-id"] == given


@pytest.mark.parametrize("given", [b"", b"a" * 65, b"a b", b"a\nb", b"\xe9", b'"'])
def test_another_request_id_is_replaced(given):
    sent, _ = call(answering, scope((b"x-request-id", given)))

    assert len(headers_of(sent)["x-request-id"]) == 36


def test_answers_of_the_api_are_not_kept_by_caches():
    api, _ = call(answering, scope())
    docs, _ = call(answering, scope(path="/docs"))

    assert headers_of(api)["cache-control"] == "no-store"
    assert "cache-control" not in headers_of(docs)
    assert headers_of(docs)["x-content-type-options"] == "nosniff"


def test_a_connection_is_closed_whose_body_was_not_read():
    length = (b"content-length", b"2")
    more = {"type": "http.request", "body": b"{", "more_body": True}
    last = {"type": "http.request", "body": b"}"}

    unread, _ = call(answering, scope(length))
    chunked, _ = call(answering, scope((b"transfer-encoding", b"chunked")))
    read, _ = call(reading, scope(length), more, last)
    bodiless, _ = call(answering, scope(method="GET"))

    closed = [headers_of(sent).get("connection") for sent in (unread, chunked, read, bodiless)]
    assert closed == ["close", "close", None, None]


@pytest.mark.parametrize(
    ("hostile", "code"),
    [
        (scope(*[(b"a", b"b")] * 100), "headers_too_large"),
        (scope((b"a", b"b" * 32_768)), "headers_too_large"),
        (scope(path="/" + "a" * 8_192), "uri_too_long"),
        (scope(query=b"a" * 8_192), "uri_too_long"),
        (scope(HOST), "bad_request"),
        ({**scope(), "headers": []}, "bad_request"),
        (scope((b"content-length", b"1"), (b"transfer-encoding", b"chunked")), "bad_request"),
    ],
)
def test_a_hostile_head_is_refused(hostile, code):
    with pytest.raises(Refused) as refused:
        check_head(hostile)

    assert refused.value.code == code


def test_a_refused_head_is_answered_and_goes_no_further():
    sent, logged = call(Guarded(breaking), scope(HOST))

    assert (sent[0]["status"], logged[-1]["code"]) == (400, "bad_request")


def test_the_head_of_an_ordinary_request_passes():
    check_head(scope(*[(b"x-%d" % n, b"v") for n in range(99)], query=b"limit=5"))

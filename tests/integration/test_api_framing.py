import asyncio
import contextlib
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
import structlog
import uvicorn
from support_api import NOTHING_STORED, running_api, until

from app.cli import http_protocol
from app.cli.http_protocol import HttpProtocol
from app.storage.engine import open_database, sqlite_url

PARSERS = ("h11", "httptools", HttpProtocol)  # the last is what `inlet serve` uses
JSON = b"Content-Type: application/json\r\n"
HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST /v1/messages HTTP/1.1\r\n"
BODY = b'{"text":"canary price"}'
DEADLINE_S = 0.3


@pytest.fixture(autouse=True)
def logged():
    with structlog.testing.capture_logs() as events:
        yield events


@pytest.fixture(params=PARSERS, ids=["h11", "httptools", "ours"])
def parser(request):
    return request.param


@pytest.fixture
def api(sqlite_file, clock, tmp_path):
    database = open_database(sqlite_url(sqlite_file))
    with running_api(database, clock, data_dir=tmp_path, max_body_bytes=4_096) as api:
        api.rebuild(body_deadline_s=DEADLINE_S)
        yield api
    database.close()


@pytest.fixture
def port(api, parser):
    with serving(api.app, parser) as port:
        yield port


@contextmanager
def serving(app, parser):
    """Run a real server; whoever enters gets its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    config = uvicorn.Config(
        app, http=parser, lifespan="off", log_config=None, access_log=False, ws="none"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def exchange(port, *pieces):
    """Send raw bytes and read until the server closes; status, headers, body."""
    with connect(port) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except OSError:  # the server has heard enough
                break
        return answer(read_all(connection))


def read_all(connection):
    received = b""
    while True:
        try:
            piece = connection.recv(65_536)
        except ConnectionResetError:
            return received
        if not piece:
            return received
        received += piece


def read_one(received):
    """Read one answer of several from a connection's file."""
    head = b"".join(iter(received.readline, b"\r\n")) + b"\r\n"
    length = int(answer(head)[1]["content-length"])
    return answer(head + received.read(length))


def answer(received):
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines)
    return int(status.split()[1]), {name.lower(): value for name, value in pairs}, body


def code_of(body):
    return json.loads(body)["code"]


def test_an_announced_body_over_the_cap_is_refused_before_it_is_sent(api, port):
    status, headers, body = exchange(port, POST + HOST + JSON + b"Content-Length: 4097\r\n\r\n")

    assert (status, code_of(body), headers["connection"]) == (413, "too_large", "close")


@pytest.mark.parametrize("length", [b"99999999999999999999", b"9" * 15])
def test_an_absurd_length_is_refused_at_once(api, port, parser, length):
    status, headers, _ = exchange(port, POST + HOST + JSON + b"Content-Length: %s\r\n\r\n" % length)

    allowed = {413} if parser == "h11" or len(length) == 15 else {400, 413}
    assert status in allowed
    assert headers["connection"] == "close"


def test_a_chunked_body_over_the_cap_is_refused_while_it_streams(api, port):
    chunk = b"800\r\n" + b" " * 2_048 + b"\r\n"

    status, headers, body = exchange(
        port, POST + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n", chunk, chunk, chunk
    )

    assert (status, code_of(body), headers["connection"]) == (413, "too_large", "close")
    assert api.stored() == NOTHING_STORED


def test_a_chunked_body_under_the_cap_is_taken(api, port):
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
    head = POST + HOST + JSON + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert exchange(port, head, chunks)[0] == 201


def test_twenty_megabytes_are_refused_and_the_answer_still_arrives(api, port):
    head = POST + HOST + JSON + b"Content-Length: 20000000\r\n\r\n"

    status, _, body = exchange(port, head, *[b" " * 1_000_000] * 20)

    assert (status, code_of(body)) == (413, "too_large")


def test_a_body_that_never_comes_is_given_up(api, port):
    head = POST + HOST + JSON + b"Content-Length: 100\r\n\r\n"

    status, headers, body = exchange(port, head, BODY)

    assert (status, code_of(body), headers["connection"]) == (408, "body_timeout", "close")
    assert api.stored() == NOTHING_STORED


def test_a_body_that_drips_is_given_up(api, port):
    with connect(port) as connection:
        connection.sendall(POST + HOST + JSON + b"Content-Length: 1000\r\n\r\n{")
        drip = threading.Timer(DEADLINE_S / 2, connection.sendall, [b'"'])
        drip.start()
        status, _, body = answer(read_all(connection))
        drip.join()

    assert (status, code_of(body)) == (408, "body_timeout")


def test_a_caller_who_hangs_up_leaves_nothing_behind(api, port, logged):
    with connect(port) as connection:
        connection.sendall(POST + HOST + JSON + b"Content-Length: 100\r\n\r\n" + BODY)
    assert until(lambda: bool(logged))

    assert [(line["event"], line.get("code")) for line in logged] == [
        ("request", "incomplete_body")
    ]
    assert api.stored() == NOTHING_STORED


def test_a_short_body_is_followed_by_the_next_request_and_not_read_into_it(api, port):
    head = POST + HOST + JSON + b"Content-Length: %d\r\n\r\n" % len(BODY)
    with connect(port) as connection, connection.makefile("rb") as received:
        connection.sendall(head + BODY + b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        first, second = read_one(received), read_one(received)

    assert (first[0], second[0]) == (201, 200)


def test_a_refused_body_that_was_read_leaves_the_connection_open(api, port):
    head = POST + HOST + JSON + b"Content-Length: 2\r\n\r\n"
    with connect(port) as connection, connection.makefile("rb") as received:
        statuses = []
        for _ in range(3):
            connection.sendall(head + b"[]")
            statuses.append(read_one(received)[0])

    assert statuses == [422, 422, 422]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /livez HTTP/1.0\r\n\r\n",
        POST + HOST + JSON + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + HOST + JSON + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n[] []",
        POST + HOST + JSON + b"Content-Length: -5\r\n\r\n",
        POST + HOST + JSON + b"Content-Length: +2\r\n\r\n[]",
    ],
    ids=["no Host", "two Hosts", "HTTP/1.0", "CL and TE", "two lengths", "negative", "signed"],
)
def test_a_head_that_two_readers_could_read_differently_is_refused(api, port, head):
    head = head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)

    assert exchange(port, head)[0] == 400


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"GET /livez HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n" % (b"a" * 1_000_000), {431, 400}),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n%s\r\n" % (b"A: a\r\n" * 20_000), {431, 400}),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n%s\r\n" % (b"A: a\r\n" * 100), {431}),
        (b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 1_000_000), {414, 400}),
        (b"GET /livez?%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 10_000), {414}),
    ],
    ids=["1 MB header", "20,000 headers", "101 headers", "1 MB address", "long query"],
)
def test_a_head_that_is_too_large_is_refused(api, port, head, statuses):
    head = head.replace(b"Host: x\r\n", b"Host: x\r\nConnection: close\r\n", 1)

    assert exchange(port, head)[0] in statuses


@pytest.mark.parametrize("method", [b"OPTIONS", b"HEAD", b"TRACE", b"DELETE", b"PUT", b"FOO"])
def test_another_method_is_refused_with_those_that_are_allowed(api, port, parser, method):
    head = method + b" /v1/classify HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"

    status, headers, _ = exchange(port, head)

    if parser != "h11" and method == b"FOO":
        assert status == 400
    else:
        assert (status, headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "target",
    [b"//v1/classify", b"/v1/../livez", b"/%2e%2e/livez", b"/%00", b"/v1/classify/", b"/%ff"],
)
def test_a_path_is_taken_as_it_stands(api, port, target):
    head = b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"

    status, _, body = exchange(port, head)

    assert (status, code_of(body)) == (404, "not_found")


def test_hundred_slow_bodies_do_not_keep_livez_from_answering(api, parser):
    api.rebuild(body_deadline_s=10.0)
    with serving(api.app, parser) as port:
        slow = [connect(port) for _ in range(100)]
        for connection in slow:
            connection.sendall(POST + HOST + JSON + b"Content-Length: 100\r\n\r\n{")
        status, _, _ = exchange(
            port, b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        for connection in slow:
            connection.close()

    assert status == 200


@pytest.mark.parametrize("line", [b"POST /v1/messages?canary", b"POST /canary", b"PUT /v1/canary"])
def test_nothing_that_was_sent_is_in_the_log(api, port, logged, line):
    head = line + b" HTTP/1.1\r\nHost: canary\r\nX-A: canary\r\nConnection: close\r\n"

    exchange(port, head + JSON + b"Content-Length: %d\r\n\r\n" % len(BODY), BODY)

    assert [entry["event"] for entry in logged] == ["request"]
    assert "canary" not in repr(logged)


# What `inlet serve` adds to its parser


@pytest.fixture
def our_port(api):
    with serving(api.app, HttpProtocol) as port:
        yield port


REFUSED = {
    "CL and TE": HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF": b"Host: x\nA: b\n\n",
    "folded line": HOST + b"A: b\r\n c\r\n\r\n",
    "space before the colon": HOST + b"A : b\r\n\r\n",
    "NUL": HOST + b"A: \0\r\n\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_http_is_refused_with_a_problem(our_port, logged, name):
    status, headers, body = exchange(our_port, POST + REFUSED[name])

    assert (status, code_of(body)) == (400, "bad_request")
    assert headers["content-type"] == "application/problem+json"
    assert (headers["connection"], headers["x-request-id"]) == (
        "close",
        json.loads(body)["request_id"],
    )
    assert [line["request_id"] for line in logged] == [headers["x-request-id"]]


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
def test_another_protocol_is_refused(our_port, sent):
    assert exchange(our_port, sent)[0] == 400


@pytest.mark.parametrize(
    ("piece", "status", "code"),
    [
        (b"A: " + b"a" * 1_000, 431, "headers_too_large"),
        (b"A: a\r\n" * 100, 431, "headers_too_large"),
    ],
)
def test_a_head_without_an_end_is_refused(our_port, piece, status, code):
    pieces = [piece] * (2 * http_protocol.MAX_HEAD_BYTES // len(piece))

    refused = exchange(our_port, POST + HOST, *pieces)

    assert (refused[0], code_of(refused[2])) == (status, code)


def test_an_address_without_an_end_is_refused(our_port):
    pieces = [b"a" * 1_000] * (2 * http_protocol.MAX_HEAD_BYTES // 1_000)

    status, _, body = exchange(our_port, b"GET /", *pieces)

    assert (status, code_of(body)) == (414, "uri_too_long")


@pytest.fixture
def short_deadline(monkeypatch):
    monkeypatch.setattr(http_protocol, "HEAD_DEADLINE_S", DEADLINE_S)


@pytest.mark.parametrize("sent", [b"G", b"GET /livez HTTP/1.1\r\nHost: x\r\nA", b"\r\n"])
def test_a_head_that_never_ends_is_given_up(short_deadline, our_port, sent):
    status, _, body = exchange(our_port, sent)

    assert (status, code_of(body)) == (408, "head_timeout")


def test_a_head_that_drips_is_given_up(short_deadline, our_port):
    with connect(our_port) as connection:
        for sent in (b"GET /livez HTTP/1.1\r\n", b"A", b":", b" ", b"b", b"b", b"b", b"b"):
            with contextlib.suppress(OSError):
                connection.sendall(sent)
            time.sleep(DEADLINE_S / 4)
        assert answer(read_all(connection))[0] == 408


def test_who_connects_and_says_nothing_is_let_go(short_deadline, our_port):
    with connect(our_port) as connection:
        assert read_all(connection) == b""


def test_a_second_request_has_the_whole_deadline_for_its_head(short_deadline, our_port):
    with connect(our_port) as connection, connection.makefile("rb") as received:
        for _ in range(3):
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            time.sleep(DEADLINE_S / 2)
            connection.sendall(b"\r\n")
            assert read_one(received)[0] == 200
        connection.sendall(b"GET /livez")
        assert read_one(received)[0] == 408


def test_a_request_that_takes_longer_than_a_head_may_is_answered(short_deadline, api):
    def slowly(texts):
        time.sleep(2.5 * DEADLINE_S)
        return api.batcher.submit(texts).result()

    pool = ThreadPoolExecutor(1)
    api.rebuild(classify=lambda texts: pool.submit(slowly, texts))
    classify = POST.replace(b"messages", b"classify") + HOST + JSON
    head = classify + b"Content-Length: %d\r\n\r\n" % len(BODY)
    with (
        serving(api.app, HttpProtocol) as port,
        connect(port) as connection,
        connection.makefile("rb") as received,
    ):
        connection.sendall(head + BODY + b"GET /livez HTTP/1.1\r\nHost: x")
        assert read_one(received)[0] == 200
        connection.sendall(b"\r\n\r\n")
        assert read_one(received)[0] == 200
    pool.shutdown()


def test_what_follows_a_request_and_is_none_is_not_answered_into_its_answer():
    go_on = threading.Event()

    async def app(scope, receive, send):
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"ab", "more_body": True})
        await asyncio.get_running_loop().run_in_executor(None, go_on.wait, 10)
        await send({"type": "http.response.body", "body": b"cd"})

    with serving(app, HttpProtocol) as port, connect(port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = connection.recv(65_536)
        while not received.endswith(b"ab"):
            received += connection.recv(65_536)
        connection.sendall(b"\0\0\r\n\r\n")
        rest = read_all(connection)
        go_on.set()

    assert rest == b""

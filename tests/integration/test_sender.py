import gzip
import random
import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
import zlib

import pytest
import support_receiver as receiving
from support import TRUST
from support_receiver import Receiver, status

from app.domain import Answer
from app.errors import EndpointRejected
from app.webhook.guard import Guard
from app.webhook.sender import Sender
from app.webhook.transport import MAX_ANSWER_BYTES, Deadline, DeadlineStream, TooLargeError

TIMEOUT_S = 0.4  # small, so that what must run into it does so soon
SLACK_S = 3.0  # of a busy machine; on an idle one every attempt ends within 0.2 s of its deadline
HEADERS = {"content-type": "application/json", "webhook-id": "dlv_1"}
BODY = b'{"type":"lead.detected"}'


def loopback_guard(**options):
    return Guard(allow_cidrs=["127.0.0.0/8", "::1/128"], **options)


def sender(*, timeout_s=TIMEOUT_S, guard=None, ssl_context=None):
    trust = ssl_context or TRUST()
    return Sender(guard or loopback_guard(), timeout_s=timeout_s, ssl_context=trust)


def answer_to(script, *, timeout_s=TIMEOUT_S, **options):
    """What one attempt gives where the receiver follows a script, held to its deadline."""
    with Receiver(script, **options) as receiver:
        began = time.monotonic()
        answer = sender(timeout_s=timeout_s).post(receiver.url, HEADERS, BODY)
        assert time.monotonic() - began < timeout_s + SLACK_S
    return answer


def said(answer):
    return answer.status_code, answer.error_code


def raw(*lines, body=b""):
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


# What is sent


def test_a_request_carries_what_it_was_given_and_little_else():
    with Receiver(status(200)) as receiver:
        sender(timeout_s=5).post(receiver.url + "?a=%2Fb", HEADERS, BODY)
        (request,) = receiver.wait_for(1)

    agent = request.headers.pop("user-agent")
    assert agent.startswith("Inlet/")
    assert (request.method, request.path, request.body) == ("POST", "/hook?a=%2Fb", BODY)
    assert request.headers == {
        "content-type": "application/json",
        "webhook-id": "dlv_1",
        "host": f"127.0.0.1:{receiver.port}",
        "content-length": str(len(BODY)),
        "accept": "*/*",
        "accept-encoding": "identity",
        "connection": "close",
    }


def test_the_environment_cannot_redirect_what_is_sent(monkeypatch):
    with Receiver(status(200)) as proxy, Receiver(status(200)) as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        answer = sender(timeout_s=5).post(receiver.url, HEADERS, BODY)

        assert (said(answer), proxy.connections) == ((200, None), 0)


def test_every_attempt_has_its_own_connection_and_keeps_no_cookie():
    cookie = status(200, headers=["Set-Cookie: a=b", "Connection: keep-alive"])
    with Receiver(cookie) as receiver:
        one_sender = sender(timeout_s=5)
        for _ in range(2):
            one_sender.post(receiver.url, HEADERS, BODY)
        requests = receiver.wait_for(2)

        assert receiver.connections == 2
        assert ["cookie" in request.headers for request in requests] == [False, False]


def test_a_name_is_called_at_its_checked_address_with_its_own_host_header():
    named = loopback_guard(lookup=lambda host, port: ["127.0.0.1"])
    with Receiver(status(200)) as receiver:
        url = f"http://hooks.example:{receiver.port}/hook"
        answer = sender(guard=named, timeout_s=5).post(url, HEADERS, BODY)

        assert said(answer) == (200, None)
        assert receiver.requests[0].headers["host"] == f"hooks.example:{receiver.port}"


def test_the_next_address_is_tried_where_one_does_not_answer():
    two = loopback_guard(lookup=lambda host, port: ["127.9.9.9", "127.0.0.1"])
    with Receiver(status(200)) as receiver:
        url = f"http://hooks.example:{receiver.port}/hook"

        assert said(sender(guard=two, timeout_s=5).post(url, HEADERS, BODY)) == (200, None)


def test_an_ipv6_receiver_is_reached():
    with Receiver(status(204), host="::1") as receiver:
        answer = sender(timeout_s=5).post(receiver.url, HEADERS, BODY)

        assert said(answer) == (204, None)
        assert receiver.requests[0].headers["host"] == f"[::1]:{receiver.port}"


# What is answered (RELIABILITY.md, section 3.5)


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (status(200, b"ok"), (200, None)),
        (status(202), (202, None)),
        (raw("HTTP/1.1 204 No Content", "Content-Length: 4", body=b"body"), (204, None)),
        (raw("HTTP/1.1 200 OK", body=b"until the end"), (200, None)),
        (raw("HTTP/1.0 200 OK", "Content-Length: 2", body=b"ok"), (200, None)),
        (raw("HTTP/1.1 103 Early Hints") + status(200), (200, None)),
        (
            raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
            (200, None),
        ),
        (status(302, headers=["Location: /hook"]), (302, "redirect")),
        (
            status(307, headers=["Location: http://169.254.169.254/latest/meta-data/"]),
            (307, "redirect"),
        ),
        (status(304), (304, "redirect")),
        (status(400), (400, None)),
        (status(407, headers=["Proxy-Authenticate: Basic"]), (407, None)),
        (status(410), (410, None)),
        (status(500), (500, None)),
        (status(999), (999, "protocol_error")),
        (raw("HTTP/1.1 99 Low"), (None, "protocol_error")),
        (raw("HTTP/1.1 101 Switching Protocols", "Upgrade: x"), (None, "protocol_error")),
        (
            raw("HTTP/1.1 200 OK", "Content-Length: 2", "Content-Length: 3", body=b"ok"),
            (None, "protocol_error"),
        ),
        (raw("HTTP/1.1 200 OK", "Content-Length: 100", body=b"abc"), (None, "protocol_error")),
        (raw("HTTP/1.1 200 OK", "Content-Length: -1"), (None, "protocol_error")),
        (raw("HTTP/1.1 200 OK", "Content-Length: " + "9" * 5_000), (None, "protocol_error")),
        (
            raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", body=b"zz\r\n"),
            (None, "protocol_error"),
        ),
        (b"hello", (None, "protocol_error")),
        (b"hello\r\n\r\n", (None, "protocol_error")),
        (b"<html>HTTP/0.9</html>\n", (None, "protocol_error")),
        (random.Random(7).randbytes(500), (None, "protocol_error")),
        (b"\x16\x03\x01\x02\x00\x01", (None, "protocol_error")),
        (receiving.hang_up, (None, "protocol_error")),
        (receiving.reset, (None, "protocol_error")),
        (receiving.silent, (None, "timeout")),
        (
            receiving.drip(raw("HTTP/1.1 101 Switching Protocols"), b"", every_s=9),
            (None, "protocol_error"),
        ),
        (
            receiving.drip(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n", every_s=0.05),
            (None, "timeout"),
        ),
        (receiving.drip(b"HTTP/1.1 ", b"2", every_s=0.05), (None, "timeout")),
        (
            receiving.drip(raw("HTTP/1.1 200 OK", "Content-Length: 60"), b"x", every_s=0.05),
            (None, "timeout"),
        ),
    ],
)
def test_whatever_a_receiver_answers_has_a_stable_code(script, expected):
    assert said(answer_to(script)) == expected


def test_a_receiver_that_resets_before_reading_is_an_answer_too():
    assert said(answer_to(receiving.reset, read_request=False)) == (None, "protocol_error")


def test_a_receiver_that_answers_before_reading_and_closes_is_heard():
    def refuse(talk):
        talk.connection.recv(10)
        talk.send(status(413))
        talk.connection.shutdown(socket.SHUT_WR)
        talk.closing.wait()

    with Receiver(refuse, read_request=False) as receiver:
        answer = sender(timeout_s=5).post(receiver.url, HEADERS, b"x" * 15_000)

    assert said(answer) == (413, None)


def test_a_receiver_that_never_reads_is_left_at_the_deadline():
    with Receiver(receiving.silent, read_request=False) as receiver:
        began = time.monotonic()
        answer = sender().post(receiver.url, HEADERS, b"x" * 20_000_000)

        assert said(answer) == (None, "timeout")
        assert time.monotonic() - began < TIMEOUT_S + SLACK_S


def gzip_bomb(*, inflated_mb=100):
    """An answer of a few hundred bytes that twice inflating makes huge."""
    once = zlib.compressobj(9, zlib.DEFLATED, 31)
    inner = b"".join(once.compress(bytes(1_000_000)) for _ in range(inflated_mb)) + once.flush()
    return status(200, gzip.compress(inner), headers=["Content-Encoding: gzip"])


HUGE = {
    "one header of 10 MB": (
        receiving.endless(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65_536, limit_bytes=10_000_000),
        (None, "too_large"),
    ),
    "200,000 headers": (
        receiving.endless(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 2_000, limit_bytes=1_200_000),
        (None, "too_large"),
    ),
    "200,000 early hints": (
        receiving.endless(b"", b"HTTP/1.1 103 Hi\r\n\r\n" * 2_000, limit_bytes=3_800_000),
        (None, "too_large"),
    ),
    "endless body": (
        receiving.endless(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 1_000_000, limit_bytes=2 * 10**9),
        (200, None),
    ),
    "endless chunks": (
        receiving.endless(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\na\r\n" * 10_000,
            limit_bytes=2 * 10**9,
        ),
        (200, None),
    ),
    "gzip inside gzip": (gzip_bomb(), (200, None)),
}


@pytest.mark.parametrize(("script", "expected"), HUGE.values(), ids=HUGE.keys())
def test_a_huge_answer_is_cut_and_memory_stays_flat(script, expected):
    tracemalloc.start()
    try:
        answer = answer_to(script, timeout_s=20)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert said(answer) == expected
    assert peak_bytes < 2_000_000


def test_at_most_64_KiB_of_an_answer_are_read():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        stream = DeadlineStream(ours, Deadline(time.monotonic() + 5))
        theirs.sendall(b"a" * 65_540)
        read = 0
        while read < MAX_ANSWER_BYTES:
            read += len(stream.read(10_000))
        with pytest.raises(TooLargeError):
            stream.read(10_000)

    assert read == MAX_ANSWER_BYTES == 64 * 1024


def test_a_kilobyte_of_the_answer_is_kept():
    assert answer_to(status(500, b"a" * 5_000), timeout_s=5).body_excerpt == "a" * 1_024


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"\xff\xfeno\x00body", "\ufffd\ufffdnobody"),
        ("Zoë 🚀".encode(), "Zoë 🚀"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd"),
        (b"\xff" * 2_000, "\ufffd" * 341),
        ("é".encode() * 1_000, "é" * 512),
        (b"a" + "é".encode() * 1_000, "a" + "é" * 511),
    ],
    ids=ascii,
)
def test_an_answer_of_any_charset_is_kept_as_text(body, kept):
    answer = answer_to(status(200, body, headers=["Content-Type: text/plain; charset=nope"]))

    assert answer.body_excerpt == kept
    assert len(answer.body_excerpt.encode()) <= 1_024


@pytest.mark.parametrize(
    ("header", "expected_s"),
    [("120", 120.0), ("3600.5", 3600.5), ("soon", None), ("-5", None), ("1e20", None)],
)
def test_retry_after_is_passed_on(header, expected_s):
    answer = answer_to(status(503, headers=[f"Retry-After: {header}"]), timeout_s=5)

    assert (answer.status_code, answer.retry_after_s) == (503, expected_s)


def test_the_first_of_two_retry_after_headers_counts():
    answer = answer_to(status(429, headers=["Retry-After: 7", "retry-after: 9"]), timeout_s=5)

    assert answer.retry_after_s == 7.0


def test_an_attempt_says_how_long_it_took():
    answer = answer_to(receiving.silent)

    assert TIMEOUT_S * 1000 <= answer.duration_ms < (TIMEOUT_S + SLACK_S) * 1000


def test_two_hundred_random_answers_never_raise():
    drawn = random.Random(7)
    starts = [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
    scripts = [drawn.choice(starts) + drawn.randbytes(drawn.randrange(80)) for _ in range(200)]
    with Receiver(*scripts) as receiver:
        one_sender = sender(timeout_s=5)
        answers = [one_sender.post(receiver.url, HEADERS, BODY) for _ in scripts]

    assert {type(answer) for answer in answers} == {Answer}
    assert {answer.error_code for answer in answers} <= {None, "protocol_error"}


# Who cannot be reached


def test_a_refused_connection_says_so():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    answer = sender().post(f"http://127.0.0.1:{port}/", HEADERS, BODY)

    assert said(answer) == (None, "connection_refused")


def test_a_name_without_an_address_says_so():
    def lookup(host, port):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    answer = sender(guard=Guard(lookup=lookup)).post("https://nowhere.example/", HEADERS, BODY)

    assert said(answer) == (None, "dns_error")


def test_a_slow_name_server_counts_towards_the_deadline():
    release = threading.Event()
    slow = Guard(lookup=lambda host, port: ["127.0.0.1"] if release.wait(10) else [])

    answer = sender(guard=slow).post("https://slow.example/", HEADERS, BODY)
    release.set()

    assert said(answer) == (None, "timeout")
    assert answer.duration_ms < (TIMEOUT_S + SLACK_S) * 1000


def test_a_listener_that_accepts_nothing_is_left_at_the_deadline():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        answer = sender().post(f"http://127.0.0.1:{port}/", HEADERS, BODY)
        for filler in fillers:
            filler.close()

    assert said(answer) == (None, "timeout")


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A folder with a key and two certificates of hooks.example, one of them expired."""
    folder = tmp_path_factory.mktemp("tls")
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    make += ["-nodes", "-subj", "/CN=hooks.example", "-keyout", "good.key", "-out", "good.pem"]
    make += ["-addext", "subjectAltName=DNS:hooks.example,IP:127.0.0.1"]
    age = ["openssl", "x509", "-in", "good.pem", "-signkey", "good.key", "-days", "-1"]
    for command in (make, [*age, "-out", "expired.pem"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=30)
    return folder


def tls_answer(folder, name, *, host="hooks.example", trusted=True, oldest=None):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / f"{name}.pem", folder / "good.key")
    seen = []
    server.sni_callback = lambda connection, sni, context: seen.append(sni)
    if oldest is not None:
        server.set_ciphers("ALL:@SECLEVEL=0")
        server.minimum_version, server.maximum_version = oldest, oldest
    client = ssl.create_default_context()
    if trusted:
        client.load_verify_locations(folder / f"{name}.pem")
    guard = loopback_guard(lookup=lambda host, port: ["127.0.0.1"])
    with Receiver(status(200), tls=server) as receiver:
        url = f"https://{host}:{receiver.port}/hook"
        answer = sender(guard=guard, ssl_context=client, timeout_s=5).post(url, HEADERS, BODY)
    return said(answer), seen


def test_a_trusted_certificate_is_checked_for_the_name_not_the_address(certificates):
    assert tls_answer(certificates, "good") == ((200, None), ["hooks.example"])


def test_a_trusted_certificate_for_an_address_is_enough(certificates):
    assert tls_answer(certificates, "good", host="127.0.0.1") == ((200, None), [None])


def test_a_self_signed_certificate_is_refused(certificates):
    answer, _ = tls_answer(certificates, "good", trusted=False)

    assert answer == (None, "tls_error")


def test_a_certificate_of_another_name_is_refused(certificates):
    answer, _ = tls_answer(certificates, "good", host="other.example")

    assert answer == (None, "tls_error")


def test_an_expired_certificate_is_refused(certificates):
    answer, _ = tls_answer(certificates, "expired")

    assert answer == (None, "tls_error")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_tls_1_0_is_refused(certificates):
    answer, _ = tls_answer(certificates, "good", oldest=ssl.TLSVersion.TLSv1)

    assert answer == (None, "tls_error")


def test_the_default_trust_store_does_not_trust_a_stranger(certificates):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates / "good.pem", certificates / "good.key")
    with Receiver(status(200), tls=server) as receiver:
        answer = sender(timeout_s=5).post(receiver.url, HEADERS, BODY)

        assert (said(answer), receiver.requests) == ((None, "tls_error"), [])


def test_a_receiver_that_speaks_no_tls_is_a_tls_error():
    with Receiver(status(400), read_request=False) as receiver:
        url = receiver.url.replace("http://", "https://")

        assert said(sender(timeout_s=5).post(url, HEADERS, BODY)) == (None, "tls_error")


def test_a_silent_handshake_ends_at_the_deadline():
    with Receiver(receiving.silent, read_request=False) as receiver:
        answer = sender().post(receiver.url.replace("http://", "https://"), HEADERS, BODY)

    assert said(answer) == (None, "timeout")
    assert answer.duration_ms < (TIMEOUT_S + SLACK_S) * 1000


def test_a_dripped_body_inside_tls_ends_at_the_deadline_too(certificates):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates / "good.pem", certificates / "good.key")
    client = ssl.create_default_context(cafile=certificates / "good.pem")
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
    with Receiver(receiving.drip(start, b"x", every_s=0.05), tls=server) as receiver:
        answer = sender(ssl_context=client).post(receiver.url, HEADERS, BODY)

    assert said(answer) == (None, "timeout")
    assert answer.duration_ms < (TIMEOUT_S + SLACK_S) * 1000


# The guard stands in the way (RELIABILITY.md, section 3.6)

# fmt: off
INWARD = [
    "127.0.0.1", "127.0.0.2", "127.254.254.254", "0.0.0.0", "0.1.2.3", "[::1]", "[::]", "127.1",
    "0", "2130706433",
    "0x7f000001", "0x7f.0.0.1", "017700000001", "0177.0.0.1", "127.0.0.1.", "[fe80::1%lo]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]",
    "[2002:7f00:1::1]", "localhost",
    "localhost.", "LOCALHOST", "x.localhost", "public.example@127.0.0.1",
    "127.0.0.1#@public.example",
    "1:2@[::1]", "@[::1]", "[127.0.0.1]", "::1", "[0:0:0:0:0:ffff:7f00:1]",
    "127\u30020\u30020\u30021",
    "10.0.0.5", "172.16.0.1", "192.168.1.10", "169.254.169.254", "169.254.170.2", "100.64.0.1",
    "100.100.100.200",
    "192.0.0.192", "168.63.129.16", "[fc00::1]", "[fd00:ec2::254]", "224.1.2.3", "198.18.0.1",
    "240.0.0.1",
]
# fmt: on


def test_no_refused_literal_reaches_a_listener_on_loopback():
    with Receiver(status(200)) as four:
        try:
            six = socket.create_server(("::1", four.port), family=socket.AF_INET6)
        except OSError:
            six = None  # the port is taken there: the IPv4 canary stands alone
        strict = sender(guard=Guard(allow_http=True), timeout_s=2)
        codes = {
            strict.post(f"{scheme}://{host}:{four.port}/hook", HEADERS, BODY).error_code
            for host in INWARD
            for scheme in ("http", "https")
        }
        if six is not None:
            six.setblocking(False)
            with six, pytest.raises(BlockingIOError):
                six.accept()

        assert codes == {"blocked_address"}
        assert four.connections == 0


def test_a_rebinding_name_never_reaches_the_private_address():
    turns = [["127.0.0.1"], ["192.0.2.1", "127.0.0.1"], ["::ffff:127.0.0.1"], ["::1"]] * 250
    left = list(turns)
    rebinding = Guard(allow_http=True, lookup=lambda host, port: left.pop())
    with Receiver(status(200)) as canary:
        strict = sender(guard=rebinding, timeout_s=2)
        url = f"http://rebind.example:{canary.port}/"
        codes = {strict.post(url, HEADERS, BODY).error_code for _ in turns}

        assert (codes, left, canary.connections) == ({"blocked_address"}, [], 0)


def test_what_was_checked_is_what_is_connected_to():
    answers = [["127.0.0.1"], ["127.0.0.2"]]  # a second look-up would go elsewhere
    once = Guard(allow_cidrs=["127.0.0.2/32"], lookup=lambda host, port: answers.pop())
    with Receiver(status(200), host="127.0.0.2") as receiver:
        url = f"http://rebind.example:{receiver.port}/"

        assert said(sender(guard=once, timeout_s=5).post(url, HEADERS, BODY)) == (200, None)
        assert answers == [["127.0.0.1"]]


def test_a_redirect_to_a_private_address_is_not_followed():
    with Receiver(status(200)) as canary:
        moved = status(307, headers=[f"Location: {canary.url}"])
        with Receiver(moved) as receiver:
            answer = sender(timeout_s=5).post(receiver.url, HEADERS, BODY)

        assert (said(answer), canary.connections) == ((307, "redirect"), 0)


def test_a_stored_bad_url_is_an_answer_not_a_crash():
    for url in ("", "ftp://x/", "https://[::1", "https://user:pw@x/", "x" * 100_000):
        assert said(sender().post(url, HEADERS, BODY)) == (None, "blocked_address")


def test_saving_and_sending_judge_alike():
    strict, allowed = Guard(), loopback_guard()
    with Receiver(status(200)) as receiver:
        with pytest.raises(EndpointRejected):
            strict.check_url(receiver.url)
        assert said(sender(guard=strict).post(receiver.url, HEADERS, BODY)) == (
            None,
            "blocked_address",
        )
        allowed.check_url(receiver.url)
        assert said(sender(guard=allowed, timeout_s=5).post(receiver.url, HEADERS, BODY)) == (
            200,
            None,
        )


def test_threads_share_one_sender():
    with Receiver(status(200)) as receiver:
        one_sender = sender(timeout_s=5)
        answers = []

        def post():
            answers.append(said(one_sender.post(receiver.url, HEADERS, BODY)))

        threads = [threading.Thread(target=post) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)

        assert answers == [(200, None)] * 16

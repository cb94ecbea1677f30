import socket
import ssl
import threading
import time
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from support import an_endpoint
from support_events import NOW, SECRET, stored
from support_mailbox import HOST, PASSWORD, USER, Mailbox, certificate, mail_server

from app.webhook.attempt import attempt
from app.webhook.guard import Guard
from app.webhook.sender import Sender

pytestmark = pytest.mark.filterwarnings(  # aiosmtpd's own
    "ignore:Session.login_data is deprecated:DeprecationWarning"
)

OPTIONS = {"from": "inlet@example.org", "to": "owner, sales@example.org"}
LOGIN = f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}@"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    return certificate(tmp_path_factory.mktemp("mail"))


def guard(**changes):
    """Lets loopback be called by its name, on any port."""
    return Guard(**{"allow_hosts": [HOST], "lookup": lambda *_: ["127.0.0.1"], **changes})


def sent(port, *, scheme="smtp", login="", timeout_s=5, trust=None, egress=None, **options):
    sender = Sender(egress or guard(), timeout_s=timeout_s, ssl_context=trust)
    endpoint = an_endpoint(
        format="email",
        url=f"{scheme}://{login}{HOST}:{port}",
        secrets=(SECRET,),
        options={**OPTIONS, **options},
    )
    return attempt(sender.begin, endpoint, webhook_id="dlv_1", body=stored(), sent_at=NOW)


def said(answer):
    return (answer.delivered, answer.status_code, answer.error_code)


def test_a_mail_is_taken_over_starttls_after_a_login(tls):
    box = Mailbox()
    with mail_server(box, tls=tls[0], auth=True) as port:
        answer = sent(port, login=LOGIN, trust=tls[1])

    assert said(answer) == (True, 250, None)
    ((envelope, secured, authenticated),) = box.envelopes
    assert (secured, authenticated) == (True, True)
    assert envelope.mail_from == "inlet@example.org"
    assert envelope.rcpt_tos == ["ana@example.org", "sales@example.org"]
    assert b"Message-ID: <dlv_1@example.org>\r\n" in envelope.content
    assert answer.duration_ms > 0


def test_a_mail_is_taken_over_tls_from_the_first_byte(tls):
    box = Mailbox()
    with mail_server(box, tls=tls[0], implicit=True) as port:
        assert said(sent(port, scheme="smtps", trust=tls[1])) == (True, 250, None)

    assert len(box.envelopes) == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_with_a_strangers_certificate_gets_nothing(tls, scheme):
    box = Mailbox()
    with mail_server(box, tls=tls[0], implicit=scheme == "smtps") as port:
        answer = sent(port, scheme=scheme, trust=ssl.create_default_context())

    assert (said(answer), box.envelopes) == ((False, None, "tls_error"), [])


def test_a_server_of_the_allow_list_may_have_no_tls():
    box = Mailbox()
    with mail_server(box) as port:
        assert said(sent(port)) == (True, 250, None)

    assert len(box.envelopes) == 1


def test_a_server_of_the_allow_list_may_be_told_in_clear_although_it_offers_tls(tls):
    box = Mailbox()
    with mail_server(box, tls=tls[0]) as port:
        assert said(sent(port, tls="false", trust=ssl.create_default_context()))[0]

    assert box.envelopes[0][1] is False


class AsPublic(Guard):
    """Takes the loopback for the internet, so that no exception is made for it."""

    def is_exempt(self, host, address):
        return False


@pytest.mark.parametrize("option", [{}, {"tls": "false"}])
def test_a_server_elsewhere_that_offers_no_tls_gets_nothing(option):
    box = Mailbox()
    egress = AsPublic(allow_hosts=[HOST], lookup=lambda *_: ["127.0.0.1"])
    with mail_server(box) as port:
        answer = sent(port, login=LOGIN, egress=egress, **option)

    assert (said(answer), box.envelopes) == ((False, None, "tls_error"), [])
    assert answer.body_excerpt == "the mail server offers no STARTTLS"


def test_a_wrong_password_is_told(tls):
    with mail_server(Mailbox(), tls=tls[0], auth=True) as port:
        answer = sent(port, login="x:y@", trust=tls[1])

    assert said(answer) == (False, 535, "smtp_refused")


@pytest.mark.parametrize(
    ("refusals", "code"),
    [
        ({"data": "451 greylisted"}, 451),
        ({"data": "552 too large"}, 552),
        (dict.fromkeys(["ana@example.org", "sales@example.org"], "550 unknown"), 550),
    ],
)
def test_a_refusal_is_told_with_the_servers_code(refusals, code):
    with mail_server(Mailbox(refusals)) as port:
        assert said(sent(port)) == (False, code, "smtp_refused")


def test_one_refused_recipient_does_not_make_the_others_get_it_twice():
    box = Mailbox({"ana@example.org": "550 unknown"})
    with mail_server(box) as port:
        answer = sent(port)

    assert said(answer) == (True, 250, None)
    assert answer.body_excerpt.startswith("1 of 2 recipients refused; ")
    assert box.envelopes[0][0].rcpt_tos == ["sales@example.org"]


@contextmanager
def talking(talk):
    """A server that is no mail server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def drip(connection):
    connection.settimeout(10)
    try:
        while True:
            connection.sendall(b"220-x\r\n")
            time.sleep(0.05)
    except OSError:
        pass


def flood(connection):
    connection.settimeout(10)
    try:
        for _ in range(20_000):
            connection.sendall(b"220-" + b"x" * 500 + b"\r\n")
    except OSError:
        pass


def silence(connection):
    connection.settimeout(10)
    connection.recv(1)


@pytest.mark.parametrize("talk", [drip, silence])
def test_a_server_that_takes_its_time_ends_at_the_deadline(talk):
    with talking(talk) as port:
        began = time.monotonic()
        answer = sent(port, timeout_s=0.5)
        took_s = time.monotonic() - began

    assert said(answer) == (False, None, "timeout")
    assert took_s < 4.0  # the server goes on for ten


@pytest.mark.parametrize(
    "talk",
    [
        flood,
        lambda connection: None,
        lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        lambda connection: connection.sendall(b"\x00\xff" * 100 + b"\r\n"),
    ],
    ids=["flood", "hangs up", "http", "noise"],
)
def test_what_is_no_mail_server_is_said_to_be_none(talk):
    with talking(talk) as port:
        assert said(sent(port)) == (False, None, "protocol_error")


def test_nobody_at_the_port_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    assert said(sent(port)) == (False, None, "connection_refused")


@pytest.mark.parametrize(
    ("port", "addresses", "allowed"),
    [
        (587, ["127.0.0.1"], {}),
        (587, ["93.184.216.34", "10.0.0.1"], {}),
        (25, ["169.254.169.254"], {}),
        (6379, ["127.0.0.1"], {"allow_cidrs": ["127.0.0.0/8"]}),
        (443, ["93.184.216.34"], {}),
    ],
    ids=["loopback", "one of two inside", "metadata", "another port", "a web server"],
)
def test_mail_goes_only_where_the_guard_lets_it(port, addresses, allowed):
    egress = Guard(lookup=lambda *_: addresses, **allowed)

    assert said(sent(port, egress=egress)) == (False, None, "blocked_address")


def test_without_a_recipient_nothing_is_sent():
    box = Mailbox()
    with mail_server(box) as port:
        answer = sent(port, to="not an address")

    assert (said(answer), box.envelopes) == ((False, None, "not_renderable"), [])

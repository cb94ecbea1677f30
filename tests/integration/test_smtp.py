import fcntl
import logging
import random
import smtplib
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import structlog
from support_smtp import FROM, MAIL, TO, Held, Raw, bodies, connected, kept, running

from app.cli.smtp import keeping_in
from app.domain import ArrivalStatus
from app.smtp.door import MAX_RECIPIENTS
from app.smtp.server import MAX_CONNECTIONS
from app.storage.engine import open_database

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close without saying goodbye


@pytest.fixture
def port(database):
    with running(keeping_in(database)) as (port, _, _):
        yield port


def test_a_mail_is_there_once_it_is_acknowledged(database, port):
    with connected(port) as client:
        client.sendmail(FROM, TO, MAIL)
        (arrival,) = kept(database)

    assert (arrival.source, arrival.body) == ("email", MAIL)
    assert arrival.status is ArrivalStatus.WAITING
    assert arrival.headers["content-type"] == "message/rfc822"


def test_the_acknowledgement_names_what_is_kept(database, port):
    with Raw(port) as client:
        answer = client.send_mail(MAIL)

    assert answer == b"250 2.0.0 Kept as %s\r\n" % kept(database)[0].id.encode()


def test_the_envelope_goes_with_the_mail():
    posts = []
    with (
        running(lambda post: posts.append(post) or "arr_1") as (port, _, _),
        connected(port) as client,
    ):
        client.sendmail(FROM, [TO, "jörg@ours.example"], MAIL, ["SMTPUTF8"])
        client.sendmail("", TO, MAIL)

    assert [post.headers for post in posts] == [
        {
            "content-type": "message/rfc822",
            "x-envelope-from": FROM,
            "x-envelope-to": f"{TO}, jörg@ours.example",
        },
        {"content-type": "message/rfc822", "x-envelope-from": "<>", "x-envelope-to": TO},
    ]
    assert {(post.url, post.body) for post in posts} == {("smtp:", MAIL)}


@pytest.mark.parametrize(
    ("sent", "mail"),
    [
        (b"..\r\n...\r\nA: 1\r\n\r\n..x\r\n", b".\r\n..\r\nA: 1\r\n\r\n.x\r\n"),
        (b"A: 1\r\n\r\nx\n.\ny\n.\r\nz\r.\r\n\n.\n\r\n", None),
        (b"A: 1\r\n\r\n\r\r\n\n\r\n\r\n", None),
        (b"A: 1\r\n\r\n" + bytes(range(256)) + b"\r\n", None),
        (b"A: 1\r\n\r\n" + b"x" * 300_000 + b"\r\n", None),
        (b"\r\nA: 1\r\n", None),
        (b"A: 1\r\n", None),
    ],
    ids=["dots", "bare_lines", "bare_returns", "8_bit", "a_long_line", "empty_line", "no_body"],
)
def test_a_mail_is_kept_exactly_as_it_was_sent(database, port, sent, mail):
    with Raw(port) as client:
        assert client.send_mail(sent).startswith(b"250 ")

    assert bodies(database) == [mail or sent]


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_pieces_of_any_size_make_the_same_mail(database, port, size):
    mail = b"A: 1\r\n\r\n" + b"..dot\r\n" * 40
    wire = mail + b".\r\nNOOP\r\n"
    with Raw(port) as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.begin_mail()
        for start in range(0, len(wire), size):
            client.socket.sendall(wire[start : start + size])
        answers = client.hear(2)

    assert [answer[:3] for answer in answers] == [b"250", b"250"]
    assert bodies(database) == [mail.replace(b"\r\n..", b"\r\n.")]


def test_whole_mails_may_come_in_one_piece(database, port):
    one = [b"MAIL FROM:<>", b"RCPT TO:<hello@ours.example>", b"DATA", b"A: 1", b"", b"one", b"."]
    two = [*one[:-2], b"two", b"."]
    with Raw(port) as client:
        client.say(b"EHLO client", *one, *two, b"QUIT")
        answers = client.hear(10)

    codes = [answer[:3] for answer in answers]
    assert codes == [b"250", *[b"250", b"250", b"354", b"250"] * 2, b"221"]
    assert bodies(database) == [b"A: 1\r\n\r\none\r\n", b"A: 1\r\n\r\ntwo\r\n"]


def test_a_mail_sent_twice_is_kept_once(database, port):
    with connected(port) as first, connected(port) as second:
        first.sendmail(FROM, TO, MAIL)
        first.sendmail(FROM, TO, MAIL)
        second.sendmail("other@example.com", TO, MAIL)

    assert bodies(database) == [MAIL]


def test_lmtp_answers_for_each_recipient(database):
    with (
        running(keeping_in(database), lmtp=True, domains=frozenset({"ours.example"})) as (
            port,
            _,
            _,
        ),
        Raw(port) as client,
    ):
        client.say(b"LHLO client", b"MAIL FROM:<ada@example.com>")
        client.say(b"RCPT TO:<a@ours.example>", b"RCPT TO:<b@theirs.example>")
        client.say(b"RCPT TO:<c@ours.example>", b"DATA")
        codes = [reply[:3] for reply in client.hear(6)]
        client.say(MAIL + b".", b"NOOP")
        answers = client.hear(3)

    assert codes == [b"250", b"250", b"250", b"550", b"250", b"354"]
    (arrival,) = kept(database)
    told = b"250 2.0.0 Kept as %s\r\n" % arrival.id.encode()
    assert answers == [told, told, b"250 2.0.0 OK\r\n"]


def test_lmtp_says_of_each_recipient_that_a_mail_is_too_large():
    with running(pytest.fail, lmtp=True, max_bytes=1_024) as (port, _, _), Raw(port) as client:
        client.say(b"LHLO client", b"MAIL FROM:<ada@example.com>")
        client.say(b"RCPT TO:<a@ours.example>", b"RCPT TO:<b@ours.example>", b"DATA")
        client.hear(5)
        client.say(b"x" * 2_000, b".", b"NOOP")

        assert [reply[:3] for reply in client.hear(3)] == [b"552", b"552", b"250"]


def test_the_client_library_speaks_lmtp(database):
    with (
        running(keeping_in(database), lmtp=True) as (port, _, _),
        connected(port, lmtp=True) as client,
    ):
        refused = client.sendmail(FROM, [TO, "b@ours.example"], MAIL)

    assert refused == {}
    assert bodies(database) == [MAIL]


def test_lmtp_takes_no_greeting_of_smtp():
    with running(pytest.fail, lmtp=True) as (port, _, _), Raw(port) as client:
        client.say(b"EHLO client", b"HELO client", b"LHLO client")

        assert [reply[:3] for reply in client.hear(3)] == [b"500", b"500", b"250"]


def test_what_is_spoken_is_announced(port):
    with connected(port) as client:
        client.ehlo()

        assert client.esmtp_features == {
            "size": "1000000",
            "8bitmime": "",
            "smtputf8": "",
            "pipelining": "",
            "enhancedstatuscodes": "",
        }


def test_names_and_texts_of_every_script_are_taken(database, port):
    mail = "Subject: Größe\r\n\r\nпривет 🙂\r\n".encode()
    with connected(port) as client:
        client.sendmail(
            "jörg@bücher.example", "büro@ours.example", mail, ["SMTPUTF8", "BODY=8BITMIME"]
        )

    assert bodies(database) == [mail]


def test_a_bounce_has_no_sender(database, port):
    with connected(port) as client:
        client.sendmail("", TO, MAIL)

    assert bodies(database) == [MAIL]


def test_nothing_is_acknowledged_when_the_database_is_down(database, database_url):
    with running(keeping_in(database)) as (port, _, _), connected(port) as client:
        database.close()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(FROM, TO, MAIL)
        alive = client.noop()

    assert refused.value.smtp_code == 451
    assert alive[0] == 250
    reopened = open_database(database_url)
    assert bodies(reopened) == []
    reopened.close()


def test_an_outage_of_postgresql_passes(postgresql_server, postgresql_url):
    database = open_database(postgresql_url)
    with running(keeping_in(database)) as (port, _, _), connected(port) as client:
        postgresql_server.stop()
        try:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail(FROM, TO, MAIL)
        finally:
            postgresql_server.start()
        client.sendmail(FROM, TO, MAIL)

    assert refused.value.smtp_code == 451
    assert bodies(database) == [MAIL]
    database.close()


def test_a_sqlite_file_that_another_process_keeps_is_told(sqlite_file):
    database = open_database(f"sqlite:///{sqlite_file}", busy_timeout_s=0.2)
    with running(keeping_in(database)) as (port, _, _), connected(port) as client:
        with Path(f"{sqlite_file}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail(FROM, TO, MAIL)
            before = bodies(database)
        client.sendmail(FROM, TO, MAIL)

    assert (refused.value.smtp_code, before) == (451, [])
    assert bodies(database) == [MAIL]
    database.close()


def test_a_mistake_of_ours_is_answered_as_a_passing_one(caplog):
    def fail(_post):
        raise LookupError("canary")

    with running(fail, lmtp=True) as (port, _, _), connected(port, lmtp=True) as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(FROM, TO, MAIL)

        assert refused.value.smtp_code == 451
        assert client.noop()[0] == 250


def test_a_mail_may_be_as_large_as_is_announced(database):
    fits = b"A: 1\r\n\r\n" + b".\r\n" * 338 + b"xx"
    assert len(fits) == 1_024
    with running(keeping_in(database), max_bytes=1_026) as (port, _, _), connected(port) as client:
        client.sendmail(FROM, TO, fits)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(FROM, TO, b"x" + fits)

    assert refused.value.smtp_code == 552
    assert bodies(database) == [fits + b"\r\n"]


def test_a_size_that_is_too_large_is_refused_before_the_mail_comes():
    with running(pytest.fail, max_bytes=1_024) as (port, _, _), connected(port) as client:
        client.ehlo()
        announced = client.mail(FROM, ["SIZE=1025"])

    assert announced[0] == 552


def test_a_mail_without_end_is_cut_off_while_it_comes():
    with running(pytest.fail, max_bytes=100_000) as (port, _, _), Raw(port) as client:
        client.begin_mail()
        client.socket.sendall(b"y" * 300_001)

        assert [reply[:9] for reply in client.hear(2)] == [b"552 5.3.4", b"421 4.3.4"]
        assert client.hear() == b""


def test_what_waits_in_memory_is_bounded():
    """Four of the largest mails may be under way; the fifth comes again."""
    held, mail = Held(), b"A: 1\r\n\r\n" + b"x" * 95_000 + b"\r\n"
    with ExitStack() as opened:
        port, _, _ = opened.enter_context(running(held, max_bytes=100_000))
        *four, fifth = [opened.enter_context(Raw(port)) for _ in range(5)]
        for client in four:
            client.begin_mail()
            client.socket.sendall(mail + b".\r\n")
        held.wait_for(4)
        crowded = fifth.send_mail(mail)
        held.let.set()
        answers = [client.hear()[:3] for client in four]
        again = fifth.send_mail(mail)

    assert crowded.startswith(b"451 4.3.1 ")
    assert (answers, again[:3]) == ([b"250"] * 4, b"250")


def test_an_empty_mail_is_none():
    with running(pytest.fail) as (port, _, _), Raw(port) as client:
        assert client.send_mail(b"").startswith(b"554 ")
        client.say(b"RSET")
        assert client.hear().startswith(b"250 ")


@pytest.mark.parametrize(
    ("recipient", "code"),
    [
        (b"hello@ours.example", b"250"),
        (b"hello@OURS.Example.", b"250"),
        ("büro@BÜCHER.example".encode(), b"250"),
        (b"buero@xn--bcher-kva.example", b"250"),
        (b'"a b@theirs.example"@ours.example', b"250"),
        (b"hello@theirs.example", b"550"),
        (b"hello@sub.ours.example", b"550"),
        (b"hello%theirs.example@ours.example", b"250"),
        (b"@ours.example:hello@theirs.example", b"550"),
        (b"hello", b"550"),
        (b"", b"501"),
        (b"a\x00b@ours.example", b"553"),
        (b"\xff@ours.example", b"553"),
    ],
)
def test_only_our_own_domains_are_taken(recipient, code):
    ours = frozenset({"ours.example", "xn--bcher-kva.example"})
    with running(pytest.fail, domains=ours) as (port, _, _), Raw(port) as client:
        client.say(b"EHLO client", b"MAIL FROM:<ada@example.com>", b"RCPT TO:<%s>" % recipient)

        assert client.hear(3)[2][:3] == code


def test_a_mail_without_any_recipient_taken_is_not_received(database):
    with running(keeping_in(database), domains=frozenset({"ours.example"})) as (port, _, _):
        with connected(port) as client, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail(FROM, "x@theirs.example", MAIL)
        with Raw(port) as client:
            client.say(b"EHLO client", b"MAIL FROM:<ada@example.com>", b"DATA")
            early = client.hear(3)[2]

    assert [code for code, _ in refused.value.recipients.values()] == [550]
    assert early.startswith(b"503 ")
    assert bodies(database) == []


def test_a_hundred_recipients_and_no_more_are_taken(database, port):
    many = [f"{number}@ours.example" for number in range(MAX_RECIPIENTS + 1)]
    with connected(port) as client:
        refused = client.sendmail(FROM, many, MAIL)

    assert {address: code for address, (code, _) in refused.items()} == {many[-1]: 452}
    assert bodies(database) == [MAIL]


def test_nobody_is_asked_for_a_password_or_told_who_is_known(port):
    with Raw(port) as client:
        client.say(b"EHLO client", b"AUTH PLAIN AGEAYg==", b"VRFY hello", b"EXPN all", b"STARTTLS")

        codes = [reply[:3] for reply in client.hear(5)]

    assert codes == [b"250", b"502", b"252", b"502", b"454"]


@pytest.mark.parametrize(
    "path", [b"<", b'"', b"<@", b"<@x:", b"<a b@c>", b"a@b", b"<a@b", b'<"a@b>', b"<a<b@c>>", b"("]
)
def test_a_broken_address_is_a_broken_address(port, path):
    with Raw(port) as client:
        client.say(b"EHLO client", b"MAIL FROM:" + path)

        assert client.hear(2)[1].startswith(b"553 ")


def test_no_command_breaks_a_connection(port, caplog):
    """Each connection ends as one that sends nonsense may: hung up by us or by the client."""
    words = [b"EHLO x", b"HELO", b"MAIL FROM:<a@b>", b"RCPT TO:<c@d>", b"DATA", b"RSET", b"HELP"]
    words += [b"MAIL FROM:<> SIZE=x", b"VRFY \xff", b"HELP \xff", b"NOOP \x00", b"\xff", b"", b"."]
    words += [b"A" * 600, b"QUIT now", b"RCPT TO:<\xed\xa0\x80@x>", b"MAIL FROM:<a@b> BODY=9"]
    pick = random.Random(4)
    for _ in range(60):
        with Raw(port) as client:
            client.say(*pick.choices(words, k=12))
            client.socket.shutdown(socket.SHUT_WR)
            while client.lines.readline():
                pass

    with connected(port) as client:
        client.sendmail(FROM, TO, MAIL)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_command_that_is_too_long_is_refused(port):
    with Raw(port) as client:
        client.say(b"EHLO client", b"NOOP " + b"x" * 600, b"NOOP " + b"x" * 200_000, b"NOOP")

        codes = [reply[:3] for reply in client.hear(4)]

    assert codes == [b"250", b"500", b"500", b"250"]


def test_two_hundred_mails_from_eight_connections_at_once_are_all_kept(database, port):
    def mails_of(sender):
        return [b"Message-ID: <%d.%d@x>\r\n\r\ntext\r\n" % (sender, one) for one in range(25)]

    def send(sender):
        with connected(port) as client:
            for mail in mails_of(sender):
                client.sendmail(FROM, TO, mail)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))

    assert sorted(bodies(database)) == sorted(m for sender in range(8) for m in mails_of(sender))


@pytest.mark.parametrize(
    "said",
    [b"", b"EHLO client\r\n", b"EHL", b"EHLO client\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\n"],
)
def test_a_client_that_dawdles_is_dropped(said):
    with running(pytest.fail, idle_s=0.3) as (port, _, _), Raw(port) as client:
        client.socket.sendall(said)
        rest = client.lines.read()

    assert rest.endswith(b"421 4.4.2 Nothing came for too long\r\n")


def test_a_command_that_comes_byte_by_byte_is_not_waited_for():
    with running(pytest.fail, idle_s=0.5) as (port, _, _), Raw(port) as client:
        client.socket.settimeout(0.1)
        heard = b""
        for _ in range(100):
            with suppress(TimeoutError):
                heard += client.socket.recv(1_000)
                break
            client.socket.sendall(b"N")

    assert heard == b"421 4.4.2 Nothing came for too long\r\n"


def test_a_mail_that_comes_byte_by_byte_is_waited_for(database):
    with running(keeping_in(database), idle_s=0.5) as (port, _, _), Raw(port) as client:
        client.begin_mail()
        client.socket.settimeout(0.1)
        for _ in range(10):
            client.socket.sendall(b"x")
            with pytest.raises(TimeoutError):
                client.socket.recv(1)
        client.socket.settimeout(30)
        client.say(b"", b".")

        assert client.socket.recv(1_000).startswith(b"250 ")
    assert bodies(database) == [b"x" * 10 + b"\r\n"]


def test_a_client_that_dawdles_in_a_mail_is_dropped_and_nothing_is_kept():
    with running(pytest.fail, idle_s=0.3) as (port, _, _), Raw(port) as client:
        client.begin_mail()
        client.socket.sendall(b"A: 1\r\n")

        assert client.lines.read() == b"421 4.4.2 Nothing came for too long\r\n"


def test_a_client_that_goes_on_for_ever_is_dropped():
    with running(pytest.fail, session_s=0.3) as (port, _, _), Raw(port) as client:
        answer = b"250 "
        while answer.startswith(b"250 "):
            client.say(b"NOOP")
            answer = client.hear()

    assert answer == b"421 4.4.2 This took too long\r\n"


def pour(client):
    while True:
        client.say(b"EHLO client", *[b"HELP"] * 1_000)


def test_a_client_that_does_not_listen_is_dropped():
    with (
        running(pytest.fail, idle_s=0.3) as (port, _, _),
        Raw(port, room_bytes=4_096) as client,
        pytest.raises(ConnectionError),
    ):
        pour(client)


def test_time_that_we_take_is_not_the_clients(database):
    held = Held()
    with running(held, idle_s=0.2, session_s=0.3) as (port, _, _), Raw(port) as client:
        client.begin_mail()
        client.socket.sendall(MAIL + b".\r\n")
        held.wait_for(1)
        client.socket.settimeout(0.6)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
        held.let.set()
        client.socket.settimeout(30)

        assert client.socket.recv(1_000).startswith(b"250 2.0.0 Kept as ")


def test_one_connection_too_many_is_asked_to_come_back():
    with ExitStack() as opened:
        port, _, _ = opened.enter_context(running(pytest.fail))
        crowd = [opened.enter_context(Raw(port)) for _ in range(MAX_CONNECTIONS)]
        one_more = opened.enter_context(Raw(port))
        crowd[0].say(b"QUIT")
        left = crowd[0].lines.read()
        later = opened.enter_context(Raw(port))

    assert {client.greeting[:4] for client in crowd} == {b"220 "}
    assert one_more.greeting.startswith(b"421 4.3.2 ")
    assert (left[:4], later.greeting[:4]) == (b"221 ", b"220 ")


@pytest.fixture
def events():
    with structlog.testing.capture_logs() as events:
        yield events


def test_a_client_that_breaks_off_leaves_no_trace(database, port, events, caplog):
    for said in (b"", b"A: 1\r\n", b"x" * 200_000):
        with Raw(port) as client:
            client.begin_mail()
            client.socket.sendall(said)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    with Raw(port) as client:
        answer = client.send_mail(MAIL)

    assert answer.startswith(b"250 ")
    assert bodies(database) == [MAIL]
    assert [event["event"] for event in events] == ["mail_kept"]
    assert caplog.records == []


def test_logs_tell_neither_addresses_nor_texts(database, events, caplog):
    caplog.set_level(logging.DEBUG)
    ours = frozenset({"ours.example"})
    with running(keeping_in(database), domains=ours) as (port, _, _), Raw(port) as client:
        client.say(b"canary", b"EHLO canary", b"MAIL FROM:<canary@example.com>")
        client.say(b"RCPT TO:<canary@theirs.example>", b"RSET")
        client.hear(5)
        client.send_mail(b"canary\r\n")
        client.send_mail(b"canary" * 200_000 + b"\r\n")

    said = [event["event"] for event in events]
    assert said[:3] == ["recipient_refused", "mail_kept", "mail_refused"]
    assert "canary" not in f"{events} {caplog.text}"


def test_a_mail_that_is_being_kept_when_the_server_stops_is_answered():
    held = Held()
    with running(held) as (port, stop, thread), Raw(port) as client, Raw(port) as idle:
        client.begin_mail()
        client.socket.sendall(MAIL + b".\r\n")
        held.wait_for(1)
        stop()
        to_idle = idle.lines.read()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        held.let.set()
        to_client = client.lines.read()
        thread.join(10)

        assert not thread.is_alive()
    assert to_idle == b"421 4.3.2 Closing; come back later\r\n"
    assert to_client.splitlines() == [b"250 2.0.0 Kept as arr_1", to_idle.strip()]


def test_a_mail_that_is_on_its_way_when_the_server_stops_is_taken(database):
    with running(keeping_in(database)) as (port, stop, _), Raw(port) as client, Raw(port) as idle:
        client.begin_mail()
        client.socket.sendall(MAIL)
        stop()
        idle.lines.read()
        client.say(b".")

        assert [line[:4] for line in client.lines.read().splitlines()] == [b"250 ", b"421 "]
    assert bodies(database) == [MAIL]


def test_a_mail_that_does_not_come_to_its_end_does_not_hold_up_the_stop():
    with running(pytest.fail, stop_s=0.2) as (port, stop, thread), Raw(port) as client:
        client.begin_mail()
        stop()
        thread.join(10)

        assert not thread.is_alive()

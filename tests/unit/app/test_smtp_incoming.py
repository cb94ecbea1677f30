import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.smtp.incoming import Incoming

PIECES = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\r\n.", b"\xff\x00"]))
EMPTY = "554 5.6.0 The mail is empty"


def on_the_wire(mail):
    """As RFC 5321, 4.5.2, has the client send it, but for the end."""
    return re.sub(rb"(\A|\r\n)\.", rb"\1..", mail)


def fed(incoming, wire, sizes):
    """Feed pieces of these sizes, over and over, and give what came behind the end."""
    start, turn = 0, 0
    while start < len(wire):
        chunk = wire[start : start + sizes[turn % len(sizes)]]
        start, turn = start + len(chunk), turn + 1
        rest = incoming.take(chunk)
        if rest is not None:
            return rest + wire[start:]
    return None


@given(PIECES, PIECES, st.lists(st.integers(1, 9), min_size=1))
def test_a_mail_in_any_pieces_is_the_mail(pieces, behind, sizes):
    mail, commands = b"".join(pieces) + b"\r\n", b"".join(behind)
    incoming = Incoming(1_000)

    assert fed(incoming, on_the_wire(mail) + b".\r\n" + commands, sizes) == commands
    assert incoming.mail() == (mail if mail.strip() else EMPTY)


@given(PIECES, st.lists(st.integers(1, 9), min_size=1), st.integers(0, 40))
def test_a_mail_is_too_large_exactly_over_the_limit(pieces, sizes, most):
    mail = b"x" + b"".join(pieces) + b"\r\n"
    incoming = Incoming(most)

    assert fed(incoming, on_the_wire(mail) + b".\r\nNOOP", sizes) == b"NOOP"
    refused = f"552 5.3.4 No mail may have more than {most} bytes"
    assert incoming.mail() == (mail if len(mail) <= most else refused)


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"."])
def test_nothing_else_ends_a_mail(end):
    assert Incoming(100).take(b"a" + end + b"b") is None


def test_a_mail_may_be_nothing_but_its_end():
    incoming = Incoming(100)

    assert incoming.take(b".\r\nQUIT") == b"QUIT"
    assert incoming.mail() == EMPTY


def test_what_is_refused_is_not_held():
    incoming = Incoming(1_000)
    for _ in range(100):
        incoming.take(b"x" * 100)

    assert (incoming.received_bytes, incoming.held_bytes) == (10_000, 5)


def test_the_first_refusal_stands():
    incoming = Incoming(10)
    incoming.refuse("451 4.3.1 Later")

    assert incoming.take(b"x" * 20 + b"\r\n.\r\n") == b""
    assert incoming.mail() == "451 4.3.1 Later"

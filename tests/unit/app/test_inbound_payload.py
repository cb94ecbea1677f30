import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain import Sender
from app.inbound.payload import (
    MAX_DEPTH,
    addresses,
    header,
    list_at,
    mailbox,
    message_id_in,
    parse_date,
    parse_file_name,
    parse_json,
    parse_mailboxes,
    parse_message_id,
    parse_sender,
    storable,
    text_at,
    value_at,
)
from app.inbound.values import Unreadable


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": [1, 2.5, null, true, "\\u00e9\xc3\xa9"]}', {"a": [1, 2.5, None, True, "éé"]}),
        (b'  "x"  ', "x"),
        (b'{"brackets in a string": "[[{{,,\\"]"}', {"brackets in a string": '[[{{,,"]'}),
        (b'"' + b"[" * 1_000 + b'"', "[" * 1_000),
        (b'"\\ud83d\\ude42"', "🙂"),
        (b'"a\\u0000b"', "a\ufffdb"),
        (b'"a\\ud800b\\udfffc"', "a\ufffdb\ufffdc"),
        (b'"\\ud800\\ud83d\\ude42"', "\ufffd🙂"),
        (b'"\\\\u0000 \\\\ud800"', "\\u0000 \\ud800"),
        (b'{"\\udfff": 1}', {"\ufffd": 1}),
    ],
)
def test_json_is_read_and_made_storable(body, value):
    assert parse_json(body) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        b"{} {}",
        b"{'a': 1}",
        b'{"a": 1, "a": 2}',
        b'{"\\ud800": 1, "\\udfff": 2}',
        b"NaN",
        b"[-Infinity]",
        b"[1e400]",
        b"[" + b"9" * 5_000 + b"]",
        b"[0." + b"9" * 5_000 + b"]",
        b'"\xff\xfe"',
        b'"\xed\xa0\x80"',
        b'\xef\xbb\xbf"x"',
        '"x"'.encode("utf-16"),
        b'"a\x00b"',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" + b"[]," * 1_000_000 + b"[]]",
        b'"' + b"\\" * 999_999,
    ],
    ids=range(22),
)
def test_what_is_no_json_or_too_much_of_it_is_unreadable(body):
    with pytest.raises(Unreadable):
        parse_json(body)


def test_the_deepest_value_that_is_allowed_is_read():
    body = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH

    assert parse_json(body) != []


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_unreadable(body):
    with suppress(Unreadable):
        parse_json(body)


def test_ten_megabytes_in_one_string_take_little_time():
    body = (
        b'{"Content": "' + b"QUJD" * 2_500_000 + b'", "Text": "\\ud800' + b'\\"' * 200_000 + b'"}'
    )

    began = time.process_time()
    value = parse_json(body)

    assert len(text_at(value, "Content")) == 10_000_000
    assert time.process_time() - began < 3


def test_a_path_leads_to_a_value_or_to_nothing():
    value = {"a": {"b": "text", "c": [1], "d": 5}}

    assert text_at(value, "a", "b") == "text"
    assert list_at(value, "a", "c") == [1]
    assert value_at(value, "a", "d") == 5
    assert [text_at(value, "a", "d"), text_at(value, "a", "b", "c"), text_at([], "a")] == [""] * 3
    assert [list_at(value, "a", "b"), list_at(value, "x", "y")] == [[], []]


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("ada@example.com", Sender("ada@example.com", None)),
        ("Ada Byron <ada@example.com>", Sender("ada@example.com", "Ada Byron")),
        ('"Byron, Ada \\"A\\"" <ada@example.com>', Sender("ada@example.com", 'Byron, Ada "A"')),
        ("Byron, Ada <ada@example.com>", Sender("ada@example.com", "Byron, Ada")),
        ("<ada@example.com>", Sender("ada@example.com", None)),
        ("Ada <ada@example.com", Sender("ada@example.com", "Ada")),
        ("Ada <mail me>", Sender(None, "Ada")),
        ("🙂" * 70 + " <ada@example.com>", Sender("ada@example.com", "🙂" * 70)),
        ("Ada\r\n\tByron\x00 <ada@example.com>", Sender("ada@example.com", "Ada Byron")),
        ("(c):", Sender()),
        ("<", Sender()),
        ('"', Sender()),
        ("", Sender()),
        ("<" + "a" * 400 + "@example.com>", Sender()),
        ("<a b@example.com>", Sender()),
    ],
)
def test_who_wrote_is_read_from_one_mailbox(text, sender):
    assert parse_sender(text) == sender


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@x.org, B <b@x.org>;c@x.org", ["a@x.org", "b@x.org", "c@x.org"]),
        ('"C, D" <cd@x.org>, (a note, here) e@x.org', ["cd@x.org", "e@x.org"]),
        ("Friends: a@x.org, b@x.org;", ["a@x.org", "b@x.org"]),
        ("undisclosed-recipients:;", []),
        (", ,,", []),
        ('"never closed <a@x.org>, b@x.org', []),
    ],
)
def test_a_list_of_mailboxes_gives_those_with_an_address(text, found):
    assert [one.email for one in parse_mailboxes(text)] == found


@pytest.mark.parametrize(
    "piece", ["(" * 3, "<" * 3, '"', '"\\', ",", "a@", "a@b,", "=?utf-8?q?", " ", "("]
)
def test_a_hostile_list_takes_bounded_time(piece):
    began = time.process_time()
    parse_mailboxes(piece * 200_000)
    parse_sender(piece * 200_000)

    assert time.process_time() - began < 2


def test_addresses_stand_once_in_their_order():
    found = addresses(parse_mailboxes("b@x.org, A@x.org"), [mailbox("a@X.org"), mailbox("none")])

    assert found == ("b@x.org", "A@x.org")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Wed, 11 Oct 2017 18:31:04 -0730", datetime(2017, 10, 12, 2, 1, 4, tzinfo=UTC)),
        ("1 January 2026 00:00 GMT (winter)", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-11-25T12:00:00.250Z", datetime(2026, 11, 25, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-25T12:00:00", None),
        ("32 Oct 2017 18:31:04 +0000", None),
        ("11 Okt 2017 18:31:04 +0000", None),
        ("11 Oct 0000 18:31:04 +0000", None),
        ("1 Jan 0001 00:00:00 +2300", None),
        ("11 Oct 2017 18:31:04 +9999", None),
        ("yesterday", None),
        ("", None),
        ("9" * 100_000, None),
    ],
)
def test_a_date_is_read_as_utc_or_not_at_all(text, moment):
    assert parse_date(text) == moment


@given(st.text(max_size=120))
def test_any_text_is_a_date_or_none(text):
    parsed = parse_date(text)

    assert parsed is None or parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (" <a.1@example.com> ", "<a.1@example.com>"),
        ("", None),
        ("<a b@example.com>", None),
        ("<a\x00@example.com>", None),
        ("<" + "a" * 600 + "@example.com>", None),
    ],
)
def test_a_message_id_is_kept_only_where_it_can_be(text, found):
    assert parse_message_id(text) == found


@pytest.mark.parametrize(
    ("mail", "found"),
    [
        (b"Subject: x\r\nMESSAGE-ID: <a@b>\r\n\r\ntext", "<a@b>"),
        (b"Message-ID:\n <a@b>\nSubject: x\n\ntext", "<a@b>"),
        (b"Subject: x\n\nMessage-ID: <a@b>\n", None),
        (b"X-Message-ID: <a@b>\n\n", None),
        (b"Message-ID: \xff\n\n", "\ufffd"),
        (b"a: b\n" * 100_000 + b"Message-ID: <a@b>\n", None),
        (b"", None),
    ],
)
def test_a_message_id_is_found_in_the_head_of_a_mail(mail, found):
    assert message_id_in(mail) == found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("offer.pdf", "offer.pdf"),
        ("C:\\share\\offer.pdf", "offer.pdf"),
        ("../../etc/passwd", "passwd"),
        ("Icon\n\nDesc.png", "Icon Desc.png"),
        ("", ""),
        (".", ""),
        ("..", ""),
        ("path\\", ""),
        ("path/..", ""),
        ("x" * 100_000, "x" * 500),
    ],
)
def test_a_file_name_is_the_last_part_of_a_path_on_one_line(text, name):
    assert parse_file_name(text) == name


def test_text_that_no_database_takes_is_mended():
    assert storable("a\x00b\ud800c🙂") == "a\ufffdb\ufffdc🙂"


def test_the_first_header_of_a_name_counts_whatever_its_case():
    assert header([("Message-Id", "1"), ("message-id", "2")], "message-id") == "1"
    assert header([], "message-id") == ""

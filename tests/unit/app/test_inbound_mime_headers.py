"""Headers, encoded words, parameters, addresses, dates and ids, each on its own."""

from datetime import UTC, datetime

import pytest

from app.inbound.mime import Address
from app.inbound.mime.addresses import read_addresses
from app.inbound.mime.headers import Headers, read_block
from app.inbound.mime.identity import read_date, read_id, read_ids
from app.inbound.mime.parameters import read_value
from app.inbound.mime.words import decode_words, one_line


def fields_of(raw):
    return read_block(raw, 0, len(raw)).headers.fields


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"Subject: a\n b\n\tc\n\nx", (("subject", "a b\tc"),)),
        (b"Subject : a\nTo\t: b\n\nx", (("subject", "a"), ("to", "b"))),
        (b": x\nNo colon\nSubject: a\n\nx", (("subject", "a"),)),
        (b"From a@b Mon\n>From c\nSubject: a\n\nx", (("subject", "a"),)),
        (b"\xef\xbb\xbf\n\nSubject: a\n\nx", (("subject", "a"),)),
        (b"Subject: J\xfcrgen \x80\n\nx", (("subject", "Jürgen €"),)),
        ("Subject: Jürgen €\n\nx".encode(), (("subject", "Jürgen €"),)),
        (b"Price: 40\nQuestion: why\n", ()),
    ],
)
def test_a_header_block_is_read_leniently(raw, fields):
    assert fields_of(raw) == fields


def test_a_body_without_a_blank_line_before_it_is_found():
    raw = b"From: a@b.example\nSubject: a\nHello there\n\nBye"

    block = read_block(raw, 0, len(raw))

    assert raw[block.body_start :] == b"Hello there\n\nBye"


def test_headers_are_capped():
    one = read_block(raw := b"Subject: " + b"a" * 40_000 + b"\n\nx", 0, len(raw))
    many = read_block(raw := b"X-A: b\n" * 60_000 + b"\nx", 0, len(raw))

    assert (len(one.headers.text("subject")), one.flags) == (32_768 - 1, {"capped"})
    assert len(many.headers.fields) < 40_000
    assert many.flags == {"capped"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?q?Caf=C3=A9_au_lait?=", "Café au lait"),
        ("=?UTF-8*de?B?R3LDvMOfZQ==?=", "Grüße"),
        ("a =?utf-8?q?b?= c", "a b c"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?==?iso-8859-1?q?=E9?=", "aé"),
        ("=?utf-8?b?4pc=?= =?utf-8?b?jw==?=", "●"),  # cut through a character
        ("=?iso-2022-jp?b?GyRCJUYlOSVIGyhC?=", "テスト"),
        ("=?x-none?q?=80_hello?=", "€ hello"),
        ("=?utf-8?q?open", "=?utf-8?q?open"),
        ("=?utf-8?x?what?=", "=?utf-8?x?what?="),
        ("=?utf-8?b?A?=", ""),
    ],
)
def test_encoded_words_are_decoded_and_broken_ones_stay(value, text):
    assert decode_words(value) == text


def test_one_line_holds_no_control_characters():
    assert one_line("a\r\nb\0c\u2028d\x85e\ud800f \u202eg", 100) == "a b c d e f g"
    assert one_line("abcdef", 3) == "abc"


@pytest.mark.parametrize(
    ("value", "main", "parameters"),
    [
        ('Text/HTML; Charset="utf-8"; x=1', "text/html", {"charset": "utf-8", "x": "1"}),
        ("a/b; name=two words.pdf", "a/b", {"name": "two words.pdf"}),
        (r'a/b; name="C:\x\"y\".pdf"', "a/b", {"name": r'C:\x"y".pdf'}),
        ("a/b; name*=utf-8'de'%C3%BC.pdf; name=u.pdf", "a/b", {"name": "ü.pdf"}),
        ("a/b; name*1=b; name*0=a", "a/b", {"name": "ab"}),
        ("a/b; name*0*=iso-8859-1''%FC; name*1=%41", "a/b", {"name": "ü%41"}),
        ("a/b; name*a=x; name**=x; name*9999=x", "a/b", {}),
        ('a/b; name="open', "a/b", {"name": "open"}),
        ("", "", {}),
        (";", "", {}),
        ("a/b; boundary=----=_x", "a/b", {"boundary": "----=_x"}),
    ],
)
def test_parameters_are_read(value, main, parameters):
    found = read_value(value)

    assert (found.main, found.parameters) == (main, parameters)


def test_two_boundaries_are_ambiguous_and_too_many_parameters_capped():
    two = read_value("multipart/mixed; boundary=a; boundary=b")
    many = read_value("text/plain" + "".join(f"; p{n}=x" for n in range(5_000)))

    assert (two.parameters, two.flags) == ({"boundary": "a"}, {"ambiguous"})
    assert (len(many.parameters), many.flags) == (100, {"capped"})


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("a@b.example", [("a@b.example", None)]),
        ('"Buyer, Ann" <a@b.example>', [("a@b.example", "Buyer, Ann")]),
        ("a@b.example (Ann)", [("a@b.example", "Ann")]),
        ("=?utf-8?q?J=C3=BCrgen?= <j@b.example>", [("j@b.example", "Jürgen")]),
        ("a@b.example, c@d.example", [("a@b.example", None), ("c@d.example", None)]),
        ("Team: a@b.example, C <c@d.example>;", [("a@b.example", None), ("c@d.example", "C")]),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("<>", []),
        ("<", []),
        ('"', []),
        ("(c):", [(None, "c")]),
        ("@", [(None, "@")]),
        ("Ann", [(None, "Ann")]),
        ("<@a,@b:c@d.example>", [("c@d.example", None)]),
        ("alice@good.example <bob@evil.example>", [("bob@evil.example", "alice@good.example")]),
        ("alice@x.example)bob@y.example", [(None, "alice@x.example)bob@y.example")]),
        ("'a@b.example'", [("a@b.example", None)]),
        ("a@b@c.example", [(None, "a@b@c.example")]),
        ("(" * 500 + ")" * 500 + "a@b.example", [("a@b.example", None)]),
        ("=?utf-8?q?A=0ABcc=3A_x?= <a@b.example>", [("a@b.example", "A Bcc: x")]),
        (f"{'a' * 400}@b.example", [(None, "a" * 320)]),
    ],
)
def test_addresses_are_read(value, addresses):
    assert read_addresses(value) == tuple(Address(*pair) for pair in addresses)


def test_of_too_many_addresses_the_first_are_kept():
    assert len(read_addresses("a@b.example, " * 5_000)) == 500


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("Mon, 5 Jan 2026 10:00:00 +0200 (CEST)", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("5 Jan 2026 10:00", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 5 Jan 26 10:00:00 EST", datetime(2026, 1, 5, 15, tzinfo=UTC)),
        ("", None),
        ("Thu, 99 Abc 99999999 99:99:99 +99999", None),
        ("1 Jan 2026 00:00 +9999", None),
        (f"1 Jan {'9' * 21} 00:00 +0000", None),
        ("31 Feb 2026 10:00:00 +0000", None),
        (" : ", None),
    ],
)
def test_dates_are_aware_or_none(value, moment):
    assert read_date(value) == moment


def test_ids_keep_their_brackets():
    assert read_id("<[0a1b]@microsoft.com>") == "<[0a1b]@microsoft.com>"
    assert read_id("no.brackets@b.example") == "<no.brackets@b.example>"
    assert [read_id(value) for value in ("<", "", "<[>", "a b@c")] == [None, None, "<[>", None]
    assert read_id("a." * 100_000) is None
    assert len(read_ids("<a@b>" * 1_000)) == 200


def test_headers_can_be_made_of_what_a_provider_lists():
    headers = Headers.of([("List-Id", "<l.example>"), ("X-A", "1"), ("x-a", "2")])

    assert (headers.first("list-id"), headers.every("x-a")) == ("<l.example>", ["1", "2"])
    assert (headers.text("none"), headers.first("none")) == ("", None)

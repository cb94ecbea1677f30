import email
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.inbound.forms import (
    MAX_BYTES,
    MAX_PARTS,
    Field,
    as_mail,
    attached,
    decode_text,
    encloses_mail,
    json_of,
    media_type,
    named,
    parse_form,
    text_of,
)
from app.inbound.values import Attached, Post, Unreadable

NOW = datetime(2026, 11, 25, tzinfo=UTC)
MULTIPART = "multipart/form-data; boundary=XX"
URLENCODED = "application/x-www-form-urlencoded"


def a_post(body, content_type=MULTIPART):
    headers = {"content-type": content_type}
    return Post(url="https://x", query={}, headers=headers, body=body, received_at=NOW)


def a_part(disposition, data=b"data", extra=b""):
    head = b"--XX\r\nContent-Disposition: form-data; " + disposition + b"\r\n" + extra
    return head + b"\r\n" + data + b"\r\n"


def a_form(*parts):
    return b"".join(parts) + b"--XX--\r\n"


def a_field(name="file", data=b"", filename=None, content_type=""):
    return Field(name=name, filename=filename, content_type=content_type, data=data)


def test_texts_and_files_are_told_apart():
    kind = b"Content-Type: text/plain; charset=latin-1\r\n"
    body = a_form(
        a_part(b'name="subject"', "Grüße".encode()),
        a_part(b'name="file1"; filename="a\xc3\xa4.txt"', b"a\r\nb--XX", kind),
        a_part(b'name="empty"', b""),
    )

    assert parse_form(a_post(body)) == [
        a_field("subject", "Grüße".encode()),
        a_field("file1", b"a\r\nb--XX", "aä.txt", "text/plain; charset=latin-1"),
        a_field("empty", b""),
    ]


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        (b'name="f"; filename=""', ""),
        (b'name="f"; filename="path\\"', ""),
        (b'name="f"; filename="."', ""),
        (b'name="f"; filename="a/.."', ""),
        (b'name="f"; filename*=UTF-8\'\'evil.sh; filename="good.txt"', "good.txt"),
        (b'name="f"; filename="good.txt"; filename*=UTF-8\'\'..%2Fevil', "good.txt"),
        (b'name="f"; filename="../../x.txt"', "x.txt"),
        (b'name="f"; filename="semi;colon.txt"', "semi;colon.txt"),
    ],
)
def test_a_file_name_is_never_a_path(disposition, filename):
    assert parse_form(a_post(a_form(a_part(disposition)))) == [a_field("f", b"data", filename)]


def test_a_part_without_a_name_is_left_out():
    body = a_form(a_part(b'filename="x"'), a_part(b'name="a"'), b"--XX\r\n\r\nbare\r\n")

    assert [item.name for item in parse_form(a_post(body))] == ["a"]


def test_urlencoded_fields_come_in_their_order_and_a_semicolon_is_data():
    body = b"Body=a;b%3Dc+d%C3%A9&&From=whatsapp%3A%2B1&Body=&flag&%zz=%"

    assert [(f.name, f.data) for f in parse_form(a_post(body, URLENCODED))] == [
        ("Body", "a;b=c dé".encode()),
        ("From", b"whatsapp:+1"),
        ("Body", b""),
        ("flag", b""),
        ("%zz", b"%"),
    ]


FORM = a_form(a_part(b'name="a"'))
REFUSED = [
    (FORM, ""),
    (FORM, "application/json"),
    (FORM, "multipart/mixed; boundary=XX"),
    (FORM, "multipart/form-data"),
    (FORM, "multipart/form-data; boundary="),
    (FORM, "multipart/form-data; boundary=" + "X" * 300),
    (FORM, "multipart/form-data; boundary=" + "X" * 10_000),
    (FORM, "multipart/form-data; boundary=YY"),
    (FORM[:-8], MULTIPART),
    (FORM[:20], MULTIPART),
    (b"", MULTIPART),
    (b"x" * 1_000_000 + b"\r\n" + FORM, MULTIPART),  # a preamble
    (b"\r\n" * 1_000_000, MULTIPART),
    (a_part(b'name="a"') * (MAX_PARTS + 1) + b"--XX--", MULTIPART),
    (a_part(b'name="a"') * 100_000, MULTIPART),
    (b"--XX\r\n" + b"A: b\r\n" * 10_000, MULTIPART),
    (b"--XX\r\nA: " + b"b" * 10_000_000, MULTIPART),
    (b"--XX\r\n" + b"A" * 10_000_000, MULTIPART),
    (b"--XX\r\nbad header\r\n\r\n\r\n--XX--", MULTIPART),
    (b"x" * (MAX_BYTES + 1), MULTIPART),
    (b"a=b&" * 1_000_000, URLENCODED),
    (b"x" * (MAX_BYTES + 1), URLENCODED),
]


@pytest.mark.parametrize(("body", "content_type"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_form_or_too_much_of_one_is_unreadable_at_once(body, content_type, caplog):
    caplog.set_level(logging.DEBUG)

    began = time.process_time()
    with pytest.raises(Unreadable):
        parse_form(a_post(body, content_type))

    assert time.process_time() - began < 1
    assert caplog.records == []  # the parser's own warnings quote what was sent


def test_line_ends_before_the_form_and_an_epilogue_are_left_out():
    body = b"\r\n" * 100_000 + FORM + b"x" * 10_000_000

    assert parse_form(a_post(body)) == [a_field("a", b"data")]


def test_a_field_of_thirty_megabytes_is_taken_whole():
    data = b"From: a@example.com\r\n" * 1_500_000
    body = a_form(a_part(b'name="email"', data))

    began = time.process_time()
    fields = parse_form(a_post(body))

    assert fields[0].data == data
    assert time.process_time() - began < 5


def test_the_most_fields_that_are_allowed_are_read():
    multipart = a_form(a_part(b'name="a"') * MAX_PARTS)
    urlencoded = b"&".join([b"a=b"] * MAX_PARTS)

    assert len(parse_form(a_post(multipart))) == MAX_PARTS
    assert len(parse_form(a_post(urlencoded, URLENCODED))) == MAX_PARTS


@given(st.lists(st.sampled_from([b"%", b"=", b"4", b"aF", b"+", b"\r\n", b"_", b" ", b"\xff"])))
def test_percent_encoding_is_undone_as_by_the_standard_library(pieces):
    raw = b"".join(pieces)

    assert parse_form(a_post(b"a=" + raw, URLENCODED))[0].data == unquote_to_bytes(
        raw.replace(b"+", b" ")
    )


@pytest.mark.parametrize("piece", [b"%41x", b"%", b"%%41", b"%x", b"=", b"+"])
def test_megabytes_of_escapes_take_little_time(piece):
    body = b"a=" + piece * (3_000_000 // len(piece))

    began = time.process_time()
    with suppress(Unreadable):
        parse_form(a_post(body, URLENCODED))

    assert time.process_time() - began < 2


def test_only_the_fields_that_are_wanted_are_read():
    multipart = a_form(a_part(b'name="a"'), a_part(b'name="b"'))

    assert [f.name for f in parse_form(a_post(multipart), ("b", "c"))] == ["b"]
    assert [f.name for f in parse_form(a_post(b"a=%&b=1&b=2", URLENCODED), ("b",))] == ["b", "b"]


@given(st.binary(max_size=200), st.sampled_from([MULTIPART, URLENCODED]) | st.text(max_size=80))
def test_any_bytes_are_a_form_or_unreadable(body, content_type):
    for candidate in (body, b"--XX\r\n" + body, FORM[:30] + body):
        with suppress(Unreadable):
            parse_form(a_post(candidate, content_type))


@pytest.mark.parametrize(
    ("data", "charset", "text"),
    [
        ("Grüße €".encode(), None, "Grüße €"),
        ("Grüße €".encode("cp1252"), None, "Grüße €"),
        ("Grüße €".encode("cp1252"), "iso-8859-1", "Grüße €"),
        ("Grüße €".encode(), "us-ascii", "Grüße €"),
        ("見積".encode("shift_jis"), "Shift_JIS", "見積"),
        ("цена".encode("koi8-r"), "KOI8-R", "цена"),
        ("цена".encode(), "utf8", "цена"),
        ("Grüße".encode(), "no-such-charset", "Grüße"),
        ("Grüße".encode("latin-1"), "utf-8", "Grüße"),
        (b"a\x00b", "utf-8", "a\ufffdb"),
        (b"\x81", None, "\ufffd"),
        (b"", "utf-16", ""),
        (b"eJwDAAAAAAE=", "zlib", "eJwDAAAAAAE="),
        (b"uryyb", "rot13", "uryyb"),
        (b"xn--a", "punycode", "xn--a"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        (b"text", "x" * 1_000_000, "text"),
        (b"text", "../../etc", "text"),
    ],
)
def test_text_is_decoded_by_the_charset_that_is_named_or_by_the_likeliest(data, charset, text):
    assert decode_text(data, charset) == text


@given(st.binary(max_size=50), st.sampled_from(["utf-7", "hz", "utf-32", "big5", "iso2022-jp"]))
def test_any_bytes_are_some_text(data, charset):
    decode_text(data, charset).encode()


def test_fields_are_found_by_name():
    fields = [
        a_field("a", b"file", "a.txt"),
        a_field("a", b"one"),
        a_field("a", b"two"),
        a_field("j", b'{"x": 1}'),
        a_field("k", b"{"),
    ]

    assert [item.data for item in named(fields, "a")] == [b"one", b"two"]
    assert [text_of(fields, "a"), text_of(fields, "b")] == ["one", ""]
    assert [json_of(fields, "j"), json_of(fields, "k"), json_of(fields, "l")] == [
        {"x": 1},
        None,
        None,
    ]
    assert attached(fields) == (
        Attached(name="a.txt", content_type="application/octet-stream", size=4),
    )


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("Text/Plain; charset=x", "text/plain"),
        ("", "application/octet-stream"),
        ("x/y\r\nEvil: 1", "application/octet-stream"),
    ],
)
def test_a_media_type_has_no_parameters(content_type, kind):
    assert media_type(content_type) == kind


def test_a_mail_is_put_together_again_with_the_mails_in_it():
    inner = b"From: b@example.com\r\nSubject: inner\r\n\r\nThe lead is in here."
    files = [
        a_field("1", b"\x00\xff", 'o"ffer.pdf', "application/pdf"),
        a_field("2", inner, "mail.eml", "message/rfc822; charset=us-ascii"),
    ]
    headers = [
        ("Subject", "outer\r\nBcc: evil@example.com"),
        ("Content-Type", "multipart/mixed; boundary=old"),
        ("MIME-Version", "1.0"),
        ("bad name:", "x"),
    ]

    whole = email.message_from_bytes(as_mail(headers, text="See bélow", html="", files=files))
    body, offer, forwarded = whole.get_payload()

    assert encloses_mail(files)
    assert not encloses_mail(files[:1])
    assert whole.keys() == ["Subject", "Content-Type"]
    assert body.get_payload(decode=True).decode() == "See bélow"
    assert offer.get_payload(decode=True) == b"\x00\xff"
    assert offer.get_filename() == "o'ffer.pdf"
    assert (forwarded.get_content_type(), forwarded.get_filename()) == (
        "message/rfc822",
        "mail.eml",
    )
    assert forwarded.get_payload(0).get_payload() == "The lead is in here."


def test_html_is_the_body_where_there_is_no_text():
    whole = email.message_from_bytes(as_mail([], text="", html="<p>é</p>", files=[]))

    assert whole.get_payload(0).get_content_type() == "text/html"
    assert whole.get_payload(0).get_payload(decode=True).decode() == "<p>é</p>"

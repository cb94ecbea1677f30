"""Whole mails: what a reader would see of them."""

import base64
from datetime import UTC, datetime

import pytest
from hostile_mail import SAYS, mail, multipart, text_part, within
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inbound.mime import Address, Attachment, ParseStatus, parse_mail
from app.inbound.mime.mail import read_mail

_HTML = "Content-Type: text/html; charset=utf-8"
PICTURE = "Content-Type: image/png; name=p.png\n\nxyz"
FORWARDED = "---------- Forwarded message ----------"


def alternative(plain, html):
    return within(multipart(text_part(plain), text_part(html, _HTML), kind="alternative"))


def test_a_plain_mail_is_read_whole():
    raw = mail(
        "Cc: Jo <jo@buyer.example>, cy@buyer.example",
        "Reply-To: team@buyer.example",
        "Subject: =?utf-8?q?Angebot_f=C3=BCr_40_Pl=C3=A4tze?=",
        "Date: Mon, 05 Jan 2026 10:30:00 +0200",
        "Message-ID: <1@buyer.example>",
        "In-Reply-To: <0@inlet.example>",
        "References: <a@inlet.example> <0@inlet.example>",
        body="Hello,\n\nhow much is it?\n",
    )

    found = parse_mail(raw)

    assert found.subject == "Angebot für 40 Plätze"
    assert found.sender == Address("ann@buyer.example", "Ann Buyer")
    assert found.reply_to == Address("team@buyer.example", None)
    assert found.to == (Address("sales@inlet.example", None),)
    assert found.cc == (Address("jo@buyer.example", "Jo"), Address("cy@buyer.example", None))
    assert found.message_id == "<1@buyer.example>"
    assert found.in_reply_to == "<0@inlet.example>"
    assert found.references == ("<a@inlet.example>", "<0@inlet.example>")
    assert found.date == datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
    assert found.text == "Hello,\n\nhow much is it?"
    assert (found.html_only, found.attachments, found.automated) == (False, (), None)
    assert found.flags == ()
    assert found.status is ParseStatus.PARSED


def test_the_plain_version_counts_before_html():
    found = parse_mail(alternative(SAYS, f"<p><b>{SAYS}</b></p>"))

    assert (found.text, found.html_only) == (SAYS, False)


@pytest.mark.parametrize("plain", ["", " \n\n ", "Your program shows no HTML."])
def test_html_counts_where_the_plain_version_says_nothing(plain):
    page = "<p>" + "We want to buy forty seats this month. " * 5 + "</p>"

    found = parse_mail(alternative(plain, page))

    assert found.text.startswith("We want to buy")
    assert found.html_only


def test_versions_that_say_different_things_are_flagged():
    plain = "We would like to order forty seats for our team in Lisbon soon"
    html = "<p>Cheap watches for sale now at our store, click here to see all models today</p>"

    assert parse_mail(alternative(plain, html)).flags == ("mismatch",)
    assert parse_mail(alternative(plain, f"<p>{plain}</p>")).flags == ()


def test_a_text_that_is_sent_twice_is_read_once():
    both = multipart(text_part(), text_part(f"<p>{SAYS}</p>", _HTML))

    assert parse_mail(within(both)).text == SAYS


def test_text_around_a_picture_is_put_together():
    found = parse_mail(within(multipart(text_part("Before."), PICTURE, text_part("After."))))

    assert found.text == "Before.\n\nAfter."
    assert found.attachments == (Attachment("p.png", "image/png", 3),)


def test_files_are_listed_by_name_type_and_size_and_are_not_read():
    data = base64.encodebytes(b"%PDF" + b"x" * 1_000).decode()
    pdf = (
        "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n"
        "Content-Disposition: attachment;\n filename*0*=utf-8''Angebot%20f%C3%BCr;\n"
        f' filename*1=" Sie.pdf"\n\n{data}'
    )
    note = "Content-Type: text/plain\nContent-Disposition: attachment; filename=n.txt\n\nsecret"

    found = parse_mail(within(multipart(note, text_part(), pdf)))

    assert found.text == SAYS
    assert found.attachments == (
        Attachment("n.txt", "text/plain", 6),
        Attachment("Angebot für Sie.pdf", "application/pdf", 1_004),
    )


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\offer.doc", "offer.doc"),
        ("..", "attachment"),
        ("", "attachment"),
        ("=?utf-8?q?Pr=C3=A9cis.pdf?=", "Précis.pdf"),
        ("offer\u202efdp.exe", "offerfdp.exe"),
        ("ä" * 4_000, "ä" * 127),
        ("a\x00b\tc.pdf", "a b c.pdf"),
    ],
)
def test_a_file_name_is_never_a_path(name, kept):
    part = f'Content-Type: image/png\nContent-Disposition: attachment; filename="{name}"\n\nx'

    found = parse_mail(within(multipart(text_part(), part)))

    assert [attachment.name for attachment in found.attachments] == [kept]


def test_a_forwarded_mail_is_kept_under_a_head_that_splitters_know():
    inner = (
        "Content-Type: message/rfc822\n\nFrom: Lee Lead <lee@lead.example>\n"
        "Subject: =?utf-8?q?Caf=C3=A9?=\nDate: Mon, 5 Jan 2026 10:00:00 +0000\n\nWe want a demo."
    )

    found = parse_mail(within(multipart(text_part("See below."), inner)))

    assert found.text == "\n".join(
        ["See below.", "", FORWARDED, "From: Lee Lead <lee@lead.example>",
         "Date: Mon, 5 Jan 2026 10:00:00 +0000", "Subject: Café", "", "We want a demo."]
    )  # fmt: skip
    assert [(a.name, a.content_type) for a in found.attachments] == [("Café", "message/rfc822")]


def test_a_forwarded_mail_may_be_encoded():
    inner = base64.encodebytes(mail("Subject: Hi", body="We want a demo.")).decode()
    part = f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{inner}"

    assert parse_mail(within(multipart(part))).text.endswith("We want a demo.")


def test_the_mail_that_a_report_returns_is_not_its_text():
    returned = f"Content-Type: message/rfc822\n\nFrom: a@b.example\nSubject: x\n\n{SAYS}"
    status = "Content-Type: message/delivery-status\n\nAction: failed"
    report = multipart(text_part("It was not delivered."), status, returned, kind="report")

    assert parse_mail(within(report)).text == "It was not delivered."


def test_flowed_paragraphs_are_put_together():
    flowed = "Content-Type: text/plain; charset=utf-8; format=flowed"
    body = "One long \nparagraph.\n\n> Quoted \n> line.\n>> Deep.\n From here.\n-- \nAnn"

    assert parse_mail(mail(flowed, body=body)).text == (
        "One long paragraph.\n\n> Quoted line.\n>> Deep.\nFrom here.\n-- \nAnn"
    )


def test_flowed_text_without_spaces_between_words_loses_the_added_ones():
    flowed = "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes"

    assert parse_mail(mail(flowed, body="価格を \n教えて")).text == "価格を教えて"


def test_an_invitation_is_one_line_of_text():
    calendar = (
        "Content-Type: text/calendar; method=REQUEST; name=invite.ics\n\n"
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Demo\\, 40\n  seats\n"
        "DTSTART;TZID=Europe/Berlin:20260105T100000\nLOCATION:Room 1\n"
        "BEGIN:VALARM\nSUMMARY:Alarm\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
    )

    found = parse_mail(within(multipart(text_part(), calendar, kind="alternative")))

    line = "Invitation: Demo, 40 seats, 2026-01-05 10:00 Europe/Berlin, Room 1"
    assert found.text == f"{SAYS}\n\n{line}"
    assert (found.automated, found.attachments) == (None, ())


def test_uuencoded_text_is_read_as_far_as_it_goes():
    encoded = "begin 644 a.txt\n%2&5L;&\\\n!!!broken\n`\nend\n"

    assert (
        parse_mail(mail("Content-Transfer-Encoding: x-uuencode", body=encoded)).text[:5] == "Hello"
    )


@pytest.mark.parametrize("raw", [b"", b"\0" * 1_000, b"\r\n\r\n"])
def test_what_is_no_mail_fails_and_does_not_raise(raw):
    assert parse_mail(raw).status is ParseStatus.FAILED


def test_text_without_headers_is_text():
    found = parse_mail(b"Question: how much?\r\nThanks")

    assert (found.text, found.flags) == ("Question: how much?\nThanks", ("no_headers",))


@pytest.mark.parametrize(
    "raw",
    [
        within(multipart(text_part(), boundary="b", closed=False)),
        within(multipart(text_part(), boundary="a").replace(b"boundary=a", b"boundary=other")),
        within(multipart(text_part()).replace(b"; boundary=b", b"")),
        within(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + SAYS.encode()),
        within(multipart(PICTURE).replace(b"--b", SAYS.encode() + b"\n--b", 1)),
        mail("Content-Type: text"),
        mail("Content-Type: text/plain; charset=x-none"),
        mail("Content-Transfer-Encoding: x-bomb"),
        mail().replace(b"\r\n", b"\r"),
        mail().replace(b"\r\n", b"\n"),
        b"\xef\xbb\xbfFrom a@b Mon\n" + mail(),
        mail("A bad line", "Subject : spaced"),
        mail("Content-Type: text/html", body=f"<style>p{{color:red}}</style><!-- {SAYS} <p>{SAYS}"),
        mail("Content-Disposition: attachment"),
    ],
)  # fmt: skip
def test_a_mail_with_text_gives_text_however_broken(raw):
    assert SAYS in read_mail(raw).text


def test_a_boundary_that_begins_another_one_is_told_from_it():
    inner = multipart(text_part("inside"), boundary="ab").decode()

    found = parse_mail(within(multipart(inner, text_part("outside"), boundary="a")))

    assert found.text == "inside\n\noutside"


def test_of_two_types_the_first_is_taken_and_the_mail_is_ambiguous():
    found = parse_mail(mail("Content-Type: text/plain", "Content-Type: text/html", body="<p>x</p>"))

    assert (found.text, found.flags) == ("<p>x</p>", ("ambiguous",))


def test_our_own_address_is_told():
    assert parse_mail(mail(), own=["@buyer.example"]).automated.kind == "own_address"
    assert parse_mail(mail(), own=["x@buyer.example"]).automated is None


def strings_of(found):
    addresses = [a for a in (found.sender, found.reply_to, *found.to, *found.cc) if a]
    yield from (found.subject, found.message_id or "", found.in_reply_to or "", *found.references)
    yield from (part or "" for a in addresses for part in (a.email, a.name))
    yield from (part for a in found.attachments for part in (a.name, a.content_type))


LINES = st.lists(
    st.sampled_from(
        ["From: a@b.example", "Subject: =?utf-8?b?7aCA?=", "Subject: x\0y\x85z\u2028w",
         "Content-Type: multipart/mixed; boundary=b", "--b", "--b--", "", "Content-Type: text/html",
         "<p style='display:none'>x", "Content-Transfer-Encoding: base64", "aGVsbG8=\r\r",
         "Content-Type: message/rfc822", "Message-ID: <", "To: g:<\"", "Date: 5 Jan 99999 9:9",
         "Content-Disposition: attachment; filename*0*=x''%0D%0A", "begin 644 x", "\ud800", "\t;"]
    )
    | st.text(max_size=40),
    max_size=40,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_no_line_breaks_nul_or_surrogates_come_through(lines):
    raw = "\r\n".join(lines).encode("utf-8", "surrogatepass")

    found = read_mail(raw)

    assert not any(set(text) & set("\r\n\0\x85\u2028") for text in strings_of(found))
    assert not set(found.text) & set("\r\0\x85\u2028")
    assert "".join([found.text, *strings_of(found)]).encode("utf-8")[:0] == b""


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_are_read_without_raising(raw):
    assert read_mail(raw).status in (ParseStatus.PARSED, ParseStatus.FAILED)

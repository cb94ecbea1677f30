"""The hostile mails of RELIABILITY.md, section 3.4: none raises, none is slow."""

import time

import pytest
from hostile_mail import SAYS, forwarded, hostile_mails, multipart, nested, text_part, within
from support_time import growth

from app.inbound.mime import limits
from app.inbound.mime.html import read_html
from app.inbound.mime.mail import read_mail

MOST_S = 2.5  # of processor time, half of the deadline; the worst takes 0.5 s
NO_MAIL = {"empty", "1,000 NUL"}
# Where the sender's words are out of reach: beyond the limit of parts, or in a file.
OUT_OF_REACH = {"one boundary 200 deep", "one boundary 1500 deep", "Content-Type bad pieces",
                "Content-Type 20,000 pieces"}  # fmt: skip
ALL = dict(hostile_mails())


@pytest.mark.parametrize("name", ALL)
def test_a_hostile_mail_is_read_in_time(name):
    raw = ALL[name]()
    started = time.process_time()

    found = read_mail(raw)

    assert time.process_time() - started < MOST_S
    assert found.status == ("failed" if name in NO_MAIL else "parsed")
    assert len(found.text.encode()) <= limits.TEXT_CHARS
    if SAYS.encode() in raw and name not in OUT_OF_REACH:
        assert SAYS in found.text


@pytest.mark.parametrize("raw", [nested(11), forwarded(11), nested(3_000)], ids=len)
def test_levels_beyond_the_limit_are_not_opened(raw):
    assert "capped" in read_mail(raw).flags


def test_ten_levels_are_opened():
    found = read_mail(nested(10))

    assert (found.text, found.flags) == (SAYS, ())


def test_parts_beyond_the_limit_are_left():
    part = "Content-Type: image/png; name=p.png\n\nx"

    most = read_mail(within(multipart(text_part(), *[part] * 198)))
    more = read_mail(within(multipart(text_part(), *[part] * 5_000)))

    assert (len(most.attachments), most.flags) == (198, ())
    assert (len(more.attachments), more.flags) == (198, ("capped",))


def test_a_mail_beyond_the_limit_of_bytes_is_cut():
    part = "Content-Type: image/png; name=p.png\n\n" + "x" * limits.RAW_BYTES

    found = read_mail(within(multipart(text_part(), part)))

    assert (found.text, found.flags) == (SAYS, ("truncated",))


PAGES = {
    "div": "<div>",
    "less": "<",
    "comment": "<!--",
    "ampersand": "&",
    "declaration": "<!x ",
    "open quote": '<p a="',
    "both quotes": "<p a='\"",
    "attribute": "<p a=1 b=2 style='display:none'>x",
    "item": "<li>x",
    "cell": "<table><tr><td>x",
    "quote": "<blockquote>x",
    "mixed": "<b><p></i>x</b>",
    "reference": "&#65;",
    "digits": "&#1",
    "style": "<style>.a{display:none}",
    "script": "<script>x",
    "space": " \n",
    "preformatted": "<pre>\n x",
}


@pytest.mark.parametrize("name", PAGES)
def test_reading_html_takes_linear_time(name):
    def page(size):
        return (PAGES[name] * (size // len(PAGES[name]) + 1))[:size]

    most = 10.4  # times as long for four times the page; in quadratic time it would be sixteen
    assert growth(read_html, page(40_000), page(160_000), at_most=most) <= most

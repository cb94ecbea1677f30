import json
from dataclasses import replace
from datetime import timedelta

import pytest
from support_events import ALERT, CLOCK, LINKS, MESSAGE, NOW, SAID, stored

from app.domain import Sender
from app.webhook.formats.alert_html import alert_html
from app.webhook.formats.alert_text import AlertText, alert_text
from app.webhook.formats.prose import escaped, one_line, paragraphs, shorten, units


def text_of(body, now=NOW):
    return alert_text(json.loads(body), now=now)


def test_an_alert_says_who_what_why_by_when_and_what_to_do():
    assert text_of(stored()) == AlertText(
        title="New lead: demo request 93 %, pricing 61 %; Zoë Example",
        facts=(
            ("From", "Zoë Example, Head of IT at Example Ltd"),
            ("Reach", "zoe@example.com · +442079460000"),
            ("Subject", "Demo?"),
            ("Wants", "demo request 93 %, pricing 61 %"),
            ("Urgency", "high 81 %"),
            ("Priority", "high"),
            ("Owner", "Ana Lima"),
            ("Time left", "42 min, until Tue 24 Nov 10:00 UTC"),
            ("Mood lately", "falling"),
            ("Still promised", "ben until 24 Nov 12:18 UTC"),
        ),
        quotes=(("demo request", "Could we see a demo?"),),
        next_step="Offer two times within a day.",
        excerpt="Could we see a demo? We are 20 people.",
        history=("2026-11-16 · negative · support · Export",),
        links=(
            ("I take it", LINKS.mine),
            ("Wrong label", LINKS.wrong_label),
            ("Not a lead", LINKS.not_a_lead),
        ),
        footer="msg_1 · sales · wants to buy",
    )


@pytest.mark.parametrize(
    ("kind", "opening"),
    [
        ("lead.detected", "New lead: "),
        ("churn.detected", "May leave us: "),
        ("message.routed", "For sales: "),
        ("own.name", "For sales: "),
        ("reply.reminder", "Still unanswered: "),
        ("reply.reassigned", "A new owner: "),
        ("reply.escalated", "Nobody has answered: "),
        ("endpoint.test", "Test: "),
    ],
)
def test_the_title_begins_with_what_happened(kind, opening):
    assert text_of(stored(event_type=kind)).title.startswith(opening)
    assert text_of(stored(event_type=kind, priority="urgent")).title.startswith(
        f"Urgent: {opening}"
    )


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(minutes=42), "42 min, until Tue 24 Nov 10:00 UTC"),
        (timedelta(seconds=59), "less than 1 min, until Tue 24 Nov 09:18 UTC"),
        (timedelta(hours=3, minutes=20), "3 h 20 min, until Tue 24 Nov 12:38 UTC"),
        (timedelta(hours=2), "2 h, until Tue 24 Nov 11:18 UTC"),
        (timedelta(days=3, hours=4, minutes=5), "3 d 4 h, until Fri 27 Nov 13:23 UTC"),
        (timedelta(minutes=-12), "none, over since 12 min (Tue 24 Nov 09:06 UTC)"),
    ],
)
def test_the_time_left_is_that_of_the_attempt_not_of_the_event(left, said):
    alert = replace(ALERT, reply=replace(CLOCK, due_at=NOW + timedelta(hours=1) + left))

    facts = dict(text_of(stored(alert=alert), now=NOW + timedelta(hours=1)).facts)

    expected = dict(
        text_of(stored(alert=replace(ALERT, reply=replace(CLOCK, due_at=NOW + left)))).facts
    )
    assert expected["Time left"] == said
    assert facts["Time left"].partition(",")[0] == said.partition(",")[0]


def test_without_personal_data_an_alert_still_says_what_is_wanted_and_by_when():
    text = text_of(stored(personal_data=False))

    assert text.title == "New lead: demo request 93 %, pricing 61 %; example.com"
    assert (text.quotes, text.excerpt, text.history) == ((), "", ())
    assert [name for name, _ in text.facts] == [
        "From", "Wants", "Urgency", "Priority", "Owner", "Time left",
    ]  # fmt: skip
    assert len(text.links) == 3


def test_what_the_model_left_to_a_person_is_not_said_as_if_it_was_sure():
    said = SAID | {"labels": [], "primary": "pricing", "confidence": 0.41}
    said["intents"] = {"pricing": 0.41, "other": 0.3}

    assert dict(text_of(stored(said=said)).facts)["Wants"] == "unsure, perhaps pricing 41 %"


def test_a_sentence_that_carries_two_intents_is_shown_once():
    one = SAID["evidence"]["demo_request"]
    said = SAID | {"evidence": {"demo_request": one, "pricing": one}}

    assert text_of(stored(said=said)).quotes == (("demo request, pricing", "Could we see a demo?"),)


@pytest.mark.parametrize(
    ("sender", "contact", "who"),
    [
        (Sender("zoe@example.com", "Zoë"), {}, "Zoë, example.com"),
        (Sender("zoe@example.com", None), {}, "example.com"),
        (Sender("zoe@example.com", "Zoë"), {"company": "Acme"}, "Zoë, Acme"),
        (
            Sender("zoe@example.com", "Z"),
            {"name": "Zoë", "title": "CTO"},
            "Zoë, CTO at example.com",
        ),
    ],
)
def test_the_signature_knows_the_writer_better_than_the_header(sender, contact, who):
    body = stored(replace(MESSAGE, sender=sender), alert=replace(ALERT, contact=contact))

    assert dict(text_of(body).facts)["From"] == who


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "//evil.example", "", "https://a b", "https://a\nb", "ftp://a"]
)
def test_only_a_plain_address_is_a_link(url):
    links = replace(LINKS, mine=url)

    assert len(text_of(stored(alert=replace(ALERT, links=links))).links) == 2


@pytest.mark.parametrize(
    "body", [b"{}", b'{"type": 1}', b'{"data": {}}', b'{"data": {"labels": []}}']
)
def test_an_event_with_nothing_on_it_makes_an_alert_all_the_same(body):
    text = alert_text(json.loads(body), now=NOW)

    assert text.title
    assert alert_html(text)


# Text of strangers


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ("a\r\nBcc: b", "a Bcc: b"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("a\0b\x1b[31mc", "ab[31mc"),
        ("a\ud800b", "ab"),
        ("👩\u200d👧", "👩\u200d👧"),
        ("\ufeff \u200b", ""),
        (None, ""),
        (3, "3"),
    ],
)
def test_a_line_is_what_one_sees(given, seen):
    assert one_line(given, 100) == seen


def test_paragraphs_keep_their_breaks_and_lose_the_empty_ones():
    assert paragraphs("  a  b \r\n\r\n\r\n\n c\u2028d\n", 100) == "a b\n\nc\nd"


@pytest.mark.parametrize("character", ["a", "价", "🚀"])
@pytest.mark.parametrize("limit", [1, 2, 10, 11])
def test_what_is_cut_fits_and_shows_it(character, limit):
    cut = shorten(character * 50, limit)

    assert limit - 2 < units(cut) <= limit
    assert cut.endswith("…")
    assert shorten("a" * limit, limit) == "a" * limit


def test_an_escape_is_never_cut_in_two():
    for limit in range(1, 40):
        cut = escaped(
            "&<" * 30, limit, lambda text: text.replace("&", "&amp;").replace("<", "&lt;")
        )

        assert units(cut) <= limit
        assert cut.replace("&amp;", "").replace("&lt;", "") == "…"

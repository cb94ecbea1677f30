"""Machine mail: what mail programs say of themselves, and what has to be guessed."""

from datetime import UTC, date, datetime

import pytest
from hostile_mail import mail, multipart, text_part, within

from app.inbound.mime import Headers, automated_reason, parse_mail

SENT = datetime(2025, 12, 20, 9, 0, tzinfo=UTC)


def kind_of(*lines, **options):
    headers = Headers.of([tuple(line.split(": ", 1)) for line in ("From: a@b.example", *lines)])
    found = automated_reason(headers, **options)
    return found.kind.value if found else None


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["Auto-Submitted: auto-replied"], "auto_reply"),
        (["Auto-Submitted: auto-replied (vacation)"], "auto_reply"),
        (["Auto-Submitted: auto-replied; owner=x"], "auto_reply"),
        (["Auto-Submitted: auto-generated"], "no_reply"),
        (["Auto-Submitted: auto-generated", "In-Reply-To: <1@x>"], "auto_reply"),
        (["Auto-Submitted: no"], None),
        (["X-Autoreply: yes"], "auto_reply"),
        (["X-Autoreply: no"], None),
        (["X-Autorespond: vacation"], "auto_reply"),
        (["Precedence: auto_reply"], "auto_reply"),
        (["X-Auto-Response-Suppress: All", "In-Reply-To: <1@x>"], "auto_reply"),
        (["X-Auto-Response-Suppress: All"], "no_reply"),
        (["X-Auto-Response-Suppress: DR, OOF, AutoReply"], None),  # CRMs write it for people
        (["X-Auto-Response-Suppress: DR, RN"], None),
        (["Content-Type: multipart/report; report-type=delivery-status; boundary=b"], "bounce"),
        (["Content-Type: multipart/report; report-type=feedback-report"], "bounce"),
        (["Content-Type: multipart/report; report-type=disposition-notification"], "receipt"),
        (["Content-Type: message/disposition-notification"], "receipt"),
        (["X-Failed-Recipients: x@y.example"], "bounce"),
        (["Return-Path: <>"], "bounce"),
        (["Return-Path: <>", "Subject: Automatic reply: hi"], "auto_reply"),
        (["Return-Path: <a@b.example>"], None),
        (["List-Id: Talk <talk.example.org>", "List-Post: <mailto:talk@example.org>"], "list"),
        (["List-Id: Talk <talk.example.org>", "Precedence: list"], "list"),
        (["Precedence: list"], "list"),
        (["List-Unsubscribe: <https://x.example/u>"], "newsletter"),
        (["List-Id: News <news.example.org>"], "newsletter"),
        (["Precedence: bulk"], "newsletter"),
        (["Subject: Re: your offer"], None),
        ([], None),
    ],
)
def test_what_headers_declare_is_believed(lines, kind):
    assert kind_of(*lines) == kind


@pytest.mark.parametrize(
    "address",
    ["noreply@x.example", "no-reply@x.example", "No_Reply+7@x.example", "donotreply@x.example",
     "do-not-reply@x.example", "nicht-antworten@x.example", "ne-pas-repondre@x.example",
     "noresponder@x.example", "nao-responda@x.example", "niet-beantwoorden@x.example",
     "svara-ej@x.example"],
)  # fmt: skip
def test_an_address_that_takes_no_replies_is_a_machines(address):
    def kind(*lines):
        headers = Headers.of([("From", f"Shop <{address}>"), *lines])
        return (automated_reason(headers) or None) and automated_reason(headers).kind.value

    assert kind() == "no_reply"
    assert kind(("Reply-To", address)) == "no_reply"
    assert kind(("Reply-To", "lead@buyer.example")) is None  # a form: there is a lead inside


@pytest.mark.parametrize(
    "address", ["norbert@x.example", "reply@x.example", "noreen@x.example", "postmaster@x.example"]
)
def test_a_person_is_no_machine(address):
    assert automated_reason(Headers.of([("From", address)])) is None


def test_mailer_daemons_bounce():
    found = automated_reason(Headers.of([("From", "Mail System <MAILER-DAEMON@x.example>")]))

    assert (found.kind, found.reason) == ("bounce", "sent by a mail server's own address")


def test_our_own_addresses_and_domains_are_told():
    assert kind_of(own=["A@B.example"]) == "own_address"
    assert kind_of(own=["@b.example"]) == "own_address"
    assert kind_of(own=["@other.example", "b.example"]) is None


@pytest.mark.parametrize(
    "lines",
    [
        ["List-Post: <mailto:sales@inlet.example>", "Precedence: list"],
        ["List-Id: <sales.inlet.example>", "Precedence: list", "List-Unsubscribe: <mailto:x@y.z>"],
    ],
)
def test_a_list_that_is_our_own_inbox_hides_no_lead(lines):
    assert kind_of(*lines, own=["sales@inlet.example"]) is None
    assert kind_of(*lines, own=["other@inlet.example"]) == "list"


def test_answers_of_calendars_are_automated_and_wishes_to_meet_are_not():
    assert kind_of(calendar_method="REPLY") == "calendar"
    assert kind_of(calendar_method="CANCEL") == "calendar"
    assert kind_of(calendar_method="REQUEST") is None
    assert kind_of(calendar_method="") is None


@pytest.mark.parametrize(
    "subject",
    ["Automatic reply: Offer", "Out of office", "Out of the Office: back soon", "Re: Autoreply: x",
     "Automatische Antwort: Angebot", "Abwesenheitsnotiz", "AW: Abwesend: x",
     "Réponse automatique : offre", "Absence du bureau", "Respuesta automática: oferta",
     "Fuera de la oficina", "Resposta automática: oferta", "Ausência temporária",
     "Automatisch antwoord: offerte", "Afwezigheidsbericht", "Autosvar: offert", "Frånvaro: x",
     "=?utf-8?q?Fr=C3=A5nvarande?="],
)  # fmt: skip
def test_absence_notes_are_told_by_their_subject(subject):
    assert kind_of(f"Subject: {subject}") == "auto_reply"


@pytest.mark.parametrize(
    "subject",
    ["Out of office furniture, a quote please", "Our office", "Automatic gates", "Autos",
     "Your automatic reply feature", "Question about absence management", "Abwesenheiten planen"],
)  # fmt: skip
def test_a_subject_about_absence_is_no_absence_note(subject):
    assert kind_of(f"Subject: {subject}") is None


def test_an_absence_note_keeps_the_day_of_return():
    found = parse_mail(
        mail(
            "Subject: Automatic reply: offer",
            "Date: Sat, 20 Dec 2025 09:00:00 +0000",
            "Auto-Submitted: auto-replied",
            body="I am away and will be back on 5 January.",
        )
    )

    assert (found.automated.kind, found.automated.returns_on) == ("auto_reply", date(2026, 1, 5))


def test_a_report_is_a_bounce_whatever_else_it_says():
    status = "Content-Type: message/delivery-status\n\nAction: failed"
    report = multipart(
        text_part("Not delivered."), status, kind="report; report-type=delivery-status"
    )

    found = parse_mail(within(report, "Auto-Submitted: auto-replied"))

    assert (found.automated.kind, found.automated.returns_on) == ("bounce", None)

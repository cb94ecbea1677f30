"""The day of return in seven languages, and wishes to be left alone."""

import time
from datetime import date

import pytest

from app.inbound.mime import unsubscribe_wish
from app.inbound.mime.absence import return_date

SENT = date(2025, 12, 20)  # a Saturday
FIFTH = date(2026, 1, 5)


@pytest.mark.parametrize(
    "text",
    [
        "I will be back on 5 January.",
        "I'm back in the office on Monday, January 5th, 2026.",
        "Returning on Monday the 5th of January",
        "I return to the office on 2026-01-05.",
        "I am out until 5 January 2026.",
        "I am out of the office through 4 January.",
        "Ich bin ab dem 5. Januar wieder erreichbar.",
        "Ich bin wieder am 05.01. für Sie da.",
        "Am Montag, den 5. Januar 2026, bin ich wieder im Büro.",
        "Ich bin bis einschließlich 04.01.2026 nicht im Haus.",
        "Bis zum 5.1. bin ich abwesend.",
        "Je serai de retour le 5 janvier.",
        "Absent jusqu'au 4 janvier inclus.",
        "Mon retour est prévu le lundi 5 janvier 2026",
        "Estaré de vuelta el 5 de enero.",
        "Regreso a la oficina el lunes 5 de enero de 2026",
        "Estarei de volta no dia 5 de janeiro.",
        "Regresso em 05/01/2026.",
        "Ik ben op 5 januari weer aanwezig.",
        "Ik ben terug op maandag 5 januari.",
        "Afwezig tot en met 4 januari.",
        "Jag är tillbaka den 5 januari.",
        "Åter på kontoret 5/1.",
        "Jag är ledig t.o.m. 4 januari.",
        "Back on 5 January. Ich bin am 5. Januar wieder da.",
    ],
)
def test_the_day_of_return_is_read(text):
    assert return_date(text, SENT) == FIFTH


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Back on Monday.", date(2025, 12, 22)),
        ("Ich bin wieder am Dienstag da.", date(2025, 12, 23)),
        ("Back on 13/01/2026", date(2026, 1, 13)),
        ("Back on 01/13/2026", date(2026, 1, 13)),
        ("Back on 29 February", None),
        ("Back on 05/01/2026", None),  # British or American
        ("Back on 5 January or back on 7 January", None),
        ("Back on 5 January 2024", None),  # long ago: an old note
        ("Back on 1 November", None),  # as far ahead as behind
        ("Back on 32 January", None),
        ("I am away. Call 05.01. or so", None),
        ("We sell on 5 January", None),
        ("", None),
    ],
)
def test_a_day_that_is_not_sure_is_none(text, day):
    assert return_date(text, SENT) == day


def test_a_day_next_to_the_note_is_this_years():
    assert return_date("Back on 5 January", date(2026, 1, 3)) == FIFTH


@pytest.mark.parametrize(
    "text",
    [
        "Unsubscribe",
        "STOP",
        "Please remove me from your mailing list.",
        "take us off this list please",
        "Stop emailing me!",
        "Do not contact me again.",
        "Bitte nehmen Sie mich aus Ihrem Verteiler.",
        "Bitte keine weiteren E-Mails.",
        "Newsletter abbestellen",
        "Merci de me désinscrire",
        "Retirez-moi de votre liste",
        "Je ne souhaite plus recevoir vos messages",
        "Quiero darme de baja",
        "Elimíneme de su lista, por favor",
        "No me envíen más correos",
        "Por favor, remova-me da lista",
        "Não quero mais receber estes e-mails",
        "Graag uitschrijven",
        "Meld mij alsjeblieft af",
        "Ta bort mig från listan",
        "Jag vill avregistrera mig",
        "Sluta skicka mail",
    ],
)
def test_a_wish_to_be_left_alone_is_heard(text):
    assert unsubscribe_wish(text)


@pytest.mark.parametrize(
    "text",
    [
        "How much is it for 40 seats?",
        "We want to cancel our subscription, please unsubscribe us from the plan.",
        "Wir wollen unseren Vertrag kündigen und uns abmelden.",
        "Can you stop by our office on Monday?",
        "Please take us through the product list.",
        "Does it stop him from sending mail twice?",
        "Please remove the old logo from the second page",
        "Do you support one-click unsubscribe? " + "We send a lot of mail. " * 30,
        "",
    ],
)
def test_other_wishes_are_not_taken_for_it(text):
    assert not unsubscribe_wish(text)


@pytest.mark.parametrize("noise", ["back on ", "am ", "bis zum ", "5 ", "until monday ", "op a "])
def test_notes_take_bounded_time(noise):
    started = time.process_time()

    return_date(noise * 200_000, SENT)
    unsubscribe_wish(noise * 200_000)

    assert time.process_time() - started < 0.5

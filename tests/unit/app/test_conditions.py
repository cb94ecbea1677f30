from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.routing.calendars import Calendar
from app.routing.conditions import Condition, Seen, holds, told
from app.routing.context import Context, Known
from models.prediction import Prediction, Signal

PREDICTION = Prediction(
    intents={"pricing": 0.9},
    labels=("pricing",),
    signals={"urgency": Signal("high", 0.8)},
    model_version="test",
    language="de",
    truncated=False,
)
CONTEXT = Context(
    channel="email",
    at=datetime(2026, 11, 25, 12, tzinfo=UTC),  # a Wednesday, 13:00 in Berlin
    contact=Known(name="ada@mail.acme.com", messages=1, score=12.5),
    account=Known(name="acme.com", messages=4, score=62),
    sender={"title": "Chief Information Officer", "domain": "mail.acme.com", "name": ""},
)
CALENDARS = {
    "berlin": Calendar(name="berlin", zone="Europe/Berlin", hours={2: ((9 * 60, 13 * 60 + 1),)}),
    "london": Calendar(name="london", zone="Europe/London", hours={2: ((9 * 60, 12 * 60),)}),
}
SEEN = Seen(PREDICTION, CONTEXT, CALENDARS)


@pytest.mark.parametrize(
    ("field", "wanted", "held", "words"),
    [
        ("signals.urgency", ["high"], True, "urgency high"),
        ("signals.urgency", ["normal", "high"], True, "urgency high"),
        ("signals.urgency", ["low", "normal"], False, "urgency high, not low or normal"),
        ("signals.mood", ["bad"], False, "mood is not known"),
        ("channel", ["chat", "email"], True, "channel email"),
        ("channel", ["chat"], False, "channel email, not chat"),
        ("language", ["de", "en"], True, "language de"),
        ("language", ["en"], False, "language de, not en"),
        ("account.known", ["known"], True, "account known"),
        ("account.known", ["unknown"], False, "account known, not unknown"),
        ("account.name", ["*.acme.com", "ACME.com"], True, "account.name matches"),
        ("account.name", ["*.acme.com"], False, "account.name does not match"),
        ("account.messages", [">= 4"], True, "account.messages 4 reaches >= 4"),
        ("account.messages", ["> 4"], False, "account.messages 4 misses > 4"),
        ("account.messages", ["4"], True, "account.messages 4 is 4"),
        ("account.messages", ["= 5"], False, "account.messages 4 misses = 5"),
        ("account.score", [">= 50"], True, "account.score 62 reaches >= 50"),
        ("contact.score", ["< 20"], True, "contact.score 12.5 stays < 20"),
        ("contact.score", ["<= 12"], False, "contact.score 12.5 misses <= 12"),
        ("contact.name", ["*@mail.*"], True, "contact.name matches"),
        ("time.berlin", ["open"], True, "calendar berlin open"),
        ("time.london", ["open"], False, "calendar london closed, not open"),
        ("time.london", ["closed"], True, "calendar london closed"),
        ("sender.title", ["*chief*", "*vp *"], True, "sender.title matches"),
        ("sender.title", ["chief"], False, "sender.title does not match"),
        ("sender.domain", ["*.acme.c?m"], True, "sender.domain matches"),
        ("sender.domain", ["acme.com"], False, "sender.domain does not match"),
        ("sender.name", ["*"], False, "sender.name is not known"),
        ("sender.country", ["*"], False, "sender.country is not known"),
    ],
)
def test_a_condition_says_whether_it_holds_and_what_it_saw(field, wanted, held, words):
    condition = Condition(field, tuple(wanted))

    assert (holds(condition, SEEN), told(condition, SEEN)) == (held, words)


def test_a_signal_in_a_language_that_was_not_learnt_is_not_known():
    seen = Seen(replace(PREDICTION, labels=(), readable=False), CONTEXT, CALENDARS)
    condition = Condition("signals.urgency", ("high",))

    assert (holds(condition, seen), told(condition, seen)) == (False, "urgency is not known")


@pytest.mark.parametrize("field", ["account", "contact"])
def test_somebody_who_never_wrote_is_unknown_and_has_no_name(field):
    seen = Seen(PREDICTION, Context(channel="email", at=CONTEXT.at), CALENDARS)

    assert holds(Condition(f"{field}.known", ("unknown",)), seen)
    assert not holds(Condition(f"{field}.name", ("*",)), seen)


def test_no_words_hold_an_address_or_a_name():
    fields = ["account.name", "contact.name", *(f"sender.{part}" for part in CONTEXT.sender)]

    words = [told(Condition(field, ("*acme*", "ada@*")), SEEN) for field in fields]

    assert [word for word in words if "acme" in word or "ada" in word or "Chief" in word] == []


def test_a_pattern_of_many_stars_is_quick():
    title = "a" * 2_000
    seen = Seen(PREDICTION, replace(CONTEXT, sender={"title": title}), CALENDARS)

    assert not holds(Condition("sender.title", ("*a" * 50 + "b",)), seen)

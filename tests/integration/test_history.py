from datetime import timedelta

import pytest
from support import START, a_message, race

from app.domain import Channel, ClockStatus, ReplyClock, Sender
from app.history import (
    Direction,
    History,
    Trend,
    history_of,
    once_key,
    open_promises,
    sentiment_trend,
    told_lately,
)
from app.routing.context import Context, Known
from app.routing.policy import Once, Rule
from app.storage import clocks, messages
from app.webhook.alert import Earlier, Promise
from models.prediction import Prediction, Signal

WEEK = timedelta(days=7)
DECISION = {"route": "success", "rule": "may leave", "reasons": []}
ASIDE = {"route": "automated", "rule": "set aside", "reasons": []}


def context(contact="ada@acme.com", account="acme.com"):
    known = {"contact": Known(name=contact), "account": Known(name=account)}
    return Context(channel="email", at=START, **known)


def said(sentiment=None, probability=1.0, labels=("support",)):
    signals = {"sentiment": {"label": sentiment, "probability": probability}} if sentiment else {}
    return {"intents": {"support": 0.9}, "labels": list(labels), "signals": signals}


def wrote(database, number, prediction, *, email="ada@acme.com", decision=DECISION, **changes):
    at = START + timedelta(minutes=number)
    message = a_message(id=f"msg_{number}", sender=Sender(email), received_at=at, **changes)
    with database.write() as conn:
        messages.add(conn, message, prediction=prediction, decision=decision)


def history(database, who=None, *, limit=5, latest=None):
    with database.read() as conn:
        return history_of(conn, who or context(), limit=limit, before=START + WEEK, latest=latest)


def test_the_last_messages_of_the_account_come_newest_first(database):
    wrote(database, 1, said("positive", 0.8), subject="Hello", text="All is\n well. " * 30)
    wrote(
        database, 2, said(), email="bob@acme.com", channel=Channel.CHAT, subject="", text="It fails"
    )
    wrote(database, 3, said("negative"), email="eve@other.com")

    found = history(database)

    assert found.earlier == (
        Earlier(
            at=START + timedelta(minutes=2),
            channel="chat",
            subject="",
            excerpt="It fails",
            labels=("support",),
            sentiment=None,
        ),
        Earlier(
            at=START + timedelta(minutes=1),
            channel="email",
            subject="Hello",
            excerpt=" ".join(("All is\n well. " * 30)[:200].split()),
            labels=("support",),
            sentiment="positive",
        ),
    )


def test_only_so_many_are_told_and_the_trend_looks_further_back(database):
    for number, mood in enumerate(["positive", "positive", "negative", "negative"]):
        wrote(database, number, said(mood))

    found = history(database, limit=1)

    assert [one.at for one in found.earlier] == [START + timedelta(minutes=3)]
    assert found.trend == Trend(direction=Direction.FALLING, before=1.0, lately=-1.0, messages=4)
    assert history(database, limit=0).earlier == ()


def test_the_message_in_hand_counts_for_the_trend(database):
    wrote(database, 1, said("positive", 0.9))
    latest = Prediction(
        intents={"churn_risk": 0.9},
        labels=("churn_risk",),
        signals={"sentiment": Signal("negative", 0.7)},
        model_version="v1",
        language="en",
        truncated=False,
    )

    assert history(database).trend is None
    assert history(database, latest=latest.as_dict()).trend == Trend(
        direction=Direction.FALLING, before=0.9, lately=-0.7, messages=2
    )


def test_machines_have_no_mood_and_are_not_told_of(database):
    wrote(database, 1, said("negative"), decision=ASIDE)
    wrote(database, 2, said("negative"), decision=ASIDE)

    assert history(database) == History()


def test_a_person_without_a_company_has_a_history_of_their_own(database):
    wrote(database, 1, said(), email="ada@gmail.com")
    wrote(database, 2, said(), email="bob@gmail.com")

    assert len(history(database, context("ada@gmail.com", None)).earlier) == 1
    assert history(database, context(None, None)) == History()


@pytest.mark.parametrize(
    ("moods", "trend"),
    [
        ([], None),
        ([0.9], None),
        ([0.9, -0.9], (Direction.FALLING, 0.9, -0.9)),
        ([-0.9, 0.9], (Direction.RISING, -0.9, 0.9)),
        ([0.5, 0.3], (Direction.STEADY, 0.5, 0.3)),
        ([0.0, 0.25], (Direction.RISING, 0.0, 0.25)),
        ([1.0, -1.0, -1.0], (Direction.FALLING, 1.0, -1.0)),
        ([0.2, 0.4, -0.2, -0.4, 0.0], (Direction.FALLING, 0.3, -0.2)),
        ([0.0] * 20, (Direction.STEADY, 0.0, 0.0)),
    ],
)
def test_a_trend_compares_the_newer_half_with_the_older(moods, trend):
    found = sentiment_trend(moods)

    seen = found and (found.direction, found.before, found.lately)
    assert seen == trend
    assert found is None or found.messages == len(moods)


def promise(database, number, **changes):
    """A reply that is due number hours after the start."""
    wrote(database, number, said())
    clock = {
        "id": f"clk_{number}",
        "message_id": f"msg_{number}",
        "rule": "may leave",
        "route": "success",
        "clock": "hour",
        "pool": None,
        "owner": "ana",
        "contact": "ada@acme.com",
        "account": "acme.com",
        "level": 0,
        "started_at": START,
        "promised_at": START + timedelta(hours=number),
        "due_at": START + timedelta(hours=number),
        "next_at": START,
        "reminded": False,
        "status": ClockStatus.RUNNING,
    }
    with database.write() as conn:
        clocks.add(conn, ReplyClock(**{**clock, **changes}))


def promises(database, who):
    with database.read() as conn:
        return open_promises(conn, who)


def test_open_promises_are_those_of_the_person_and_of_their_company(database):
    promise(database, 3, contact="bob@acme.com")
    promise(database, 1, account=None)
    promise(database, 2, contact="eve@other.com", account="other.com")
    with database.write() as conn:
        clocks.settle(conn, "msg_2", status=ClockStatus.ACKNOWLEDGED, by="ana", at=START)
    promise(database, 4, contact="eve@other.com", account="other.com", owner=None)

    assert promises(database, context()) == (
        Promise(message_id="msg_1", owner="ana", due_at=START + timedelta(hours=1)),
        Promise(message_id="msg_3", owner="ana", due_at=START + timedelta(hours=3)),
    )
    assert promises(database, context("eve@other.com", "other.com")) == (
        Promise(message_id="msg_4", owner=None, due_at=START + timedelta(hours=4)),
    )
    assert promises(database, context(None, None)) == ()


def rule(name="may leave", *, of="account", every=WEEK):
    return Rule(
        name=name,
        intents={"churn_risk": None},
        route="success",
        endpoints=("success",),
        event_type="churn.detected",
        once=of and Once(of=of, every=every),
    )


def asked(database, rule, who, now=START):
    with database.write() as conn:
        return told_lately(conn, rule, who, now=now)


def test_an_account_is_told_of_once_in_a_window(database):
    ada, bob = context(), context("bob@acme.com")

    told = [asked(database, rule(), one, now) for one, now in [(ada, START), (bob, START)]]
    assert told == [False, True]
    assert asked(database, rule(), bob, START + WEEK) is False


def test_other_accounts_and_other_rules_are_told_of_as_well(database):
    asked(database, rule(), context())

    assert asked(database, rule(), context("eve@other.com", "other.com")) is False
    assert asked(database, rule("second"), context()) is False
    assert asked(database, rule(of="contact"), context()) is False


def test_a_contact_is_told_of_beside_their_colleagues(database):
    ada, bob = context(), context("bob@acme.com")

    assert [asked(database, rule(of="contact"), one) for one in (ada, bob, ada)] == [
        False,
        False,
        True,
    ]


def test_a_private_address_stands_for_an_account_that_is_not_there(database):
    private = context("ada@gmail.com", None)

    assert [asked(database, rule(), private) for _ in range(2)] == [False, True]


def test_of_whom_nobody_knows_and_by_a_rule_without_a_window_it_is_told_each_time(database):
    nobody = context(None, None)

    assert [asked(database, rule(), nobody) for _ in range(2)] == [False, False]
    assert [asked(database, rule(of=None), context()) for _ in range(2)] == [False, False]
    assert once_key(rule(), nobody) is None


def test_of_sixteen_messages_at_once_one_tells(database):
    outcomes = race(16, lambda _: asked(database, rule(), context()))

    assert sorted(outcomes) == [False] + [True] * 15

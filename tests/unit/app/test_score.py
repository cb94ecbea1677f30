import random
from datetime import timedelta

import pytest
from support import START

from app.leads.score import HALF_LIFE, Interest, interest_of, weight_of

DAY = timedelta(days=1)


def said(*labels, probability=1.0, **signals):
    return {
        "intents": dict.fromkeys(labels, probability),
        "labels": list(labels),
        "signals": {
            head: {"label": label, "probability": sure} for head, (label, sure) in signals.items()
        },
    }


def some_messages(seed):
    draw = random.Random(seed)
    return [
        (draw.uniform(0, 2), START - timedelta(days=draw.uniform(0, 300)))
        for _ in range(draw.randint(1, 30))
    ]


def test_nobody_who_never_wrote_has_a_score():
    assert Interest().score(START) == 0.0


def test_one_sure_demo_request_makes_fifty_and_a_second_one_seventy_five():
    weight = weight_of(said("demo_request"))

    assert interest_of([(weight, START)]).score(START) == 50.0
    assert interest_of([(weight, START)] * 2).score(START) == 75.0
    assert interest_of([(weight, START)] * 2).score(START + HALF_LIFE) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("prediction", "weight"),
    [
        (said("demo_request", "pricing"), 1.8),
        (said("pricing", probability=0.5), 0.4),
        (said("support"), 0.03),
        (said("other"), 0.01),
        (said("churn_risk"), 0.0),
        (said("partnership"), 0.1),  # an operator's own intent
        (said(), 0.0),
        ({"intents": {"pricing": 0.9}}, 0.0),  # it does not count
        ({"labels": ["pricing"]}, 0.0),
        ({}, 0.0),
        (said("demo_request", buyer_role=("executive", 1.0)), 1.5),
        (said("demo_request", buyer_role=("executive", 0.5)), 1.25),
        (said("demo_request", buyer_role=("practitioner", 0.9)), 1.0),
        (said("demo_request", urgency=("low", 1.0)), 0.8),
        (said("demo_request", urgency=("high", 1.0), buyer_role=("executive", 1.0)), 1.95),
    ],
)
def test_a_message_weighs_what_is_wanted_by_whom_and_how_soon(prediction, weight):
    assert weight_of(prediction) == pytest.approx(weight)


@pytest.mark.parametrize("seed", range(200))
def test_the_order_of_messages_does_not_matter(seed):
    messages = some_messages(seed)
    shuffled = random.Random(seed + 1).sample(messages, len(messages))
    one_by_one = Interest()
    for weight, at in shuffled:
        one_by_one = one_by_one.plus(weight, at)

    assert one_by_one.score(START) == pytest.approx(interest_of(messages).score(START))
    assert interest_of(shuffled).score(START) == pytest.approx(interest_of(messages).score(START))


@pytest.mark.parametrize("seed", range(200))
def test_no_message_lowers_a_score_and_none_lifts_it_over_a_hundred(seed):
    messages = some_messages(seed)

    scores = [interest_of(messages[:count]).score(START) for count in range(len(messages) + 1)]

    assert scores == sorted(scores)
    assert scores[0] == 0.0
    assert scores[-1] <= 100.0


@pytest.mark.parametrize("seed", range(200))
def test_a_score_falls_as_time_goes_by(seed):
    whole = interest_of(some_messages(seed))

    scores = [whole.score(START + days * DAY) for days in (0, 1, 10, 100, 1_000)]

    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.001


def test_the_sum_is_the_one_of_the_formula():
    messages = [(1.0, START - 30 * DAY), (0.4, START - 90 * DAY), (0.2, START)]

    assert interest_of(messages).score(START) == pytest.approx(100 * (1 - 2**-0.75))


def test_a_clock_that_goes_back_changes_nothing():
    whole = interest_of([(1.0, START)])

    assert whole.score(START - DAY) == whole.score(START)


def test_ten_thousand_messages_make_a_hundred():
    assert interest_of([(1.9, START)] * 10_000).score(START) == 100.0

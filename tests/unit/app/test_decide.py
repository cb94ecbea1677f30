from dataclasses import replace

import pytest

from app.domain import Decision
from app.routing.decide import decide
from app.routing.loading import load_policy
from app.routing.policy import Policy, Rule
from models.prediction import Prediction

INTENTS = ("demo_request", "pricing", "support", "churn_risk", "other")


def prediction(*labels, **probabilities):
    return Prediction(
        intents={intent: probabilities.get(intent, 0.01) for intent in INTENTS},
        labels=labels,
        signals={},
        model_version="test",
        language="en",
        truncated=False,
    )


def rule(name, **intents):
    return Rule(
        name=name, intents=intents, route=name, endpoints=(name,), event_type="message.routed"
    )


def policy(*rules):
    return Policy(rules=rules, otherwise=rule("otherwise"), sha256="5ha")


@pytest.fixture(scope="module")
def shipped():
    return load_policy(None, known_intents=INTENTS)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("churn_risk",), ("success", "a customer may leave", "churn.detected")),
        (("demo_request",), ("sales", "wants to buy", "lead.detected")),
        (("pricing",), ("sales", "wants to buy", "lead.detected")),
        (("support",), ("support", "needs help", "message.routed")),
        (("other",), ("inbox", "otherwise", "message.routed")),
        ((), ("review", "unsure", "message.routed")),
        (
            ("pricing", "support", "churn_risk"),
            ("success", "a customer may leave", "churn.detected"),
        ),
        (("support", "pricing"), ("sales", "wants to buy", "lead.detected")),
    ],
)
def test_the_shipped_policy_takes_each_intent_where_it_belongs(shipped, labels, expected):
    actual = decide(prediction(*labels, **dict.fromkeys(labels, 0.9)), shipped)

    assert (actual.route, actual.rule, actual.event_type) == expected
    assert actual.endpoints == ("inbox" if actual.route == "review" else actual.route,)


def test_nothing_counts_in_a_language_that_the_model_has_not_learnt(shipped):
    said = replace(prediction(pricing=0.99), language="fi", readable=False)

    actual = decide(said, shipped)
    by_number = decide(said, policy(rule("sales", pricing=0.5)))

    assert (actual.route, actual.reasons) == (
        "review",
        ("the model has not learnt the language 'fi'",),
    )
    assert by_number.rule == "otherwise"


def test_without_a_rule_for_the_unsure_they_go_with_the_rest():
    assert decide(prediction(), policy(rule("sales", pricing=0.5))).rule == "otherwise"


def test_a_decision_says_all_that_its_rule_saw(shipped):
    actual = decide(prediction("pricing", "demo_request", pricing=0.934, demo_request=0.6), shipped)

    assert actual == Decision(
        route="sales",
        rule="wants to buy",
        reasons=(
            "pricing 0.93 reaches the model's threshold",
            "demo_request 0.60 reaches the model's threshold",
        ),
        endpoints=("sales",),
        event_type="lead.detected",
        policy_sha256=shipped.sha256,
    )


@pytest.mark.parametrize(("probability", "expected"), [(0.8, "sales"), (0.799, "otherwise")])
def test_a_number_counts_from_itself_on_whatever_the_model_counted(probability, expected):
    rules = policy(rule("sales", pricing=0.8))

    assert decide(prediction("pricing", pricing=probability), rules).route == expected


def test_a_number_counts_although_the_model_abstained():
    actual = decide(prediction(support=0.3), policy(rule("support", support=0.25)))

    assert actual.reasons == ("support 0.30 reaches the policy's 0.25",)


def test_the_first_rule_that_holds_decides():
    rules = policy(rule("first", pricing=0.5), rule("second", pricing=0.1, support=0.1))

    assert decide(prediction(pricing=0.6, support=0.9), rules).rule == "first"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            prediction(pricing=0.41, support=0.2),
            (
                "no rule held; the nearest is 'buys': pricing 0.41 is under the policy's 0.6",
                "the model abstained: no intent reached its threshold",
            ),
        ),
        (
            prediction("other", other=0.88, support=0.45),
            (
                "no rule held; the nearest is 'stuck': support 0.45 is under the model's threshold",
                "the model counts other 0.88",
            ),
        ),
    ],
)
def test_when_no_rule_holds_the_nearest_is_named(said, expected):
    rules = policy(rule("buys", pricing=0.6), rule("stuck", support=None))

    assert decide(said, rules).reasons == expected


@pytest.mark.parametrize("limit", [None, 0.0])
def test_an_intent_that_the_model_does_not_have_never_counts(limit):
    actual = decide(prediction(), policy(rule("refunds", refund=limit)))

    assert actual.reasons[0] == "no rule held: none asks for an intent of this model"

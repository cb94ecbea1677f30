from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.domain import Decision, Priority
from app.routing.calendars import Calendar
from app.routing.conditions import Condition
from app.routing.context import Context, Known
from app.routing.decide import decide
from app.routing.loading import load_policy
from app.routing.playbooks import SHIPPED
from app.routing.policy import Policy, Rule
from models.prediction import Prediction, Signal

INTENTS = ("demo_request", "pricing", "support", "churn_risk", "other")
MAIL = Context(channel="email", at=datetime(2026, 11, 25, 12, tzinfo=UTC))


def prediction(*labels, **probabilities):
    return Prediction(
        intents={intent: probabilities.get(intent, 0.01) for intent in INTENTS},
        labels=labels,
        signals={},
        model_version="test",
        language="en",
        truncated=False,
    )


def rule(name, *conditions, **intents):
    return Rule(
        name=name,
        intents=intents,
        route=name,
        endpoints=(name,),
        event_type="message.routed",
        conditions=conditions,
    )


def policy(*rules, **more):
    return Policy(rules=rules, otherwise=rule("otherwise"), sha256="5ha", **more)


def told(said, rules, **circumstances):
    """The decision on a message in these circumstances."""
    return decide(said, replace(MAIL, **circumstances), rules)


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
    actual = told(prediction(*labels, **dict.fromkeys(labels, 0.9)), shipped)

    assert (actual.route, actual.rule, actual.event_type) == expected
    assert actual.endpoints == ("inbox" if actual.route == "review" else actual.route,)


def test_nothing_counts_in_a_language_that_the_model_has_not_learnt(shipped):
    said = replace(prediction(pricing=0.99), language="fi", readable=False)

    actual = told(said, shipped)
    by_number = told(said, policy(rule("sales", pricing=0.5)))

    assert (actual.route, actual.reasons) == (
        "review",
        ("the model has not learnt the language 'fi'",),
    )
    assert by_number.rule == "otherwise"


def test_without_a_rule_for_the_unsure_they_go_with_the_rest():
    assert told(prediction(), policy(rule("sales", pricing=0.5))).rule == "otherwise"


def test_a_decision_says_all_that_its_rule_saw_and_which_one_came_nearest():
    buys = replace(
        rule(
            "buys",
            Condition("channel", ("email",)),
            Condition("account.score", (">= 50",)),
            pricing=None,
            demo_request=None,
        ),
        priority=Priority.HIGH,
        pool="sales",
        clock="hour",
        playbook="demo",
    )
    rules = policy(rule("leaves", churn_risk=None), buys, playbooks={"demo": "Offer two times."})
    said = prediction("pricing", "demo_request", pricing=0.934, demo_request=0.6)

    actual = told(said, rules, account=Known(name="acme.com", messages=2, score=61.8))

    assert actual == Decision(
        route="buys",
        rule="buys",
        reasons=(
            "the rule 'buys' holds",
            "pricing 0.93 reaches the model's threshold",
            "demo_request 0.60 reaches the model's threshold",
            "channel email",
            "account.score 61.8 reaches >= 50",
            "the nearest other rule is 'leaves': churn_risk 0.01 is under the model's threshold",
        ),
        endpoints=("buys",),
        event_type="message.routed",
        policy_sha256="5ha",
        priority=Priority.HIGH,
        pool="sales",
        clock="hour",
        playbook="Offer two times.",
    )


@pytest.mark.parametrize(("probability", "expected"), [(0.8, "sales"), (0.799, "otherwise")])
def test_a_number_counts_from_itself_on_whatever_the_model_counted(probability, expected):
    rules = policy(rule("sales", pricing=0.8))

    assert told(prediction("pricing", pricing=probability), rules).route == expected


def test_a_number_counts_although_the_model_abstained():
    actual = told(prediction(support=0.3), policy(rule("support", support=0.25)))

    assert actual.reasons == (
        "the rule 'support' holds",
        "support 0.30 reaches the policy's 0.25",
    )


def test_the_first_rule_that_holds_decides():
    rules = policy(rule("first", pricing=0.5), rule("second", pricing=0.1, support=0.1))

    assert told(prediction(pricing=0.6, support=0.9), rules).rule == "first"


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

    assert told(said, rules).reasons == expected


@pytest.mark.parametrize("limit", [None, 0.0])
def test_an_intent_that_the_model_does_not_have_never_counts(limit):
    actual = told(prediction(), policy(rule("refunds", refund=limit)))

    assert actual.reasons[0] == "no rule held: none asks for an intent of this model"


KNOWN = Condition("account.known", ("known",))
CHAT = Condition("channel", ("chat",))
CHIEF = Condition("sender.title", ("*chief*",))


def test_a_rule_holds_only_where_all_its_conditions_do():
    rules = policy(rule("first", KNOWN, CHAT, pricing=None))

    actual = [
        told(prediction("pricing", pricing=0.9), rules, channel=channel, account=account).route
        for channel in ("chat", "email")
        for account in (Known(name="acme.com", messages=1), Known(name="acme.com"))
    ]

    assert actual == ["first", "otherwise", "otherwise", "otherwise"]


def test_a_rule_without_intents_holds_by_its_conditions_alone():
    actual = told(prediction(), policy(rule("chats", CHAT)), channel="chat")

    assert (actual.rule, actual.reasons) == ("chats", ("the rule 'chats' holds", "channel chat"))


def test_a_rule_without_intents_holds_for_what_the_model_cannot_read():
    said = replace(prediction(pricing=0.99), language="fi", readable=False)
    rules = policy(rule("buys", pricing=0.1), rule("chats", CHAT))

    assert told(said, rules, channel="chat").rule == "chats"
    assert told(said, rules).reasons == (
        "no rule held; the nearest is 'chats': channel email, not chat",
        "the model has not learnt the language 'fi'",
    )


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (  # one condition is missing, another rule's intent is nowhere near
            (rule("chief", CHIEF, pricing=None), rule("stuck", support=None)),
            "'chief': sender.title is not known",
        ),
        (  # a little short is nearer than a condition that does not hold
            (rule("chief", CHIEF, pricing=None), rule("stuck", churn_risk=0.5)),
            "'stuck': churn_risk 0.40 is under the policy's 0.5",
        ),
        (
            (rule("far", CHIEF, CHAT, KNOWN), rule("near", CHIEF, CHAT)),
            "'near': sender.title is not known, channel email, not chat",
        ),
        (
            (rule("both", CHAT, churn_risk=0.5),),
            "'both': churn_risk 0.40 is under the policy's 0.5, channel email, not chat",
        ),
    ],
)
def test_the_nearest_rule_is_named_with_all_that_it_lacked(rules, expected):
    said = prediction("pricing", pricing=0.9, churn_risk=0.4)

    assert told(said, policy(*rules)).reasons[0] == f"no rule held; the nearest is {expected}"


def test_a_later_rule_that_holds_too_is_the_nearest():
    rules = policy(
        rule("far", churn_risk=None), rule("first", pricing=0.5), rule("then", pricing=0.1)
    )

    assert told(prediction(pricing=0.6), rules).reasons[-1] == (
        "the nearest other rule is 'then': it holds as well, but comes later"
    )


def test_working_time_decides_where_a_rule_asks_for_it():
    office = Calendar(name="office", zone="Europe/Berlin", hours={2: ((540, 1020),)})
    night = Condition("time.office", ("closed",))
    rules = policy(rule("night", night), calendars={"office": office})

    by_hour = [told(prediction(), rules, at=MAIL.at.replace(hour=hour)) for hour in (7, 8, 15, 16)]

    assert [one.rule for one in by_hour] == ["night", "otherwise", "otherwise", "night"]
    assert by_hour[0].reasons[1] == "calendar office closed"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("informational", "educational"),
        ("commercial_investigation", "consultative"),
        ("transactional", "sales-focused"),
        ("problem_solving", "solution"),
        ("navigational", "navigational"),
        ("local", "local"),
    ],
)
def test_what_to_do_next_follows_from_the_intent_type(kind, name):
    said = replace(prediction(), signals={"intent_type": Signal(kind, 0.7)})

    assert told(said, policy()).playbook == SHIPPED[name]
    assert told(said, policy(playbooks={name: "Our way."})).playbook == "Our way."


def test_nothing_is_advised_where_the_intent_type_is_not_known():
    guessed = replace(
        prediction(), signals={"intent_type": Signal("local", 0.7)}, language="fi", readable=False
    )

    assert [told(said, policy()).playbook for said in (prediction(), guessed)] == ["", ""]


@pytest.mark.parametrize(("intent", "name"), [("churn_risk", "welfare"), ("support", "solution")])
def test_a_customer_in_trouble_is_not_sold_to_whatever_the_type(intent, name):
    said = prediction(intent, **{intent: 0.97})
    said = replace(said, signals={"intent_type": Signal("transactional", 0.7)})

    assert told(said, policy()).playbook == SHIPPED[name]

from collections import Counter
from datetime import timedelta

import pytest
from support import START, a_message

from app.contexts import context_of
from app.domain import Facts, Sender
from app.history import told_lately
from app.routing.aside import TOLD
from app.routing.aside import told_lately as let_stand
from app.routing.decide import decide
from app.routing.loading import load_policy
from app.simulating import records, replay, simulate
from app.storage import messages
from models.prediction import Prediction

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
DECISION = {
    "route": "sales",
    "rule": "wants to buy",
    "reasons": ["pricing 0.90 reaches the model's threshold"],
    "endpoints": ["sales"],
    "event_type": "lead.detected",
    "policy_sha256": "0" * 64,
}
OTHERWISE = "otherwise: {route: inbox, endpoints: [inbox], event: message.routed}\n"


@pytest.fixture
def policy(tmp_path):
    """Makes a policy of one rule."""

    def made(rule):
        path = tmp_path / "policy.yaml"
        path.write_text(f"version: 1\nrules:\n  - {{name: new, {rule}}}\n{OTHERWISE}")
        return load_policy(path, known_intents=None)

    return made


BUYS = "intents: {pricing: 0.5}, route: sales, endpoints: [sales], event: lead.detected"


def said(intent="pricing", probability=0.9, **changes):
    whole = {
        "intents": {intent: probability, "other": 0.02},
        "labels": (intent,),
        "signals": {},
        "model_version": "v1",
        "language": "en",
        "truncated": False,
    }
    return Prediction(**{**whole, **changes}).as_dict()


def wrote(database, hour, *, email="ada@acme.com", prediction=None, facts=None, **decision):
    """Store a message that came in hours after the start."""
    at = START + hour * HOUR
    message = a_message(id=f"msg_{hour:04}", sender=Sender(email), received_at=at, created_at=at)
    decided = {**DECISION, **decision}
    with database.write() as conn:
        messages.add(conn, message, prediction=prediction or said(), decision=decided, facts=facts)


def replayed(database, policy, *, since=START, until=START + 2 * WEEK):
    return simulate(database, policy, since=since, until=until)


def test_the_same_outcome_by_a_rule_of_another_name_is_no_change(database, policy):
    wrote(database, 0)

    found = replayed(database, policy(BUYS)).as_dict()

    assert found == {
        "since": START.isoformat(),
        "until": (START + 2 * WEEK).isoformat(),
        "weeks": 2.0,
        "messages": 1,
        "set_aside": 0,
        "skipped": 0,
        "changed": 0,
        "routes": [{"before": "sales", "after": "sales", "messages": 1}],
        "rules": [
            {"rule": "new", "before": 0, "after": 1},
            {"rule": "wants to buy", "before": 1, "after": 0},
        ],
        "alerts": [{"endpoint": "sales", "before": 1, "after": 1, "more_a_week": 0.0}],
        "examples": [],
    }


def test_other_routes_and_alerts_are_counted_with_an_example(database, policy):
    for hour in range(6):
        wrote(database, hour, prediction=said(probability=0.5 + hour / 10))

    found = replayed(database, policy(BUYS.replace("0.5", "0.75")))

    assert found.changed == 3
    assert found.routes == {("sales", "sales"): 3, ("sales", "inbox"): 3}
    assert (found.alerts_before, found.alerts_after) == ({"sales": 6}, {"sales": 3, "inbox": 3})
    assert (found.a_week("sales"), found.a_week("inbox")) == (-1.5, 1.5)
    first = found.examples[0]
    assert (first.message_id, first.before) == ("msg_0000", DECISION)
    assert (first.after["route"], first.after["rule"]) == ("inbox", "otherwise")
    assert first.after["reasons"][0].startswith("no rule held; the nearest is 'new'")


@pytest.mark.parametrize(
    "more",
    ["priority: high", "endpoints: [sales, boss]", "event: message.routed", "route: vip"],
)
def test_every_part_of_the_outcome_is_compared(database, policy, more):
    wrote(database, 0)
    kept = [part for part in BUYS.split(", ") if part.split(":")[0] != more.split(":")[0]]

    assert replayed(database, policy(", ".join([*kept, more]))).changed == 1


def test_what_was_set_aside_stays_aside(database, policy):
    wrote(database, 0, route="automated", rule="set aside", endpoints=[])

    found = replayed(database, policy(BUYS))

    assert (found.aside, found.changed) == (1, 0)
    assert found.routes == {("automated", "automated"): 1}


def test_a_prediction_that_cannot_be_read_is_skipped(database, policy):
    wrote(database, 0, prediction={"intents": {"pricing": 0.9}})
    wrote(database, 1)

    found = replayed(database, policy(BUYS))

    assert (found.replayed, found.skipped, found.changed) == (2, 1, 0)


def test_a_conversation_that_was_handed_over_is_not_told_of_again(database, policy):
    wrote(database, 0)
    wrote(database, 1, endpoints=[], reasons=[*DECISION["reasons"], TOLD])

    assert replayed(database, policy(BUYS)).changed == 0
    assert replayed(database, policy(BUYS.replace("route: sales", "route: vip"))).alerts_after == {
        "sales": 2
    }


def test_only_what_came_since_is_replayed_and_what_was_before_is_known(database, policy):
    for hour in range(5):
        wrote(database, hour)
    known = policy(f'{BUYS}, when: {{account: {{messages: ">= 3"}}}}')

    found = replayed(database, known, since=START + 2 * HOUR)

    assert found.since == START + 2 * HOUR
    assert found.routes == {("sales", "inbox"): 1, ("sales", "sales"): 2}


def test_a_rule_that_tells_once_in_a_while_tells_once_in_a_while(database, policy):
    for hour in (0, 1, 100, 168, 169):
        wrote(database, hour, email=f"p{hour}@acme.com")
    wrote(database, 2, email="eve@other.com")

    found = replayed(database, policy(f"{BUYS}, once: {{of: account, every: 7d}}"))

    assert (found.alerts_before, found.alerts_after) == ({"sales": 6}, {"sales": 3})


def test_examples_are_few_and_of_every_kind(database, policy):
    for hour in range(30):
        wrote(database, hour)
    wrote(database, 30, route="support", endpoints=["support"])

    found = replayed(database, policy(BUYS.replace("[sales]", "[boss]")))

    kinds = Counter((one.before["route"], one.after["route"]) for one in found.examples)
    assert found.changed == 31
    assert kinds == {("sales", "sales"): 5, ("support", "sales"): 1}


def test_progress_is_told_page_by_page(database, policy, monkeypatch):
    monkeypatch.setattr(replay, "PAGE", 2)
    for hour in range(5):
        wrote(database, hour)
    told = []

    simulate(database, policy(BUYS), since=START, until=START, on_page=told.append)

    assert told == [2, 2, 1]


def test_without_messages_nothing_is_found(database, policy):
    found = replayed(database, policy(BUYS))

    assert (found.replayed, found.routes, found.since) == (0, {}, START)


RULES = """\
version: 1
rules:
  - name: a regular
    when: {account: {messages: ">= 4"}, contact: {score: ">= 40"}}
    route: vip
    endpoints: [vip]
    event: lead.detected
    once: {of: account, every: 2d}
  - name: a chief who is not known
    intents: {pricing: 0.4}
    when: {contact: {known: false}, sender: {title: "*chief*"}}
    route: sales
    endpoints: [sales]
    event: lead.detected
"""


@pytest.mark.parametrize(("page", "names"), [(3, 2), (7, 10_000), (500, 10_000)])
def test_a_replay_decides_as_the_service_did(database, tmp_path, monkeypatch, page, names):
    """The service's own steps store decisions; a replay of the same policy changes none of them."""
    path = tmp_path / "policy.yaml"
    path.write_text(RULES + OTHERWISE)
    policy = load_policy(path, known_intents=None)
    people = ["ada@acme.com", "bob@acme.com", "eve@gmail.com", None, "joe@other.com"]
    for hour in range(60):
        at, title = START + hour * HOUR, "Chief of all" if hour % 3 else "Clerk"
        message = a_message(
            id=f"msg_{hour:04}",
            sender=Sender(people[hour % 7 % 5]),
            received_at=at - timedelta(seconds=2),
            created_at=at,
        )
        prediction = Prediction.from_dict(said(probability=0.3 + hour % 5 / 8))
        facts = Facts(shown={"contact": {"title": title}})
        with database.write() as conn:
            context = context_of(conn, message, facts, now=at)
            decision = decide(prediction, context, policy)
            rule = policy.rule(decision.rule)
            if decision.endpoints and told_lately(conn, rule, context, now=at):
                decision = let_stand(decision)
            shown, decided = prediction.as_dict(), decision.as_dict()
            messages.add(conn, message, prediction=shown, decision=decided, facts=facts.shown)
    monkeypatch.setattr(replay, "PAGE", page)
    monkeypatch.setattr(records, "MAX_NAMES", names)

    found = replayed(database, policy)

    assert len({route for _, route in found.routes}) == 3
    assert (found.replayed, found.changed, found.examples) == (60, 0, [])
    assert found.alerts_after == found.alerts_before
    assert found.alerts_after["vip"] < found.rules_after["a regular"]

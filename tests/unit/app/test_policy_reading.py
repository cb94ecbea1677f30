"""Every part of a policy file beside its rules' intents, as it is read."""

from datetime import UTC, date, datetime, timedelta

import pytest
from support_policy import WHOLE, load

from app.domain import Priority
from app.routing.calendars import Calendar
from app.routing.clocks import ClockPlan, Level
from app.routing.conditions import Condition
from app.routing.context import Context, Known
from app.routing.loading import load_policy
from app.routing.owners import Absence, Owner, Pool
from app.routing.policy import Example, Once
from models.prediction import Prediction, Signal


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    return load(tmp_path_factory.mktemp("policy"), WHOLE)


def test_calendars_are_read(policy):
    morning, afternoon = (9 * 60, 12 * 60 + 30), (13 * 60 + 30, 18 * 60)

    assert policy.calendars == {
        "berlin": Calendar(
            name="berlin",
            zone="Europe/Berlin",
            hours={**{day: (morning, afternoon) for day in range(4)}, 4: ((9 * 60, 16 * 60),)},
            holidays=frozenset({date(2026, 12, 25)}),
            yearly=frozenset({(1, 1)}),
        )
    }


def test_owners_and_pools_are_read(policy):
    assert policy.owners == {
        "ana": Owner(
            id="ana",
            name="Ana Lima",
            email="ana@example.com",
            mention="U012AB3CD",
            languages=frozenset({"pt", "en"}),
            territories=frozenset({"br", "pt"}),
            calendar="berlin",
            capacity=20,
            absences=(
                Absence(date(2026, 12, 21), date(2027, 1, 3)),
                Absence(date(2026, 6, 1), date(2026, 6, 1)),
            ),
            left=date(2027, 6, 30),
        ),
        "ben": Owner(id="ben", name="Ben"),
    }
    assert policy.pools == {
        "sales": Pool(
            name="sales",
            weights={"ana": 2.0, "ben": 1.0},
            fallback="ben",
            sticky="account",
            sticky_days=30,
        ),
        "leads": Pool(name="leads", weights={"ben": 1.0}),
    }


def test_clocks_and_playbooks_are_read(policy):
    assert policy.clocks == {
        "hour": ClockPlan(
            name="hour",
            within=timedelta(hours=1),
            calendar="berlin",
            remind_at=0.75,
            levels=(
                Level(pool=None, within=timedelta(minutes=30)),
                Level(pool="leads", within=timedelta(days=2), endpoints=("managers",)),
            ),
        )
    }
    assert policy.playbooks == {"demo": "Offer two times."}


def test_conditions_are_read_in_their_order(policy):
    assert policy.rules[0].conditions == (
        Condition("signals.urgency", ("high",)),
        Condition("signals.buyer_role", ("executive", "it_manager")),
        Condition("channel", ("email", "chat")),
        Condition("language", ("de",)),
        Condition("account.known", ("known",)),
        Condition("account.name", ("*.acme.com", "acme.com")),
        Condition("account.messages", (">= 3",)),
        Condition("account.score", (">= 50",)),
        Condition("contact.known", ("unknown",)),
        Condition("contact.score", ("20",)),
        Condition("time.berlin", ("closed",)),
        Condition("sender.title", ("*chief*", "*vp *")),
        Condition("sender.country", ("DE",)),
    )


def test_what_a_rule_does_is_read(policy):
    rule = policy.rules[0]

    assert (rule.priority, rule.pool, rule.clock, rule.playbook, rule.once, rule.history) == (
        Priority.URGENT,
        "sales",
        "hour",
        "demo",
        Once(of="account", every=timedelta(days=7)),
        5,
    )
    assert (policy.unsure.pool, policy.otherwise.priority) == ("leads", Priority.LOW)
    assert policy.otherwise.playbook == "solution"


def test_parts_and_rules_know_their_lines(policy):
    lines = WHOLE.splitlines()
    found = {name: lines[line - 1].strip() for name, line in policy.lines.items()}

    assert lines[policy.rules[0].line - 1] == "  - name: wants to buy"
    assert lines[policy.examples[1].line - 1] == "  - name: made up"
    assert found == {
        "calendars.berlin": "berlin:",
        "owners.ana": "ana:",
        "owners.ben": "ben: {name: Ben}",
        "pools.sales": lines[19].strip(),
        "pools.leads": "leads: {owners: [ben]}",
        "clocks.hour": "hour:",
        "playbooks.demo": 'playbooks: {demo: "Offer two times."}',
    }


def test_an_example_with_a_text_is_for_the_model(policy):
    assert policy.examples[0] == Example(
        name="a director asks for prices",
        context=Context(channel="chat", at=datetime(2026, 11, 26, 9, tzinfo=UTC)),
        expect={"route": "sales"},
        subject="Prices",
        text="What is it?",
    )


def test_an_example_without_a_text_makes_its_prediction_up(policy):
    assert policy.examples[1] == Example(
        name="made up",
        context=Context(
            channel="email",
            at=datetime(2026, 6, 17, 12, tzinfo=UTC),
            contact=Known(name="ada", messages=3),
            account=Known(name="acme.de", messages=1, score=62.0),
            sender={
                "email": "ada@mail.acme.de",
                "domain": "mail.acme.de",
                "country": "DE",
                "title": "CEO",
            },
        ),
        expect={
            "rule": "wants to buy",
            "event": "lead.detected",
            "priority": Priority.HIGH,
            "pool": None,
            "clock": "hour",
            "endpoints": ("sales",),
        },
        prediction=Prediction(
            intents={"other": 0.2, "pricing": 0.93, "support": 0.5},
            labels=("pricing", "support"),
            signals={"urgency": Signal("high", 1.0)},
            model_version="made up",
            language="de",
            truncated=False,
        ),
    )


def test_names_of_another_model_are_taken_when_the_model_is_not_known(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(WHOLE.replace("urgency: high", "mood: bad"), encoding="utf-8")

    policy = load_policy(path, known_intents=None)

    assert policy.rules[0].conditions[0] == Condition("signals.mood", ("bad",))


@pytest.mark.parametrize(
    ("days", "weekdays"),
    [("mon", [0]), ("sat-sun", [5, 6]), ("sun-thu", [0, 1, 2, 3, 6]), ("mon-sun", [*range(7)])],
)
def test_a_range_of_days_may_go_past_the_end_of_the_week(tmp_path, days, weekdays):
    policy = load(tmp_path, WHOLE.replace("mon-thu:", f"{days}:").replace(", fri: 09:00-16:00", ""))

    assert sorted(policy.calendars["berlin"].hours) == weekdays


@pytest.mark.parametrize(
    ("written", "seconds"), [("90s", 90), ("30m", 1_800), ("4h", 14_400), ("366d", 31_622_400)]
)
def test_a_duration_has_a_unit(tmp_path, written, seconds):
    policy = load(tmp_path, WHOLE.replace("within: 1h", f"within: {written}"))

    assert policy.clocks["hour"].within == timedelta(seconds=seconds)

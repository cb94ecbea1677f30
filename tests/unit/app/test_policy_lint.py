from datetime import date

import pytest

from app.routing.conditions import Condition
from app.routing.linting import Severity, lint
from app.routing.linting.implying import implies
from app.routing.loading import load_policy
from models.labels import INTENTS, LABELS, SIGNALS

ON = date(2026, 11, 25)
REST = "otherwise: {route: inbox, endpoints: [inbox], event: message.routed}\n"
OFFICE = 'calendars: {office: {zone: Europe/Berlin, hours: {mon-fri: "09:00-17:00"}}}\n'
PEOPLE = "owners: {ana: {name: Ana}, ben: {name: Ben}, eva: {name: Eva, left: 2026-11-25}}\n"


def a_rule(name, asks, more="", *, endpoints="[sales]"):
    return f"  - {{name: {name}, {asks}, route: a, endpoints: {endpoints}, event: a.b{more}}}\n"


BUYS = a_rule("buys", "intents: {pricing: model}")


def found(tmp_path, *parts, rules=BUYS, endpoints=None):
    """What a lint finds, as (line, code, severity, problem)."""
    path = tmp_path / "policy.yaml"
    path.write_text("".join(["version: 1\n", "rules:\n", rules, *parts, REST]), encoding="utf-8")
    findings = lint(
        load_policy(path, known_intents=None),
        known_intents=LABELS[INTENTS],
        known_signals={head: LABELS[head] for head in SIGNALS},
        endpoints=endpoints,
        on=ON,
    )
    assert all(one.mend for one in findings)
    return [(one.line, one.code, one.severity, one.problem) for one in findings]


def errors(tmp_path, *parts, **more):
    return [
        (line, code, problem)
        for line, code, severity, problem in found(tmp_path, *parts, **more)
        if severity is Severity.ERROR
    ]


def warnings(tmp_path, *parts, **more):
    return [
        (line, code, problem)
        for line, code, severity, problem in found(tmp_path, *parts, **more)
        if severity is Severity.WARNING
    ]


def test_the_shipped_policy_has_nothing_to_find():
    policy = load_policy(None, known_intents=None)

    actual = lint(
        policy,
        known_intents=LABELS[INTENTS],
        known_signals={head: LABELS[head] for head in SIGNALS},
        endpoints=["sales", "success", "support", "inbox"],
        on=ON,
    )

    assert actual == []


@pytest.mark.parametrize(
    ("asks", "problem"),
    [
        ("intents: {prices: model}", "'x': unknown intent 'prices': did you mean 'pricing'?"),
        (
            "when: {signals: {mood: bad}}",
            "'x': unknown signal 'mood': known are buyer_role, "
            "engagement, intent_type, sentiment, urgency",
        ),
        (
            "when: {signals: {urgency: [high, hi]}}",
            "'x': unknown label of urgency 'hi': did you mean 'high'?",
        ),
    ],
)
def test_a_label_that_the_model_does_not_have_is_found(tmp_path, asks, problem):
    rules = BUYS + a_rule("x", asks)

    assert errors(tmp_path, rules=rules) == [(4, "unknown_label", problem)]


def test_a_label_in_an_example_is_looked_at_too(tmp_path):
    asks = "intents: {prices: 0.9}, signals: {urgency: hi}"
    examples = f"examples: [{{name: e, {asks}, expect: {{route: a}}}}]\n"

    assert errors(tmp_path, examples) == [
        (4, "unknown_label", "'e': unknown intent 'prices': did you mean 'pricing'?"),
        (4, "unknown_label", "'e': unknown label of urgency 'hi': did you mean 'high'?"),
    ]


def test_without_a_model_labels_are_not_looked_at(tmp_path):
    path = tmp_path / "policy.yaml"
    rules = a_rule("x", "intents: {prices: model}, when: {signals: {mood: bad}}")
    path.write_text(f"version: 1\nrules:\n{rules}{REST}", encoding="utf-8")
    policy = load_policy(path, known_intents=None)

    assert lint(policy, known_intents=None, known_signals=None, endpoints=None, on=ON) == []


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("intents: {pricing: model}", "intents: {pricing: model}"),
        ("intents: {pricing: 0.5}", "intents: {pricing: 0.8}"),
        ("intents: {pricing: 0}", "intents: {pricing: model}"),
        ("intents: {pricing: model, support: model}", "intents: {support: model}"),
        ("intents: {pricing: model}", "intents: {pricing: model}, when: {channel: chat}"),
        ("when: {channel: [chat, sms]}", "intents: {pricing: model}, when: {channel: chat}"),
        ("when: {account: {messages: '>= 3'}}", "when: {account: {messages: '> 2'}}"),
        ("when: {account: {messages: '>= 1'}}", "when: {account: {known: true}}"),
        ("when: {account: {known: false}}", "when: {account: {messages: 0}}"),
        ("when: {contact: {score: '< 50'}}", "when: {contact: {score: '<= 49'}}"),
        ("when: {contact: {score: '>= 0'}}", "when: {channel: chat}"),
        ("when: {sender: {domain: ['*.gov', '*.mil']}}", "when: {sender: {domain: nasa.GOV}}"),
        ("when: {sender: {title: '*'}}", "when: {sender: {title: '*chief*'}}"),
        ("when: {signals: {urgency: low}}", "when: {signals: {urgency: low, sentiment: neutral}}"),
        ("when: {language: [de, en]}", "intents: {pricing: 0.9}, when: {language: en}"),
    ],
)
def test_a_rule_that_an_earlier_one_leaves_nothing_is_found(tmp_path, earlier, later):
    rules = a_rule("first", earlier) + a_rule("then", later)

    assert errors(tmp_path, rules=rules) == [
        (
            4,
            "unreachable",
            "'then' never fires: 'first' (line 3) takes every message that it holds for",
        ),
    ]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("intents: {pricing: model}", "intents: {pricing: 0.8}"),
        ("intents: {pricing: 0.8}", "intents: {pricing: model}"),
        ("intents: {pricing: 0.8}", "intents: {pricing: 0.5}"),
        ("intents: {pricing: 0}", "when: {channel: chat}"),
        ("intents: {pricing: model}, when: {channel: chat}", "intents: {pricing: model}"),
        ("when: {channel: chat}", "when: {channel: [chat, sms]}"),
        ("when: {account: {messages: '> 3'}}", "when: {account: {messages: '>= 3'}}"),
        ("when: {account: {messages: '>= 2'}}", "when: {account: {known: true}}"),
        ("when: {account: {score: '< 50'}}", "when: {contact: {score: '< 50'}}"),
        ("when: {contact: {score: '< 49'}}", "when: {contact: {score: '<= 49'}}"),
        ("when: {sender: {domain: '*.gov'}}", "when: {sender: {domain: '*.gov*'}}"),
        ("when: {sender: {domain: '*.gov'}}", "when: {sender: {title: '*.gov'}}"),
        ("when: {signals: {urgency: high}}", "when: {signals: {urgency: [high, normal]}}"),
    ],
)
def test_a_rule_that_something_is_left_for_is_not_found(tmp_path, earlier, later):
    rules = a_rule("first", earlier) + a_rule("then", later)

    assert errors(tmp_path, rules=rules) == []


def test_two_rules_may_take_everything_of_a_third_together(tmp_path):
    rules = (
        BUYS
        + a_rule("stuck", "intents: {support: 0.5}")
        + a_rule("x", "intents: {pricing: model, support: 0.6}")
    )

    assert errors(tmp_path, rules=rules) == [
        (
            5,
            "unreachable",
            "'x' never fires: 'buys' (line 3) and 'stuck' (line 4) takes every message "
            "that it holds for",
        ),
    ]


def test_an_intent_that_an_earlier_rule_takes_is_found(tmp_path):
    rules = BUYS + a_rule("x", "intents: {pricing: model, support: model}")

    assert warnings(tmp_path, rules=rules) == [
        (4, "partly_unreachable", "'x' never fires for pricing: 'buys' (line 3) takes it")
    ]


def test_rules_that_ask_for_the_same_and_do_something_else_are_in_conflict(tmp_path):
    asks = "intents: {pricing: model}, when: {channel: [chat, sms], account: {known: true}}"
    other = "intents: {pricing: model}, when: {account: {messages: '>= 1'}, channel: [sms, chat]}"
    rules = a_rule("first", asks) + a_rule("then", other, ", priority: high")

    assert errors(tmp_path, rules=rules) == [
        (4, "conflict", "'then' asks for the same as 'first' (line 3), but does something else")
    ]


@pytest.mark.parametrize(
    "asks",
    [
        "account: {known: false, messages: '>= 1'}",
        "contact: {score: '> 100'}",
        "contact: {messages: '< 0'}",
    ],
)
def test_a_rule_that_no_message_can_meet_is_found(tmp_path, asks):
    rules = a_rule("x", f"when: {{{asks}}}")

    assert errors(tmp_path, rules=rules) == [
        (3, "never_holds", "'x' never holds: no contact or account can meet its conditions")
    ]


POOLED = a_rule("buys", "intents: {pricing: model}", ", pool: sales")


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ("sales: {owners: [ana, ben], fallback: ben}", []),
        (
            "sales: {owners: [ana, ben, eva], fallback: ben}",
            [("departed_owner", "eva left on 2026-11-25 and is still in the pool sales")],
        ),
        (
            "sales: {owners: [ana, ben], fallback: eva}",
            [
                (
                    "departed_fallback",
                    "eva left on 2026-11-25 and is still the fallback of the pool sales",
                )
            ],
        ),
        (
            "sales: {owners: [ana, ben]}",
            [
                (
                    "no_fallback",
                    "the pool sales has no fallback: where all are away, nobody is named",
                )
            ],
        ),
        (
            "sales: {owners: [ana], fallback: ana}",
            [("owner_without_pool", "ben is in no pool and gets no message")],
        ),
        (
            "sales: {owners: [eva], fallback: ben}",
            [
                ("owner_without_pool", "ana is in no pool and gets no message"),
                ("departed_owner", "eva left on 2026-11-25 and is still in the pool sales"),
                ("empty_pool", "nobody is left in the pool sales"),
            ],
        ),
    ],
)
def test_people_who_left_or_get_nothing_are_found(tmp_path, pools, expected):
    actual = found(tmp_path, PEOPLE, f"pools: {{{pools}}}\n", rules=POOLED)

    assert [(code, problem) for _, code, _, problem in actual] == expected
    assert {line for line, *_ in actual} <= {4, 5}
    assert {code for _, code, severity, _ in actual if severity is Severity.ERROR} == {
        code for code, _ in expected if code in ("empty_pool", "departed_fallback")
    }


def test_who_leaves_tomorrow_is_still_here(tmp_path):
    people = "owners: {eva: {name: Eva, left: 2026-11-26}}\n"

    assert (
        found(tmp_path, people, "pools: {sales: {owners: [eva], fallback: eva}}\n", rules=POOLED)
        == []
    )


@pytest.mark.parametrize(
    ("more", "clock", "endpoints", "expected"),
    [
        (", pool: sales", "{within: 1h}", "[sales]", []),
        (
            ", pool: sales",
            "{within: 1h}",
            "[]",
            [("silent_clock", "'x': the clock hour runs, and no endpoint hears of it")],
        ),
        (
            ", pool: sales",
            "{within: 1h, levels: [{within: 1h, endpoints: [boss]}]}",
            "[]",
            [("late_clock", "'x': nobody hears of its messages until the clock hour runs out")],
        ),
        (
            "",
            "{within: 1h}",
            "[sales]",
            [
                ("clock_without_pool", "'x': the clock hour runs, and no owner is named"),
                ("unused", "nothing uses 'sales' of pools"),
            ],
        ),
        (
            "",
            "{within: 1h, levels: [{within: 1h, pool: sales}, {within: 1h}]}",
            "[sales]",
            [("clock_without_pool", "'x': the clock hour runs, and no owner is named")],
        ),
        (
            ", pool: alone",
            "{within: 1h, levels: [{within: 1h, pool: sales}, {within: 1h}]}",
            "[sales]",
            [],
        ),
        (
            ", pool: alone",
            "{within: 1h}",
            "[sales]",
            [
                (
                    "level_without_owner",
                    "'x': when the clock hour runs out, nobody else can take over",
                ),
                ("unused", "nothing uses 'sales' of pools"),
            ],
        ),
        (", pool: sales", "{within: 1h, levels: [{within: 1h}]}", "[sales]", []),
        (", pool: alone", "{within: 1h, levels: [{within: 1h, pool: sales}]}", "[sales]", []),
        (
            ", pool: alone",
            "{within: 1h, levels: [{within: 1h}, {pool: sales, within: 1h}]}",
            "[sales]",
            [
                (
                    "level_without_owner",
                    "'x': when the clock hour runs out, nobody else can take over",
                )
            ],
        ),
    ],
)
def test_a_clock_that_nobody_hears_or_answers_is_found(tmp_path, more, clock, endpoints, expected):
    rules = a_rule("x", "intents: {pricing: model}", f", clock: hour{more}", endpoints=endpoints)
    pools = "pools:\n  sales: {owners: [ana, ben], fallback: ben}\n"
    if "alone" in more:
        pools += "  alone: {owners: [eva, ana], fallback: ana}\n"

    actual = found(tmp_path, PEOPLE, pools, f"clocks: {{hour: {clock}}}\n", rules=rules)

    actual = [(code, problem) for _, code, _, problem in actual if code != "departed_owner"]
    assert actual == expected


def test_a_clock_is_enough_where_no_owners_are_named_at_all(tmp_path):
    rules = a_rule("x", "intents: {pricing: model}", ", clock: hour")

    assert found(tmp_path, "clocks: {hour: {within: 1h}}\n", rules=rules) == []


CLOCKED = "clocks: {hour: {within: 1h, levels: [{within: 1h, endpoints: [boss]}]}}\n"


def test_an_endpoint_that_is_not_there_is_found(tmp_path):
    rules = a_rule("x", "intents: {pricing: model}", ", clock: hour")

    assert warnings(tmp_path, CLOCKED, rules=rules, endpoints=["sale", "boss", "inbox"]) == [
        (3, "unknown_endpoint", "'x': there is no endpoint 'sales': did you mean 'sale'?")
    ]


def test_a_promise_of_which_no_endpoint_hears_is_an_error(tmp_path):
    rules = a_rule("x", "intents: {pricing: model}", ", clock: hour")

    assert errors(tmp_path, CLOCKED, rules=rules, endpoints=["inbox"]) == [
        (3, "unknown_endpoint", "'x': there is no endpoint 'boss': known are inbox"),
        (3, "unknown_endpoint", "'x': there is no endpoint 'sales': known are inbox"),
    ]


def test_before_the_first_endpoint_is_added_names_without_one_are_no_errors(tmp_path):
    rules = a_rule("x", "intents: {pricing: model}", ", clock: hour")

    assert warnings(tmp_path, CLOCKED, rules=rules, endpoints=[]) == [
        (3, "unknown_endpoint", "'x': there is no endpoint 'boss'"),
        (3, "unknown_endpoint", "'x': there is no endpoint 'sales'"),
        (5, "unknown_endpoint", "'otherwise': there is no endpoint 'inbox'"),
    ]


USES_OFFICE = a_rule("x", "when: {time: {calendar: office, open: true}}")


def test_a_calendar_that_is_never_open_is_found(tmp_path):
    calendar = "calendars: {office: {zone: UTC, hours: {}}}\n"

    assert errors(tmp_path, calendar, rules=USES_OFFICE) == [
        (4, "never_open", "the calendar office is never open: time in it does not pass")
    ]


@pytest.mark.parametrize(
    ("holidays", "codes"),
    [
        ("[2026-05-01, 2026-11-24]", ["past_holidays"]),
        ("[2026-05-01, 12-25]", ["past_holidays"]),
        ("[2026-05-01, 2026-11-25]", []),
        ("[12-25]", []),
    ],
)
def test_holidays_that_are_all_over_are_found(tmp_path, holidays, codes):
    calendar = OFFICE.replace("hours:", f"holidays: {holidays}, hours:")

    assert [code for _, code, _ in warnings(tmp_path, calendar, rules=USES_OFFICE)] == codes


def test_parts_that_nothing_uses_are_found(tmp_path):
    pools = "pools: {sales: {owners: [ana, ben], fallback: ben}}\n"
    rest = "clocks: {hour: {within: 1h}}\nplaybooks: {demo: Go., solution: Mend it.}\n"

    assert warnings(tmp_path, OFFICE, PEOPLE, pools, rest) == [
        (4, "unused", "nothing uses 'office' of calendars"),
        (6, "unused", "nothing uses 'sales' of pools"),
        (7, "unused", "nothing uses 'hour' of clocks"),
        (8, "unused", "nothing uses 'demo' of playbooks"),
    ]


@pytest.mark.parametrize(
    "use",
    [
        PEOPLE.replace("name: Ana", "name: Ana, calendar: office")
        + "pools: {sales: {owners: [ana, ben], fallback: ana}}\n",
        "clocks: {hour: {within: 1h, calendar: office}}\n",
    ],
)
def test_a_calendar_of_an_owner_or_a_clock_is_used(tmp_path, use):
    rules = a_rule(
        "x", "intents: {pricing: model}", ", pool: sales" if "pools" in use else ", clock: hour"
    )

    assert [code for _, code, _ in warnings(tmp_path, OFFICE, use, rules=rules)] == []


def test_conditions_on_different_things_tell_nothing_of_each_other():
    assert not implies(Condition("channel", ("chat",)), Condition("language", ("chat",)))

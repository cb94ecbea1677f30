import hashlib

import pytest

from app.errors import ConfigError
from app.routing.loading import SHIPPED, load_policy
from app.routing.policy import Policy, Rule
from models.labels import INTENTS, LABELS

KNOWN = LABELS[INTENTS]
GOOD = """\
version: 1
rules:
  - name: wants to buy
    intents: {pricing: 0.8, demo_request: model}
    route: sales
    endpoints: [sales, crm]
    event: lead.detected
otherwise: {route: inbox, endpoints: [], event: message.routed}
"""


def write(tmp_path, text):
    path = tmp_path / "policy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def fault(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_policy(path, known_intents=KNOWN)
    return caught.value.detail.removeprefix(f"{path}:")


def test_a_policy_is_read_as_it_stands(tmp_path):
    actual = load_policy(write(tmp_path, GOOD), known_intents=KNOWN)

    assert actual == Policy(
        rules=(
            Rule(
                name="wants to buy",
                intents={"pricing": 0.8, "demo_request": None},
                route="sales",
                endpoints=("sales", "crm"),
                event_type="lead.detected",
            ),
        ),
        otherwise=Rule(
            name="otherwise", intents={}, route="inbox", endpoints=(), event_type="message.routed"
        ),
        sha256=hashlib.sha256(GOOD.encode()).hexdigest(),
    )


def test_the_shipped_policy_asks_for_intents_of_the_shipped_model():
    policy = load_policy(None, known_intents=KNOWN)

    assert [(rule.name, dict(rule.intents), rule.endpoints) for rule in policy.rules] == [
        ("a customer may leave", {"churn_risk": None}, ("success",)),
        ("wants to buy", {"demo_request": None, "pricing": None}, ("sales",)),
        ("needs help", {"support": None}, ("support",)),
    ]
    assert policy.otherwise.endpoints == ("inbox",)
    assert policy.sha256 == hashlib.sha256(SHIPPED.read_bytes()).hexdigest()


def test_intents_of_another_model_are_taken_when_the_model_is_not_known(tmp_path):
    path = write(tmp_path, GOOD.replace("pricing", "refund"))

    assert "refund" in load_policy(path, known_intents=None).rules[0].intents


@pytest.mark.parametrize(
    ("good", "bad", "expected"),
    [
        ("version: 1", "version: 2", "1: this release reads version 1"),
        ("version: 1", "version: true", "1: this release reads version 1"),
        ("version: 1\n", "", "1: missing version"),
        ("otherwise:", "other:", "8: unknown key 'other': did you mean 'otherwise'?"),
        ("route: sales", "root: sales", "5: unknown key 'root': did you mean 'route'?"),
        ("    route: sales\n", "", "3: missing route"),
        ("route: sales", "event: a.b", "7: duplicate key 'event'"),
        ("route: sales", "route: [sales]", "5: needs a single value"),
        ("route: sales", "route: yes", "5: needs a text; put it in quotes"),
        ("route: sales", 'route: " "', "5: needs 1 to 200 printable characters"),
        ("route: sales", r'route: "a\0"', "5: needs 1 to 200 printable characters"),
        ("route: sales", r'route: "\ud800"', "5: needs 1 to 200 printable characters"),
        ("route: sales", f"route: {'s' * 201}", "5: needs 1 to 200 printable characters"),
        (
            "route: sales",
            "route: !!python/name:os.system x",
            "5: this value cannot be read: put texts in quotes, write days as 2026-12-25",
        ),
        ("name: wants to buy", "name: otherwise", "3: the name 'otherwise' is taken"),
        ("name: wants to buy", "name: set aside", "3: the name 'set aside' is taken"),
        ("[sales, crm]", "sales", "6: needs a list"),
        ("[sales, crm]", "[crm, crm]", "6: 'crm' stands here twice"),
        ("lead.detected", "Lead", "7: 'Lead' is no event type such as lead.detected"),
        ("lead.detected", "lead", "7: 'lead' is no event type such as lead.detected"),
        ("lead.detected", "lead.x.", "7: 'lead.x.' is no event type such as lead.detected"),
        (
            "pricing: 0.8",
            "prices: 0.8",
            "4: unknown intent 'prices': did you mean 'pricing'?",
        ),
        (
            "pricing: 0.8",
            "refund: 0.8",
            "4: unknown intent 'refund': "
            "known are churn_risk, demo_request, other, pricing, support",
        ),
        ("demo_request: model", "pricing: 0.1", "4: duplicate key 'pricing'"),
        ("{pricing: 0.8, demo_request: model}", "{}", "4: needs at least one intent"),
        ("{pricing: 0.8, demo_request: model}", "pricing", "4: needs a mapping (key: value)"),
        ("0.8", "1.01", "4: needs `model` or a probability from 0 to 1"),
        ("0.8", "-0.1", "4: needs `model` or a probability from 0 to 1"),
        ("0.8", ".nan", "4: needs `model` or a probability from 0 to 1"),
        ("0.8", "true", "4: needs `model` or a probability from 0 to 1"),
        ("0.8", '"0.8"', "4: needs `model` or a probability from 0 to 1"),
        ("0.8", "models", "4: needs `model` or a probability from 0 to 1"),
        ("0.8", "80%", "4: needs `model` or a probability from 0 to 1"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path, good, bad, expected):
    assert GOOD.count(good) == 1

    assert fault(tmp_path, GOOD.replace(good, bad)) == expected


def test_two_rules_of_one_name_are_refused(tmp_path):
    rule = GOOD[GOOD.index("  - name") : GOOD.index("otherwise")]

    assert fault(tmp_path, GOOD.replace(rule, rule + rule)) == "8: the name 'wants to buy' is taken"


def test_a_policy_without_rules_is_refused(tmp_path):
    rules = GOOD[GOOD.index("rules:") : GOOD.index("otherwise")]

    assert fault(tmp_path, GOOD.replace(rules, "rules: []\n")) == "2: needs at least one rule"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1: is empty"),
        ("# nothing\n", "1: is empty"),
        ("- a\n", "1: needs a mapping (key: value)"),
        ("version: 1\nrules: [\n", "3: is not YAML: expected the node content, but found"),
        ("version: 1\n\trules: []\n", "2: is not YAML: found character '\\t'"),
        ("version: 1\n---\nversion: 1\n", "2: is not YAML: but found another document"),
        ("version: 1\nrules: *x\n", "2: is not YAML: found undefined alias"),
        (b"version: 1\nrules: \xff\n", "2: is not UTF-8"),
        ("version: 1\nrules: \x07\n", "2: a character that YAML does not allow"),
        ("version: 1\nrules: " + "[" * 5000, "1: is nested too deep"),
    ],
)
def test_a_file_that_is_not_one_yaml_mapping_is_refused(tmp_path, text, expected):
    assert fault(tmp_path, text).startswith(expected)


def test_a_policy_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "none.yaml"

    with pytest.raises(ConfigError) as caught:
        load_policy(path, known_intents=KNOWN)

    assert caught.value.detail == f"policy {path} cannot be read: No such file or directory"

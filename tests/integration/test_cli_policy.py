import json

import pytest
from support_cli import Cli

GOOD = """\
version: 1
rules:
  - {name: wants to buy, intents: {pricing: model}, route: sales, endpoints: [sales], event: a.b}
otherwise: {route: inbox, endpoints: [], event: message.routed}
"""
EXAMPLES = """\
examples:
  - {name: a price, text: price cost quote budget, expect: {route: sales}}
  - {name: nothing, intents: {}, expect: {rule: wants to buy, endpoints: [sales]}}
"""


@pytest.fixture
def cli(tmp_path, artifacts):
    return Cli(tmp_path, artifacts=artifacts)


@pytest.fixture
def policy(tmp_path):
    """Write a policy, and give its path."""

    def write(text):
        path = tmp_path / "policy.yaml"
        path.write_text(text)
        return path

    return write


def test_the_shipped_policy_lints_without_a_finding_and_without_a_database(cli):
    result = cli.run("policy", "lint")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("app/routing/policy.yaml: 0 errors, 0 warnings\n")
    assert list(cli.folder.iterdir()) == []


def test_an_error_is_told_with_file_and_line_and_exits_with_1(cli, policy):
    path = policy(GOOD.replace("pricing: model", "prices: model"))

    result = cli.run("policy", "lint", path)

    assert result.exit_code == 1
    assert result.stdout == (
        f"{path}:3: error [unknown_label] 'wants to buy': unknown intent 'prices': "
        "did you mean 'pricing'?; write a label of the model, or take it out\n"
    )
    assert result.stderr == f"{path}: 1 errors, 0 warnings\n"


def test_a_warning_alone_exits_with_0(cli, policy):
    path = policy(GOOD + "clocks: {hour: {within: 1h}}\n")

    assert cli.json("policy", "lint", path) == [
        {
            "file": str(path),
            "line": 5,
            "code": "unused",
            "severity": "warning",
            "problem": "nothing uses 'hour' of clocks",
            "mend": "use it, or take it out",
        }
    ]


def test_endpoints_are_looked_for_where_there_is_a_database(cli, policy):
    path = policy(GOOD.replace("[sales]", "[sales, crm]"))
    cli.json("endpoints", "add", "sales", "https://hooks.example.com/inlet")

    problems = [one["problem"] for one in cli.json("policy", "lint", path)]

    assert problems == ["'wants to buy': there is no endpoint 'crm': known are sales"]


def test_a_database_that_does_not_answer_leaves_the_rest_to_be_looked_at(cli, policy):
    cli.environ["INLET_DATABASE_URL"] = "postgresql+psycopg://inlet@127.0.0.1:1/inlet"

    result = cli.run("policy", "lint", policy(GOOD))

    assert result.exit_code == 0
    assert result.stderr.startswith("the database does not answer: endpoints are not checked\n")


def test_without_a_model_the_rest_is_looked_at(tmp_path, policy):
    cli = Cli(tmp_path, artifacts=tmp_path / "none")

    result = cli.run("policy", "lint", policy(GOOD.replace("pricing", "prices")))

    assert result.exit_code == 0
    assert result.stderr.startswith("no model can be read: labels are not checked")


def test_a_file_that_cannot_be_read_is_refused_with_its_line(cli, policy):
    path = policy(GOOD.replace("route: sales", "root: sales"))

    for command in ("lint", "test"):
        assert cli.refused("policy", command, path) == (
            f"{path}:3: unknown key 'root': did you mean 'route'?"
        )


def test_the_policy_of_the_settings_is_meant_where_none_is_named(cli, policy):
    cli.environ["INLET_POLICY"] = str(policy(GOOD + EXAMPLES))

    assert len(cli.json("policy", "lint")) == 0
    assert cli.run("policy", "test").exit_code == 1


def test_examples_are_run_with_the_model_where_they_have_a_text(cli, policy):
    path = policy(GOOD + EXAMPLES)

    result = cli.run("policy", "test", path)

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "ok   a price",
        f"FAIL nothing ({path}:7)",
        "     rule is otherwise, not wants to buy",
        "     endpoints is none, not sales",
        "     no rule held; the nearest is 'wants to buy': "
        "pricing 0.00 is under the model's threshold",
        "     the model abstained: no intent reached its threshold",
    ]
    assert result.stderr == f"{path}: 1 of 2 examples are decided as they say\n"


def test_examples_are_told_to_a_script(cli, policy):
    result = cli.run("policy", "test", policy(GOOD + EXAMPLES), "--json")

    rows = json.loads(result.stdout)
    assert result.exit_code == 1
    assert [(row["name"], row["line"], row["passed"]) for row in rows] == [
        ("a price", 6, True),
        ("nothing", 7, False),
    ]
    assert rows[1]["differences"] == [
        {"key": "rule", "expected": "wants to buy", "found": "otherwise"},
        {"key": "endpoints", "expected": ["sales"], "found": []},
    ]
    assert rows[0]["decision"]["route"] == "sales"


def test_made_up_examples_need_no_model(tmp_path, policy):
    cli = Cli(tmp_path, artifacts=tmp_path / "none")
    example = "examples: [{name: nothing, intents: {}, expect: {rule: otherwise}}]\n"

    assert cli.run("policy", "test", policy(GOOD + example)).exit_code == 0


def test_a_decision_is_explained(cli, policy):
    path = policy(GOOD)

    result = cli.run("policy", "explain", path, "--text", "price cost quote budget")

    lines = result.stdout.splitlines()
    assert lines[:3] == ["route      sales", "rule       wants to buy", "endpoints  sales"]
    assert "because    the rule 'wants to buy' holds" in lines
    told = cli.json("policy", "explain", path, "--text", "price cost quote budget")
    assert (told["route"], told["priority"]) == ("sales", "normal")


def test_a_text_without_content_is_not_explained(cli):
    assert cli.refused("policy", "explain", "--text", " ") == "the text is empty"

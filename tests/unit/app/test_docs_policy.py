"""The page about policies: its blocks are one policy, its tables are complete."""

import re
from datetime import date
from pathlib import Path

import pytest

from app.routing.context import SENDER_FIELDS
from app.routing.examples import run_examples
from app.routing.linting import lint
from app.routing.loading import load_policy
from models.labels import INTENTS, LABELS, SIGNALS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
CODE = re.compile(r'"([a-z]+_[a-z_]+|unused|unreachable|conflict)",')


@pytest.fixture(scope="module")
def policy(tmp_path_factory):
    path = tmp_path_factory.mktemp("docs") / "policy.yaml"
    path.write_text("".join(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)), encoding="utf-8")
    return load_policy(path, known_intents=None)


def test_the_policy_of_the_page_has_nothing_to_find(policy):
    findings = lint(
        policy,
        known_intents=LABELS[INTENTS],
        known_signals={head: LABELS[head] for head in SIGNALS},
        endpoints=["success", "sales", "managers", "inbox"],
        on=date(2026, 11, 25),
    )

    assert findings == []


def test_the_made_up_examples_of_the_page_are_decided_as_they_say(policy):
    made_up = [one.name for one in policy.examples if one.text is None]

    outcomes = run_examples(policy, lambda example: policy.examples[1].prediction)

    passed = {outcome.example.name for outcome in outcomes if outcome.passed}
    assert len(made_up) == 2
    assert set(made_up) <= passed


def test_every_code_of_the_lint_is_explained():
    sources = (ROOT / "app" / "routing" / "linting").glob("*.py")
    given = {code for source in sources for code in CODE.findall(source.read_text("utf-8"))}

    assert "unknown_endpoint" in given
    assert {code for code in given if f"`{code}`" not in PAGE} == set()


def test_every_field_that_may_be_asked_for_is_named():
    asked = {*SENDER_FIELDS, *SIGNALS}

    assert {name for name in asked if f"`{name}`" not in PAGE} == set()

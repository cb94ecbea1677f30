"""The shipped policy with the shipped model: what it keeps as examples comes true."""

import pytest

from app.routing.examples import run_examples
from app.routing.loading import load_policy
from models import registry
from models.registry import DEFAULT, SHIPPED
from models.text.compose import compose_text


@pytest.fixture(scope="module")
def classifier():
    return registry.load(SHIPPED, DEFAULT)


def test_every_example_of_the_shipped_policy_is_decided_as_it_says(classifier):
    manifest = classifier.manifest
    policy = load_policy(
        None, known_intents=manifest.intents.labels, known_signals=manifest.signals
    )

    outcomes = run_examples(
        policy, lambda one: classifier.predict([compose_text(one.subject, one.text)])[0]
    )

    assert {outcome.example.name: outcome.differences for outcome in outcomes} == {
        "somebody asks what it costs": (),
        "a customer asks for prices and says that they may leave": (),
        "nothing is sure enough": (),
    }

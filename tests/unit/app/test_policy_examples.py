from support_policy import WHOLE, load

from app.routing.examples import Difference, run_examples
from models.prediction import Prediction

RULE = """\
version: 1
rules:
  - {name: buys, intents: {pricing: model}, when: {account: {known: true}}, route: sales,
     endpoints: [sales, crm], event: lead.detected, priority: high}
otherwise: {route: inbox, endpoints: [], event: message.routed}
examples:
"""


def run(tmp_path, *examples, predict=None):
    lines = "".join(f"  - {{name: e{n}, {example}}}\n" for n, example in enumerate(examples))
    return run_examples(load(tmp_path, RULE + lines), predict)


def test_an_example_whose_expectations_are_met_passes(tmp_path):
    everything = (
        "{route: sales, rule: buys, event: lead.detected, priority: high, pool: ~, clock: ~, "
        "endpoints: [sales, crm]}"
    )

    (outcome,) = run(
        tmp_path, f"intents: {{pricing: 0.5}}, account: {{known: true}}, expect: {everything}"
    )

    assert (outcome.passed, outcome.differences) == (True, ())


def test_an_example_says_which_expectation_is_not_met(tmp_path):
    met, missed = run(
        tmp_path,
        "intents: {pricing: 0.9}, account: {known: true}, expect: {route: sales}",
        "intents: {pricing: 0.9}, expect: {route: sales, priority: high, endpoints: []}",
    )

    assert met.passed
    assert missed.differences == (
        Difference(key="route", expected="sales", found="inbox"),
        Difference(key="priority", expected="high", found="normal"),
    )
    assert missed.decision.reasons[0].endswith("'buys': account unknown, not known")


def test_an_intent_of_an_example_counts_from_one_half(tmp_path):
    outcomes = run(
        tmp_path,
        *(
            f"intents: {{pricing: {probability}}}, account: {{known: true}}, expect: {{rule: buys}}"
            for probability in (0.5, 0.49)
        ),
    )

    assert [outcome.passed for outcome in outcomes] == [True, False]


def test_only_an_example_with_a_text_asks_the_model(tmp_path):
    asked = []

    def predict(example):
        asked.append((example.subject, example.text, example.context.channel))
        return Prediction(
            intents={"pricing": 0.9},
            labels=("pricing",),
            signals={},
            model_version="test",
            language="en",
            truncated=False,
        )

    outcomes = run(
        tmp_path,
        "text: how much, subject: hi, channel: chat, account: {known: true}, expect: {rule: buys}",
        "intents: {}, expect: {rule: otherwise}",
        predict=predict,
    )

    assert [outcome.passed for outcome in outcomes] == [True, True]
    assert asked == [("hi", "how much", "chat")]


def test_a_policy_without_examples_has_nothing_to_run(tmp_path):
    policy = load(tmp_path, WHOLE[: WHOLE.index("examples:")])

    assert run_examples(policy, None) == []

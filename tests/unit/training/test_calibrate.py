import numpy as np
import pytest

from models.artifact import Manifest
from models.calibration import Calibration
from models.labels import Head
from models.types import Windows
from training.calibrate import Parts, calibrated
from training.dataset import Example
from training.thresholds import pick_thresholds

HEADS = (Head("intents", ("a", "b"), "multi"), Head("urgency", ("low", "normal", "high"), "single"))
ROWS = 4_000


@pytest.fixture(scope="module")
def messages():
    """Messages whose text is their number, with the logits of the truth that made their labels."""
    order = np.random.default_rng(1)
    intents = order.normal(0, 2, (ROWS, 2))
    urgency = order.normal(0, 2, (ROWS, 3))
    held = order.random((ROWS, 2)) < 1 / (1 + np.exp(-intents))
    shares = np.exp(urgency) / np.exp(urgency).sum(axis=1, keepdims=True)
    chosen = (order.random((ROWS, 1)) > shares.cumsum(axis=1)).sum(axis=1)
    examples = [
        Example(
            id=str(row),
            subject="",
            text=str(row),
            # every fifth came by chat, and some by a way that few take
            channel="chat" if row % 5 == 0 else "sms" if row < 50 else None,
            language=None,
            labels={
                "intents": tuple(np.array(HEADS[0].labels)[held[row]]),
                # every second row lacks the head
                **({"urgency": (HEADS[1].labels[chosen[row]],)} if row % 2 else {}),
            },
        )
        for row in range(ROWS)
    ]
    return examples, {"intents": intents, "urgency": urgency}


def tokenize(texts):
    return Windows([[int(t)] for t in texts], np.arange(len(texts)), [False] * len(texts))


def a_draft(**changes):
    identity = {head.name: Calibration.identity(len(head.labels)) for head in HEADS}
    whole = {"version": "v", "heads": HEADS, "max_length": 32, "calibration": identity}
    return Manifest(**{**whole, "thresholds": {}, "facts": {"kept": True}, **changes})


@pytest.fixture(scope="module")
def fitted(messages):
    """Calibrated from a network that is too sure of itself, and leans to one side."""
    examples, truth = messages

    def network(ids):
        rows = [one[0] for one in ids]
        return {
            "intents": (truth["intents"][rows] * [4.0, 0.5] + [1.0, -0.5]).astype(np.float32),
            "urgency": (truth["urgency"][rows] * 5.0).astype(np.float32),
        }

    return calibrated(a_draft(), Parts(tokenize, network), examples, precision={"*": 0.8})


def test_calibration_undoes_what_the_network_did_to_the_truth(fitted):
    calibration = fitted.manifest.calibration

    assert calibration["intents"].slopes == pytest.approx((1 / 4, 2.0), rel=0.1)
    assert calibration["intents"].shifts == pytest.approx((-1 / 4, 1.0), abs=0.15)


def test_a_head_is_fitted_on_the_rows_that_have_it(fitted):
    assert fitted.manifest.calibration["urgency"].slopes == pytest.approx((1 / 5,) * 3, rel=0.1)


def test_its_probabilities_come_true(fitted, messages):
    examples, truth = messages

    given = fitted.probabilities(fitted.logits([example.text for example in examples]))

    expected = 1 / (1 + np.exp(-truth["intents"]))
    assert np.abs(given["intents"] - expected).max() < 0.05


def test_thresholds_are_picked_on_calibrated_probabilities(fitted, messages):
    examples, _truth = messages
    given = fitted.probabilities(fitted.logits([example.text for example in examples]))
    held = [[label in e.labels["intents"] for label in HEADS[0].labels] for e in examples]
    targets = np.array(held, dtype=np.float32)

    thresholds = fitted.manifest.thresholds

    assert thresholds == pick_thresholds(HEADS[0], given["intents"], targets, promised={"*": 0.8})
    for i, label in enumerate(HEADS[0].labels):
        over = given["intents"][:, i] >= thresholds[label]
        assert targets[over, i].mean() >= 0.8


def test_the_classifier_serves_by_what_was_fitted(fitted, messages):
    examples, _truth = messages
    texts = [example.text for example in examples[:200]]

    predictions = fitted.predict(texts)

    given = fitted.probabilities(fitted.logits(texts))["intents"].astype(float).round(4)
    least = [fitted.manifest.thresholds[label] for label in HEADS[0].labels]
    assert [set(p.labels) for p in predictions] == [
        {label for label, over in zip(HEADS[0].labels, row, strict=True) if over}
        for row in given >= least
    ]


def test_nothing_else_of_the_draft_changes(fitted):
    manifest = fitted.manifest

    assert (manifest.version, manifest.heads, manifest.facts) == ("v", HEADS, {"kept": True})


def test_a_channel_with_enough_messages_has_thresholds_of_its_own(fitted, messages):
    examples, _truth = messages
    by_chat = [row for row, example in enumerate(examples) if example.channel == "chat"]
    given = fitted.probabilities(fitted.logits([examples[row].text for row in by_chat]))
    held = [[label in examples[r].labels["intents"] for label in HEADS[0].labels] for r in by_chat]

    own = fitted.manifest.channel_thresholds

    targets = np.array(held, dtype=np.float32)
    assert own == {
        "chat": pick_thresholds(HEADS[0], given["intents"], targets, promised={"*": 0.8})
    }

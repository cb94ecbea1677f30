import dataclasses
import json

import pytest

from models.labels import INTENTS, LABELS, OTHER, SIGNALS, Head
from models.prediction import Prediction, Signal


def a_prediction(**changes):
    whole = {
        "intents": {"demo_request": 0.93, "pricing": 0.61, "other": 0.03},
        "labels": ("demo_request", "pricing"),
        "signals": {"urgency": Signal("high", 0.81)},
        "model_version": "v1",
        "language": "en",
        "truncated": False,
    }
    return Prediction(**{**whole, **changes})


def test_the_primary_intent_is_the_most_probable_one_that_counts():
    prediction = a_prediction(labels=("pricing",))

    assert (prediction.primary, prediction.confidence) == ("pricing", 0.61)
    assert not prediction.abstained


def test_with_no_label_the_primary_is_the_most_probable_of_all():
    prediction = a_prediction(labels=())

    assert prediction.abstained
    assert (prediction.primary, prediction.confidence) == ("demo_request", 0.93)


@pytest.mark.parametrize(
    ("readable", "labels", "reason"),
    [
        (True, ("pricing",), None),
        (True, (), "low_confidence"),
        (False, (), "unsupported_language"),
    ],
)
def test_it_says_why_it_abstained(readable, labels, reason):
    prediction = a_prediction(labels=labels, readable=readable)

    assert prediction.abstained_because == reason


def test_other_thresholds_count_other_intents_but_not_in_a_language_it_cannot_read():
    limits = {"demo_request": 0.95, "pricing": 0.6, "other": 0.03}

    assert a_prediction().with_thresholds(limits).labels == ("pricing", "other")
    assert a_prediction(readable=False).with_thresholds(limits).labels == ()


@pytest.mark.parametrize(
    ("limits", "margin"),
    [
        ({"demo_request": 0.9, "pricing": 0.5, "other": 0.9}, 0.03),  # over it
        ({"demo_request": 0.5, "pricing": 0.63, "other": 0.9}, 0.02),  # below it
    ],
)
def test_the_margin_is_that_of_the_intent_nearest_to_its_threshold(limits, margin):
    prediction = a_prediction()

    counted = prediction.with_thresholds(limits)

    assert (prediction.margin, counted.margin) == (None, margin)
    assert "margin" not in counted.as_dict()


def test_the_json_form_is_the_one_of_the_design():
    assert json.loads(json.dumps(a_prediction().as_dict())) == {
        "model_version": "v1",
        "intents": {"demo_request": 0.93, "pricing": 0.61, "other": 0.03},
        "labels": ["demo_request", "pricing"],
        "primary": "demo_request",
        "confidence": 0.93,
        "abstained": False,
        "abstained_because": None,
        "out_of_scope": 0.0,
        "signals": {"urgency": {"label": "high", "probability": 0.81}},
        "language": "en",
        "truncated": False,
    }


@pytest.mark.parametrize(
    "prediction",
    [
        a_prediction(),
        a_prediction(labels=(), readable=False, language="th", truncated=True, out_of_scope=0.4),
        a_prediction(labels=(), signals={}),
    ],
    ids=["counted", "unreadable", "unsure"],
)
def test_a_prediction_comes_back_from_its_json_form(prediction):
    assert Prediction.from_dict(json.loads(json.dumps(prediction.as_dict()))) == prediction


def test_what_an_earlier_release_did_not_say_has_its_default():
    said = {"model_version": "v1", "intents": {"pricing": 0.7}, "labels": ["pricing"]}

    assert Prediction.from_dict(said) == a_prediction(
        intents={"pricing": 0.7}, labels=("pricing",), signals={}, language="und"
    )


@pytest.mark.parametrize(
    "changes",
    [
        *({"intents": None}, {"intents": {"pricing": "much"}}, {"intents": {"pricing": 7}}),
        *({"labels": None}, {"labels": ["x"]}, {"signals": []}, {"signals": {"urgency": "high"}}),
        {"signals": {"urgency": {"label": "high"}}},
    ],
    ids=str,
)
def test_what_is_no_prediction_is_refused(changes):
    with pytest.raises(ValueError, match=r"no prediction|need|labels"):
        Prediction.from_dict({**a_prediction().as_dict(), **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"intents": {}},
        {"intents": {"demo_request": 1.01, "pricing": 0.1}},
        {"intents": {"demo_request": -0.01, "pricing": 0.1}},
        {"intents": {"demo_request": float("nan"), "pricing": 0.1}},
        {"labels": ("support",)},
    ],
    ids=str,
)
def test_a_prediction_that_cannot_be_is_refused(changes):
    with pytest.raises(ValueError, match=r"need probabilities|labels must be"):
        a_prediction(**changes)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan"), float("inf")])
def test_a_signal_needs_a_probability(probability):
    with pytest.raises(ValueError, match="need a probability"):
        Signal("high", probability)


def test_predictions_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        a_prediction().labels = ()


@pytest.mark.parametrize(
    ("labels", "kind"),
    [((), "multi"), (("a",), "single"), (("a", "a"), "multi"), (("a", "b"), "several")],
)
def test_a_head_needs_two_different_labels_and_a_known_kind(labels, kind):
    with pytest.raises(ValueError, match="head urgency"):
        Head("urgency", labels, kind)


def test_the_house_labels_name_every_head_once():
    assert list(LABELS) == [INTENTS, *SIGNALS]
    assert OTHER in LABELS[INTENTS]
    assert all(len(set(labels)) == len(labels) >= 2 for labels in LABELS.values())

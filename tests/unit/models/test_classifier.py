import random
import threading
import time

import numpy as np
import pytest
from support_model import FILLER, WORDS, tiny_artifact

from models import registry
from models.artifact import Manifest
from models.calibration import Calibration
from models.classifier import IntentClassifier, message_logits, out_of_scope
from models.labels import Head
from models.prediction import Signal
from models.types import Windows

INTENTS = Head("intents", ("demo", "price", "other"), "multi")
URGENCY = Head("urgency", ("low", "high"), "single")
LOGITS = {  # of five windows: two of the first message, one of the second, two of the third
    "intents": np.array(
        [[3, -5, -2], [-1, 2, 4], [-3, -3, 1], [-4, -4, 5], [-6, -2, 3]], dtype=np.float32
    ),
    "urgency": np.array([[1, 3], [3, -2], [0, 7], [1, 1], [2, 4]], dtype=np.float32),
}
OWNERS = np.array([0, 0, 1, 2, 2])


def a_classifier(
    logits,
    *,
    thresholds=(0.5, 0.5, 0.5),
    heads=(INTENTS, URGENCY),
    owners=None,
    wide=None,
    **facts,
):
    """Gives the same logits whatever the texts: what is tested is what follows from them."""
    rows = len(next(iter(logits.values())))
    owners = np.arange(rows) if owners is None else owners
    manifest = Manifest(
        version="v1",
        heads=heads,
        max_length=32,
        calibration={head.name: Calibration.identity(len(head.labels)) for head in heads},
        thresholds=dict(zip(heads[0].labels, thresholds, strict=True)),
        **facts,
    )
    cut = [bool(n % 2) for n in range(int(owners.max()) + 1)]
    windows = Windows([[1]] * rows, owners, cut, ["x"] * rows)
    return IntentClassifier(
        tokenize=lambda texts: windows,
        network=lambda ids: {name: values.copy() for name, values in logits.items()},
        manifest=manifest,
        detect_language=lambda text: f"language of {text!r}",
        wide=wide,
    )


def logit(probability):
    return float(np.log(probability / (1 - probability)))


# Windows of a message


def test_a_wish_in_any_window_counts_and_other_must_hold_in_all():
    joined = message_logits([INTENTS, URGENCY], LOGITS, OWNERS)

    assert joined["intents"].tolist() == [[3, 2, -2], [-3, -3, 1], [-4, -2, 3]]


def test_of_a_single_choice_head_the_windows_are_averaged():
    joined = message_logits([INTENTS, URGENCY], LOGITS, OWNERS)

    assert joined["urgency"].tolist() == [[2, 0.5], [0, 7], [1.5, 2.5]]
    assert {values.dtype.name for values in joined.values()} == {"float32"}


def test_a_head_without_other_takes_the_maximum_of_every_label():
    head = Head("intents", ("a", "b", "c"), "multi")

    joined = message_logits([head], LOGITS, OWNERS)

    assert joined["intents"].tolist() == [[3, 2, 4], [-3, -3, 1], [-4, -2, 5]]


def test_messages_of_one_window_keep_their_logits():
    joined = message_logits([INTENTS, URGENCY], LOGITS, np.arange(5))

    assert {name: values.tolist() for name, values in joined.items()} == {
        name: values.tolist() for name, values in LOGITS.items()
    }


# From logits to a prediction


def test_labels_are_those_over_their_threshold_the_most_probable_first():
    logits = {
        "intents": np.array([[logit(0.7), logit(0.9), logit(0.2)]], dtype=np.float32),
        "urgency": np.array([[0.0, 1.0]], dtype=np.float32),
    }

    (prediction,) = a_classifier(logits, thresholds=(0.6, 0.8, 0.3)).predict(["text"])

    assert prediction.intents == {"demo": 0.7, "price": 0.9, "other": 0.2}
    assert prediction.labels == ("price", "demo")
    assert prediction.signals == {"urgency": Signal("high", 0.7311)}
    assert prediction.model_version == "v1"


def test_each_intent_has_its_own_threshold_and_reaching_it_is_enough():
    logits = {
        "intents": np.array([[logit(0.7), logit(0.7), logit(0.7)]], dtype=np.float32),
        "urgency": np.zeros((1, 2), dtype=np.float32),
    }

    (prediction,) = a_classifier(logits, thresholds=(0.7001, 0.7, 0.6999)).predict(["text"])

    assert prediction.labels == ("price", "other")


def test_under_every_threshold_the_model_abstains():
    (prediction, *_rest) = a_classifier(LOGITS, thresholds=(1.0, 1.0, 1.0)).predict(["text"] * 5)

    assert (prediction.labels, prediction.abstained, prediction.primary) == ((), True, "demo")


def test_a_model_of_one_single_choice_head_decides_by_it():
    topic = Head("intents", ("billing", "sales"), "single")
    logits = {"intents": np.array([[logit(0.8), 0.0]], dtype=np.float32)}

    (prediction,) = a_classifier(logits, heads=(topic,), thresholds=(0.5, 0.5)).predict(["text"])

    assert prediction.intents == {"billing": 0.8, "sales": 0.2}
    assert (prediction.labels, prediction.signals) == (("billing",), {})


def test_language_and_truncation_are_each_messages_own_and_texts_are_cleaned():
    predictions = a_classifier(LOGITS, owners=OWNERS).predict([" a\u200bb ", "c", "d\r\ne"])

    assert [prediction.language for prediction in predictions] == [
        "language of 'ab'",
        "language of 'c'",
        "language of 'd e'",
    ]
    assert [prediction.truncated for prediction in predictions] == [False, True, False]


def test_calibration_is_applied_before_thresholds():
    head = Head("intents", ("a", "b"), "multi")
    logits = {"intents": np.array([[2.0, 0.0]], dtype=np.float32)}
    classifier = a_classifier(logits, heads=(head,), thresholds=(0.5, 0.5))
    classifier.manifest.calibration["intents"] = Calibration((0.5, 1.0), (-2.0, 1.0))

    (prediction,) = classifier.predict(["text"])

    assert prediction.intents == {"a": 0.2689, "b": 0.7311}
    assert prediction.labels == ("b",)


# The whole path, with a network that was trained


@pytest.fixture(scope="module")
def classifier():
    return registry.load(*tiny_artifact(), threads=1)


def texts_of_many_lengths(count=60):
    order = random.Random(4)
    words = [*FILLER, *" ".join(WORDS.values()).split()]
    lengths = [order.choice([1, 3, 8, 20, 60, 400]) for _ in range(count)]
    return [" ".join(order.choices(words, k=length)) for length in lengths]


def test_no_messages_give_no_predictions(classifier):
    assert classifier.predict([]) == []


def test_intents_are_heard(classifier):
    texts = [f"hello {words} we would like to say" for words in WORDS.values()]

    assert [prediction.primary for prediction in classifier.predict(texts)] == list(WORDS)


def test_a_messages_logits_do_not_depend_on_its_company(classifier):
    texts = texts_of_many_lengths()

    together = classifier.logits(texts)

    alone = [classifier.logits([text]) for text in texts]
    for name, rows in together.items():
        assert np.abs(rows - np.concatenate([one[name] for one in alone])).max() <= 1e-5, name


def test_the_order_of_messages_does_not_matter(classifier):
    texts = texts_of_many_lengths()

    backwards = classifier.logits(texts[::-1])

    for name, rows in classifier.logits(texts).items():
        assert np.abs(rows - backwards[name][::-1]).max() <= 1e-5, name


def test_padding_changes_nothing(classifier):
    short, long = "show us a demo", " ".join(["we would like to say that"] * 5)

    alone, beside = classifier.logits([short]), classifier.logits([short, long])

    for name in alone:
        assert np.abs(alone[name][0] - beside[name][0]).max() <= 1e-5, name


def test_a_wish_at_the_end_of_a_long_message_is_heard(classifier):
    filler = " ".join(FILLER * 8)  # some five windows

    quiet, loud = classifier.predict([filler, f"{filler} cancel terminate goodbye"])

    assert "churn_risk" not in quiet.labels
    assert "churn_risk" in loud.labels
    assert not loud.truncated


def test_what_is_left_out_of_a_very_long_message_is_said(classifier):
    (prediction,) = classifier.predict([" ".join(FILLER * 200)])

    assert prediction.truncated


def test_threads_may_share_a_classifier(classifier):
    texts = texts_of_many_lengths(20)
    expected = classifier.predict(texts)
    answers = [None] * 8

    def work(number):
        answers[number] = classifier.predict(texts)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)

    assert answers == [expected] * 8


HOSTILE = {  # RELIABILITY.md T18 and its like
    "a mebibyte of one letter": "a" * 2**20,
    "a mebibyte of words": "price " * (2**20 // 6),
    "many code points": "".join(
        chr(code) for code in range(0x20, 0x18000) if not 0xD800 <= code < 0xE000
    ),
    "combining marks": "e" + "\u0301" * 2**18,
    "lone surrogates": "\ud800\udfff price \ud83d",
    "non-characters": "\ufffe\uffff price",
    "nothing": "",
    "nothing after cleaning": "\u200b\x00\ufeff",
    "NUL": "pri\0ce",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_any_text_gets_an_answer_in_bounded_time(classifier, name):
    started = time.process_time()

    (prediction,) = classifier.predict([HOSTILE[name]])

    assert set(prediction.intents) == set(WORDS)
    assert time.process_time() - started < 10.0  # of CPU; a mebibyte took about one


# What is added, and what is left to a person


def test_the_wide_part_is_added_to_each_window():
    class Wide:
        def logits(self, texts):
            return {"intents": np.array([[1.0, 2.0, 3.0]] * len(texts), dtype=np.float32)}

    plain = a_classifier(LOGITS, owners=OWNERS)
    both = a_classifier(LOGITS, owners=OWNERS, wide=Wide())

    added = both.logits(["x"] * 3)["intents"] - plain.logits(["x"] * 3)["intents"]
    assert added == pytest.approx(np.array([[1.0, 2.0, 3.0]] * 3), abs=1e-5)


def test_a_language_that_was_not_learnt_is_left_to_a_person():
    logits = {"intents": np.array([[9.0, 9.0, -9.0]], dtype=np.float32)}
    classifier = a_classifier(logits, heads=(INTENTS,), languages=("en",))

    (prediction,) = classifier.predict(["hei"])

    assert (prediction.labels, prediction.abstained_because) == ((), "unsupported_language")


def test_a_channel_with_thresholds_of_its_own_counts_by_them():
    logits = {"intents": np.array([[0.0, 0.0, -9.0]], dtype=np.float32)}
    low = dict.fromkeys(INTENTS.labels, 0.4)
    classifier = a_classifier(
        logits, heads=(INTENTS,), thresholds=(0.9,) * 3, channel_thresholds={"chat": low}
    )
    (prediction,) = classifier.predict(["x"])

    assert classifier.for_channel(prediction, "chat").labels == INTENTS.labels[:2]
    assert classifier.for_channel(prediction, "email") is prediction
    assert classifier.for_channel(prediction, None) is prediction


def test_out_of_scope_is_the_learnt_other_or_what_no_label_claims():
    assert out_of_scope({"a": 0.2, "other": 0.7}) == 0.7
    assert out_of_scope({"a": 0.2, "b": 0.75}) == 0.25

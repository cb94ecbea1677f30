import math

import numpy as np
import pytest

from training.public.answers import Answers, log_softmax, measure, several_label_figures
from training.public.tasks import OUT_OF_SCOPE, Task, example_of


def examples(*labels):
    return tuple(example_of(f"{i}", f"text {i}", held) for i, held in enumerate(labels))


def task(**changes):
    parts = {"train": examples(["a"], ["b"]), "test": examples(["a"], ["b"], ["b"], ["a"])}
    return Task(**{"name": "t", **parts, **changes})


def saying(logits, strangeness=None):
    rows = np.array(logits, dtype=np.float32)
    strange = np.zeros(len(rows)) if strangeness is None else np.array(strangeness)
    return lambda task, texts: Answers(rows, strange)


def test_accuracy_is_the_share_of_messages_whose_best_label_is_right():
    figures = measure(task(), saying([[1, 0], [1, 0], [0, 1], [1, 0]]))

    assert figures == {"accuracy": 75.0}


def test_a_method_is_asked_about_validation_test_and_strangers_in_this_order():
    asked = []
    given = task(
        validation=(example_of("v", "validation", ["a"]),),
        strangers=(example_of("s", "stranger", []),),
    )

    def method(task, texts):
        asked.extend(texts)
        return Answers(np.zeros((6, 2), np.float32), np.arange(6.0))

    measure(given, method)

    assert asked == ["validation", "text 0", "text 1", "text 2", "text 3", "stranger"]


def test_strangers_are_refused_over_the_threshold_of_validation_messages():
    given = task(
        validation=examples(["a"], ["a"], ["a"], ["b"]),
        strangers=examples([], [], [], []),
    )
    logits = [[1, 0]] * 12
    strangeness = [*(0.0, 0.1, 0.2, 0.3), *(0.0, 0.1, 0.5, 0.2), *(0.9, 0.8, 0.7, 0.1)]

    figures = measure(given, saying(logits, strangeness))

    assert figures == {
        "accuracy": 50.0,
        "out_of_scope_recall": 75.0,
        "in_scope_refused": 25.0,
        "auroc": 13.5 / 16,
    }


def test_strangers_are_refused_by_their_label_where_it_was_trained():
    given = task(
        train=examples(["a"], ["b"], [OUT_OF_SCOPE]), strangers=examples([OUT_OF_SCOPE], [])
    )
    logits = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 0, 1], [0, 1, 0]]

    figures = measure(given, saying(logits, [0, 0, 0, 0, 1, 1]))

    assert given.head.labels == ("a", "b", OUT_OF_SCOPE)
    assert figures == {
        "accuracy": 75.0,
        "out_of_scope_recall": 50.0,
        "in_scope_refused": 25.0,
        "auroc": 1.0,
    }


def test_several_labels_are_counted_over_all_messages_together():
    given = np.array([[1, 1, 0], [0, 0, 0], [0, 0, 1]], dtype=bool)
    held = np.array([[1, 0, 0], [0, 0, 0], [0, 1, 1]], dtype=bool)

    figures = several_label_figures(given, held)

    assert figures == {
        "micro_f1": pytest.approx(100 * 4 / 6),
        "exact_match": pytest.approx(100 / 3),
    }


def test_no_label_given_and_none_held_is_no_error():
    none = np.zeros((2, 3), dtype=bool)

    assert several_label_figures(none, none) == {"micro_f1": 0.0, "exact_match": 100.0}


def test_log_probabilities_sum_to_one_however_large_the_logits():
    rows = log_softmax(np.array([[1000.0, 0.0], [0.0, 0.0]], dtype=np.float32))

    assert np.exp(rows).sum(axis=1).tolist() == [1.0, 1.0]
    assert rows[1].tolist() == pytest.approx([-math.log(2)] * 2)

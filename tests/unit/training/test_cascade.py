import math

import numpy as np
import pytest

from models import registry
from tests.support_model import tiny_artifact, tiny_dataset
from training.cascade import Verdict, judged, margin_of
from training.dataset import split


@pytest.fixture
def classifier():
    return registry.load(*tiny_artifact(), threads=1)


def some(rows, seed=1):
    """Targets, and probabilities that are on the right side of every threshold by far."""
    order = np.random.default_rng(seed)
    targets = order.random((rows, 5)) < 0.3
    targets[~targets.any(axis=1), 4] = True
    return targets, np.where(targets, 0.99, 0.01)


def test_a_student_that_is_as_right_as_the_model_may_answer_all(classifier):
    targets, given = some(2_000)

    margin = margin_of(given, given, targets, classifier.manifest)

    assert 0 < margin < math.inf


def taken(own, margin, classifier):
    """Which messages a student answers."""
    thresholds = np.array(list(classifier.manifest.thresholds.values()))
    odds = np.log(own / (1 - own)) - np.log(thresholds / (1 - thresholds))
    return np.abs(odds).min(axis=1) >= margin


def test_a_student_that_is_sure_and_wrong_answers_next_to_nothing(classifier):
    targets, given = some(2_000)

    margin = margin_of(1 - given, given, targets, classifier.manifest)

    assert taken(1 - given, margin, classifier).mean() <= 0.005


def test_a_student_answers_what_it_is_surer_of_than_where_it_errs(classifier):
    targets, given = some(2_000)
    own = np.where(targets, 0.9, 0.1)
    own[:200] = 1 - own[:200]  # a tenth is wrong, at a middling margin
    own[1_000:] = given[1_000:]

    margin = margin_of(own, given, targets, classifier.manifest)

    takes = taken(own, margin, classifier)
    assert takes[1_000:].mean() > 0.9
    assert takes[:200].mean() < 0.1


def test_few_messages_are_no_proof(classifier):
    targets, given = some(40)

    assert margin_of(given, given, targets, classifier.manifest) == math.inf


def test_a_student_of_easy_messages_learns_what_its_teacher_says(classifier):
    root, version = tiny_artifact()
    splits = split(tiny_dataset().examples)

    verdict = judged(
        classifier, root / version, splits.train, splits.calibration, splits.test, seed=7
    )

    assert verdict.macro_f1_student > 0.6 * verdict.macro_f1_model
    assert verdict.student_us < 10_000
    assert verdict.messages == len(splits.test)


@pytest.mark.parametrize(
    ("throughput", "macro_f1", "pays"),
    [(3.0, 0.895, True), (2.9, 0.9, False), (9.0, 0.894, False)],
)
def test_a_cascade_pays_by_throughput_and_by_what_it_costs(throughput, macro_f1, pays):
    verdict = Verdict(
        messages=1,
        answered_by_student=0.5,
        throughput=throughput,
        student_us=1.0,
        macro_f1=macro_f1,
        macro_f1_model=0.9,
        macro_f1_student=0.8,
    )

    assert verdict.pays is pays

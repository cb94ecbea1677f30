from statistics import NormalDist

import numpy as np
import pytest

from models.labels import Head
from training.thresholds import FLOOR, enough_rows, lower_bounds, pick_thresholds

HEAD = Head("intents", ("a", "b"), "multi")


def wilson(hits, trials):
    """The lesser share from which the observed one is just within reach: a root of its equation."""
    z, share = NormalDist().inv_cdf(0.9), hits / trials
    square = z**2 / trials
    return min(np.roots([1 + square, -(2 * share + square), share**2]).real)


def brute_force(probabilities, targets, promised):
    """Try every served probability as a threshold, one after the other."""
    served = [round(float(p), 4) for p in probabilities]
    candidates = []
    for threshold in sorted({p for p in served if p >= FLOOR}):
        over = [t for p, t in zip(served, targets, strict=True) if p >= threshold]
        candidates.append((threshold, wilson(sum(over), len(over))))
    kept = [threshold for threshold, bound in candidates if bound >= promised]
    if kept:
        return kept[0]
    return max(candidates, key=lambda found: (round(found[1], 9), found[0]), default=(FLOOR,))[0]


@pytest.mark.parametrize("seed", range(40))
def test_the_lowest_threshold_that_keeps_the_promise_is_found_by_brute_force(seed):
    order = np.random.default_rng(seed)
    rows = int(order.integers(1, 400))
    probabilities = order.beta(0.5, 0.5, size=(rows, 2)).astype(np.float32)
    if seed % 2:  # ties, and neighbours that rounding makes ties of
        probabilities = (probabilities.round(2) + order.choice([0, 3e-5, -3e-5], (rows, 1))).clip(
            0, 1
        )
    held = order.random((rows, 2)) < probabilities ** order.choice([0.5, 1.0, 2.0])
    promised = float(order.choice([0.5, 0.7, 0.8, 0.9, 0.95]))

    picked = pick_thresholds(
        HEAD, probabilities.astype(np.float32), held.astype(np.float32), promised={"*": promised}
    )

    assert picked == {
        label: brute_force(probabilities.astype(np.float32)[:, i], held[:, i], promised)
        for i, label in enumerate(HEAD.labels)
    }


def one_label(probabilities, targets, promised):
    columns = np.stack([probabilities, probabilities], axis=1).astype(np.float32)
    held = np.stack([targets, targets], axis=1).astype(np.float32)
    return pick_thresholds(HEAD, columns, held, promised={"*": promised})["a"]


def test_more_probable_messages_that_are_right_lower_the_threshold():
    probabilities = np.linspace(0.99, 0.5, 50)

    assert one_label(probabilities, np.ones(50), 0.9) == 0.5
    assert one_label(probabilities, probabilities > 0.7, 0.9) == pytest.approx(0.7, abs=0.05)


def test_no_threshold_lies_under_the_floor():
    assert one_label(np.linspace(0.29, 0.01, 50), np.ones(50), 0.9) == FLOOR
    assert one_label(np.linspace(0.9, 0.01, 500), np.ones(500), 0.9) == pytest.approx(0.3, abs=2e-3)


def test_where_no_threshold_keeps_the_promise_the_nearest_is_taken():
    probabilities = np.array([0.9, 0.8, 0.7, 0.6])

    # of 1, 2, 3 and 4 right among as many, the bound is highest at 3 of 3
    assert one_label(probabilities, np.array([1, 1, 1, 0]), 0.99) == pytest.approx(0.7)


def test_one_lucky_message_does_not_keep_a_promise():
    few, many = np.array([1.0]), np.ones(30)

    assert lower_bounds(few, few).item() < 0.4
    assert lower_bounds(many.cumsum()[-1:], np.array([30.0])).item() > 0.9


def test_the_bound_is_wilsons():
    trials = np.repeat(np.arange(1, 40), 5).astype(float)
    hits = np.floor(trials * np.tile([0, 0.3, 0.5, 0.9, 1.0], 39))

    expected = [wilson(h, n) for h, n in zip(hits, trials, strict=True)]

    assert lower_bounds(hits, trials) == pytest.approx(expected, abs=1e-4)


def test_each_intent_keeps_its_own_promise():
    order = np.random.default_rng(1)
    probabilities = order.random((2_000, 2)).astype(np.float32)
    held = (order.random((2_000, 2)) < probabilities).astype(np.float32)

    picked = pick_thresholds(HEAD, probabilities, held, promised={"*": 0.6, "a": 0.9})

    assert picked["a"] > 0.75
    assert picked["b"] < 0.5


@pytest.mark.parametrize(("rows", "enough"), [(40, True), (39, False)])
def test_a_part_has_enough_rows_when_each_label_has(rows, enough):
    assert enough_rows(np.repeat(np.eye(2, dtype=np.float32), [500, rows], axis=0)) is enough

import numpy as np
import pytest

from models.labels import Head
from training.scope import compare_scores

HEAD = Head("intents", ("demo", "price", "other"), "multi")


def some_data(rows=300):
    """Two wishes far apart, and messages without one elsewhere; logits that see all of it."""
    order = np.random.default_rng(1)
    kinds = order.integers(0, 3, rows)
    vectors = np.array([[9, 0, 0], [0, 9, 0], [0, 0, 9]])[kinds] + order.normal(size=(rows, 3))
    targets = np.eye(3, dtype=np.float32)[kinds]
    return vectors.astype(np.float32), targets, (targets * 8 - 4).astype(np.float32)


def test_scores_that_see_the_difference_rank_every_message_right():
    vectors, targets, logits = some_data()

    found = compare_scores(
        HEAD, logits, targets, known=vectors, known_targets=targets, vectors=vectors
    )

    assert {name: figures["auroc"] for name, figures in found.items()} == dict.fromkeys(found, 1.0)
    assert len(found) == 5


def test_a_score_that_sees_nothing_is_no_better_than_chance():
    vectors, targets, logits = some_data(3_000)
    noise = np.random.default_rng(2).normal(size=vectors.shape).astype(np.float32)

    found = compare_scores(
        HEAD, logits, targets, known=vectors, known_targets=targets, vectors=noise
    )

    assert found["learnt other"]["auroc"] == 1.0
    assert found["distance to the nearest messages"]["auroc"] == pytest.approx(0.5, abs=0.05)


def test_where_every_message_is_of_one_kind_there_is_nothing_to_compare():
    vectors, targets, logits = some_data()
    inside = targets[:, 2] == 0

    assert (
        compare_scores(
            HEAD,
            logits[inside],
            targets[inside],
            known=vectors,
            known_targets=targets,
            vectors=vectors[inside],
        )
        == {}
    )

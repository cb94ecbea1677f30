"""Which score tells best that a message wishes nothing the model knows: a comparison."""

from collections.abc import Sequence

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from models.labels import OTHER, Head
from models.types import Floats
from training.metrics.scores import Bools, Scores

_NEIGHBOURS = 10


def compare_scores(
    head: Head,
    logits: Floats,
    targets: Floats,
    *,
    known: Floats,
    known_targets: Floats,
    vectors: Floats,
) -> dict[str, dict[str, float]]:
    """Measure how well each score ranks the messages of `other` above those with a wish.

    Args:
        head: With the label `other`.
        logits: Of the test part, calibrated or not: only `other` and the largest are compared.
            Shape: (messages, labels).
        targets: Of the test part. Shape: (messages, labels).
        known: Mean-pooled encoder output of the training part. Shape: (examples, width).
        known_targets: Of the training part. Shape: (examples, labels).
        vectors: As `known`, of the test part. Shape: (messages, width).

    Returns:
        Score -> `auroc`, and `recall_at_5_false_alarms`: the share of `other` found where one in
        twenty of the rest is taken for it.

    Source:
        Liu et al. 2020, "Energy-based Out-of-distribution Detection"; Lee et al. 2018, "A Simple
        Unified Framework for Detecting Out-of-Distribution Samples"; Sun et al. 2022,
        "Out-of-Distribution Detection with Deep Nearest Neighbors".
    """
    column = head.labels.index(OTHER)
    outside = targets[:, column] > 0
    if outside.all() or not outside.any():
        return {}
    wishes = np.delete(logits, column, axis=1)
    inside = known[known_targets[:, column] == 0]
    classes = np.delete(known_targets, column, axis=1)[known_targets[:, column] == 0].argmax(axis=1)
    scores = {
        "learnt other": logits[:, column],
        "largest wish, negated": -wishes.max(axis=1),
        "energy of the wishes": -np.log(np.exp(wishes.astype(np.float64)).sum(axis=1)),
        "distance to the nearest class": _class_distance(inside, classes, vectors),
        "distance to the nearest messages": _neighbour_distance(inside, vectors),
    }
    return {name: _figures(outside, score) for name, score in scores.items()}


def _class_distance(inside: Floats, classes: Sequence[int], vectors: Floats) -> Floats:
    """Mahalanobis distance to the nearest mean, one covariance for all. Shape: (messages,)."""
    labels = np.asarray(classes)
    means = {label: inside[labels == label].mean(axis=0) for label in np.unique(labels)}
    centred = inside - np.stack([means[label] for label in labels])
    precision = LedoitWolf().fit(centred).get_precision()
    distances = [
        np.einsum("ij,jk,ik->i", vectors - mean, precision, vectors - mean)
        for mean in means.values()
    ]
    return np.asarray(np.min(distances, axis=0), dtype=np.float32)


def _neighbour_distance(inside: Floats, vectors: Floats) -> Floats:
    """Cosine distance to the k-th nearest message with a wish. Shape: (messages,)."""
    neighbours = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(inside)), metric="cosine")
    distances, _ = neighbours.fit(inside).kneighbors(vectors)
    return np.asarray(distances[:, -1], dtype=np.float32)


def _figures(outside: Bools, score: Scores) -> dict[str, float]:
    limit = np.quantile(score[~outside], 0.95)
    return {
        "auroc": round(float(roc_auc_score(outside, score)), 4),
        "recall_at_5_false_alarms": round(float((score[outside] > limit).mean()), 4),
    }

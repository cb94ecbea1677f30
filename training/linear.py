"""Linear classifiers on sparse features, one for each question: the baseline, and the wide part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from sklearn.linear_model import LogisticRegression

from models.labels import Head
from models.types import Floats
from training.dataset import Example
from training.metrics import head_targets

Matrix: TypeAlias = Any  # a sparse matrix of shape (texts, features); scipy ships no types

# The best of 3, 10 and 30 on the corpus; more iterations changed accuracies by less than 0.01.
_INVERSE_REGULARISATION = 10.0
_TOLERANCE = 1e-3
_MAX_ITERATIONS = 1_000
_NEVER, _ALWAYS = -30.0, 30.0  # logits of what training saw on no row, or on all


@dataclass(frozen=True, slots=True)
class Linear:
    """Logits of one head are `features @ weights + shifts`."""

    weights: Floats  # (features, labels)
    shifts: Floats  # (labels,)

    def logits(self, matrix: Matrix) -> Floats:
        """Score rows of features. Shape: (texts, labels)."""
        return np.asarray(matrix @ self.weights + self.shifts, dtype=np.float32)


def fit_linear(head: Head, matrix: Matrix, train: Sequence[Example], *, seed: int) -> Linear:
    """Fit one classifier a label, or one for all labels where exactly one holds.

    Args:
        head: Whose labels are to be told; rows of the data that lack it are left out.
        matrix: Of the examples' texts. Shape: (examples, features).
        train: The examples.
        seed: Of the solver's order of features.
    """
    present, targets = head_targets(head, train)
    rows = np.flatnonzero(present)
    if head.kind == "single":
        return _fit_choice(matrix[rows], targets[rows].argmax(axis=1), len(head.labels), seed)
    columns = [
        _fit_yes(matrix[rows], targets[rows, i].astype(np.int64), seed)
        for i in range(len(head.labels))
    ]
    return Linear(
        np.stack([weights for weights, _ in columns], axis=1),
        np.array([shift for _, shift in columns], dtype=np.float32),
    )


def _fit_yes(matrix: Matrix, holds: Any, seed: int) -> tuple[Floats, float]:
    """Fit yes or no. Weights have shape (features,)."""
    if len(np.unique(holds)) < 2:  # nothing to tell apart
        always = len(holds) > 0 and bool(holds[0])
        return np.zeros(matrix.shape[1], np.float32), _ALWAYS if always else _NEVER
    # liblinear is three times faster on two choices, and does not know more than two
    model = _solver("liblinear", seed).fit(matrix, holds)
    return model.coef_[0].astype(np.float32), float(model.intercept_[0])


def _fit_choice(matrix: Matrix, chosen: Any, choices: int, seed: int) -> Linear:
    """Fit a choice among some; one that training has not seen is never given."""
    weights = np.zeros((matrix.shape[1], choices), np.float32)
    shifts = np.full(choices, _NEVER, np.float32)
    seen = np.unique(chosen)
    shifts[seen] = 0.0
    if len(seen) == 2:
        yes, shift = _fit_yes(matrix, (chosen == seen[1]).astype(np.int64), seed)
        weights[:, seen[1]], shifts[seen[1]] = yes, shift
    elif len(seen) > 2:
        model = _solver("lbfgs", seed).fit(matrix, chosen)
        weights[:, seen], shifts[seen] = model.coef_.T, model.intercept_
    return Linear(weights, shifts)


def _solver(name: str, seed: int) -> LogisticRegression:
    return LogisticRegression(
        C=_INVERSE_REGULARISATION,
        solver=name,
        tol=_TOLERANCE,
        max_iter=_MAX_ITERATIONS,
        random_state=seed,
    )

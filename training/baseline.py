"""The classifier that a trained model has to beat: TF-IDF and logistic regression."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion

from models.labels import Head
from models.types import Floats
from training.dataset import Example
from training.metrics import head_targets

Baseline: TypeAlias = Callable[[Sequence[str]], Mapping[str, Floats]]
Matrix: TypeAlias = Any  # a sparse matrix of shape (texts, features); scipy ships no types

# The best of 3, 10 and 30 on the corpus; more iterations changed accuracies by less than 0.01.
_INVERSE_REGULARISATION = 10.0
_WORD = r"\b\w+\b"  # also of one letter, so that the shortest messages have a feature
_TOLERANCE = 1e-3
_MAX_ITERATIONS = 1_000
_FEW_TEXTS = 200  # below this a feature that was seen once is kept


def fit_baseline(heads: Sequence[Head], train: Sequence[Example], *, seed: int) -> Baseline:
    """Fit one linear classifier a head on word and character n-grams.

    Args:
        heads: Those to answer.
        train: The examples that the network is trained on; one that lacks a head is left out there.
        seed: Of the solver's order of features.

    Returns:
        What gives composed texts their probabilities by head, each of shape (texts, labels).
    """
    features = _features(2 if len(train) >= _FEW_TEXTS else 1)
    matrix = features.fit_transform([example.composed for example in train]).tocsr()
    fitted = {head.name: _fit_head(head, matrix, train, seed) for head in heads}

    def predict(texts: Sequence[str]) -> Mapping[str, Floats]:
        seen = features.transform(list(texts))
        return {name: answer(seen) for name, answer in fitted.items()}

    return predict


def _features(min_texts: int) -> Any:
    """Weigh words and pairs of words, and pieces of 2 to 5 characters inside words."""
    shared = {"sublinear_tf": True, "min_df": min_texts, "dtype": np.float32}
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, **shared)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared)
    return FeatureUnion([("words", words), ("pieces", pieces)])


def _fit_head(
    head: Head, matrix: Matrix, train: Sequence[Example], seed: int
) -> Callable[[Matrix], Floats]:
    """Fit one classifier a label, or one for all labels where exactly one holds."""
    present, targets = head_targets(head, train)
    rows = np.flatnonzero(present)
    if head.kind == "single":
        return _fit_choice(matrix[rows], targets[rows].argmax(axis=1), len(head.labels), seed)
    columns = [
        _fit_choice(matrix[rows], targets[rows, i].astype(np.int64), 2, seed)
        for i in range(len(head.labels))
    ]
    return lambda seen: np.stack([answer(seen)[:, 1] for answer in columns], axis=1)


def _fit_choice(matrix: Matrix, chosen: Any, choices: int, seed: int) -> Callable[[Matrix], Floats]:
    """Fit a choice among some; one that training has not seen is never given.

    Args:
        matrix: Shape: (examples, features).
        chosen: Number of the right choice. Shape: (examples,).
        choices: How many there are.
        seed: Of the solver.
    """
    seen_choices = np.unique(chosen)
    if len(seen_choices) < 2:  # nothing to tell apart
        row = np.bincount(chosen, minlength=choices).astype(np.float32) / max(1, len(chosen))
        return lambda seen: np.tile(row, (seen.shape[0], 1))
    # liblinear is three times faster on two choices, and does not know more than two
    solver = "liblinear" if choices == 2 else "lbfgs"
    model = LogisticRegression(
        C=_INVERSE_REGULARISATION,
        solver=solver,
        tol=_TOLERANCE,
        max_iter=_MAX_ITERATIONS,
        random_state=seed,
    ).fit(matrix, chosen)

    def answer(seen: Matrix) -> Floats:
        probabilities = np.zeros((seen.shape[0], choices), dtype=np.float32)
        probabilities[:, seen_choices] = model.predict_proba(seen)
        return probabilities

    return answer

"""The classifier that a trained model has to beat: TF-IDF and logistic regression."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import FeatureUnion

from models.calibration import Calibration, probabilities
from models.labels import Head
from models.types import Floats
from training.dataset import Example
from training.linear import fit_linear

Baseline: TypeAlias = Callable[[Sequence[str]], Mapping[str, Floats]]
_WORD = r"\b\w+\b"  # also of one letter, so that the shortest messages have a feature
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
    fitted = {head: fit_linear(head, matrix, train, seed=seed) for head in heads}

    def predict(texts: Sequence[str]) -> Mapping[str, Floats]:
        seen = features.transform(list(texts))
        return {
            head.name: probabilities(
                head, linear.logits(seen), Calibration.identity(len(head.labels))
            )
            for head, linear in fitted.items()
        }

    return predict


def _features(min_texts: int) -> Any:
    """Weigh words and pairs of words, and pieces of 2 to 5 characters inside words."""
    shared = {"sublinear_tf": True, "min_df": min_texts, "dtype": np.float32}
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, **shared)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared)
    return FeatureUnion([("words", words), ("pieces", pieces)])

"""What our network has to beat: TF-IDF with a linear SVM, and a linear probe on the frozen base."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from models.types import Floats
from training.base.load import load_base
from training.config import TrainConfig
from training.loop import targets_of
from training.public.answers import Answers, several_label_figures
from training.public.readout import PROBE_SCALE
from training.public.recipe import Recipe
from training.public.stages import new_network, reader
from training.public.tasks import OUT_OF_SCOPE, Task
from training.vectors import vectors_of

Matrix: TypeAlias = Any  # a matrix of shape (texts, features), sparse or not
Fit: TypeAlias = Callable[[Matrix, Any], Any]
_INNER_FOLDS = 5  # of the training part, to choose a threshold
_THRESHOLDS = 200  # that are compared
_WORD = r"\b\w+\b"


@dataclass(frozen=True, slots=True)
class LinearSvm:
    """TF-IDF of words, pairs of words and pieces of words, and a linear support vector machine."""

    seed: int

    def __call__(self, task: Task, texts: Sequence[str]) -> Answers:
        """Train on a task, and answer about texts."""
        words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=_WORD, sublinear_tf=True)
        pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
        features = FeatureUnion([("words", words), ("pieces", pieces)])
        known = features.fit_transform([example.composed for example in task.train]).tocsr()
        model = LinearSVC(random_state=self.seed)
        return _answers(task, model, known, features.transform(list(texts)).tocsr())


@dataclass(frozen=True, slots=True)
class LinearProbe:
    """Logistic regression on the mean-pooled vectors of the base, which is left as it is."""

    base: str
    seed: int

    def __call__(self, task: Task, texts: Sequence[str]) -> Answers:
        """Train on a task, and answer about texts."""
        recipe = Recipe()
        base = load_base(self.base, vocabulary=TrainConfig().vocabulary)
        read = reader(base, recipe.max_length)
        network = new_network(base, task, recipe, self.seed)
        known, asked = (
            vectors_of(network, read(part)) * PROBE_SCALE
            for part in ([example.composed for example in task.train], texts)
        )
        model = LogisticRegression(C=10.0, max_iter=1_000, random_state=self.seed)
        return _answers(task, model, known, asked)


def _answers(task: Task, model: Any, known: Matrix, asked: Matrix) -> Answers:
    """Fit a linear model on a task's training part, and let it answer."""
    targets = targets_of(task.head, task.train)
    if task.kind == "multi":
        logits = _several(OneVsRestClassifier(model), known, targets, asked)
    else:
        logits = _choice(task, model, known, targets, asked)
    return Answers(logits, _strangeness(task, logits))


def _choice(task: Task, model: Any, known: Matrix, targets: Floats, asked: Matrix) -> Floats:
    """Score single labels; one without a training message stays least. Shape: (texts, labels)."""
    chosen = targets.argmax(axis=1)
    fitted = model.fit(known, chosen)
    scores = fitted.decision_function(asked)
    if scores.ndim == 1:
        scores = np.stack([-scores, scores], axis=1)
    logits = np.full((asked.shape[0], len(task.head.labels)), scores.min() - 1.0, np.float32)
    logits[:, fitted.classes_] = scores
    return logits


def _several(model: Any, known: Matrix, targets: Floats, asked: Matrix) -> Floats:
    """Score several labels, shifted so that over 0.0 a label is given. Shape: (texts, labels)."""
    inner = np.zeros_like(targets)
    for seen, unseen in KFold(_INNER_FOLDS, shuffle=True, random_state=0).split(targets):
        inner[unseen] = _scores(model, known[seen], targets[seen], known[unseen])
    logits: Floats = _scores(model, known, targets, asked) - best_threshold(inner, targets)
    return logits


def _scores(model: Any, known: Matrix, targets: Floats, asked: Matrix) -> Floats:
    """Fit the labels that some message has and another has not. Shape: (texts, labels)."""
    able = np.flatnonzero((targets.min(axis=0) < 1.0) & (targets.max(axis=0) > 0.0))
    scores = np.full((asked.shape[0], targets.shape[1]), -10.0, np.float32)
    scores[:, able] = model.fit(known, targets[:, able].astype(int)).decision_function(asked)
    return scores


def best_threshold(scores: Floats, targets: Floats) -> np.float32:
    """Choose the threshold with the best F1 over all labels. Shapes: (messages, labels)."""
    held = targets > 0.0
    tried = np.quantile(scores[scores > scores.min()], np.linspace(0.0, 0.999, _THRESHOLDS))
    f1 = [several_label_figures(scores > limit, held)["micro_f1"] for limit in tried]
    return np.float32(tried[int(np.argmax(f1))])


def _strangeness(task: Task, logits: Floats) -> Floats:
    """The less sure of any label, the stranger. Shape: (texts,)."""
    usual = [i for i, label in enumerate(task.head.labels) if label != OUT_OF_SCOPE]
    strange = [i for i, label in enumerate(task.head.labels) if label == OUT_OF_SCOPE]
    doubt = -logits[:, usual].max(axis=1)
    return np.asarray(doubt + logits[:, strange].sum(axis=1), dtype=np.float32)

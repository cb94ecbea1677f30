"""Measure one head: as a classifier that must answer, and by the rule that serving follows."""

from collections.abc import Sequence

import numpy as np

from models.labels import Head
from models.types import Floats
from training.metrics.scores import (
    Bools,
    Scores,
    average_precision,
    brier,
    calibration_error,
    calibration_floor,
    f1_of,
    macro_f1,
    macro_f1_interval,
    precision_of,
    recall_of,
)
from training.metrics.values import (
    HeadMetrics,
    Interval,
    LabelMetrics,
    MultiMetrics,
    Served,
    ServedLabel,
    SingleMetrics,
)

F1_THRESHOLD = 0.5  # of the view that is compared with other classifiers; serving has its own
_SERVED_DIGITS = 4


def f1_view(probabilities: Floats, *, threshold: float | Floats = F1_THRESHOLD) -> Bools:
    """Decide like a classifier that must answer: what is likely, else the most probable label.

    This is not the served rule. Shapes: (examples, labels).
    """
    decisions = np.asarray(probabilities >= threshold)
    silent = ~decisions.any(axis=1)
    decisions[silent] = most_probable(probabilities[silent])
    return decisions


def intent_decisions(probabilities: Floats, thresholds: Sequence[float]) -> Bools:
    """Decide as serving does: a label counts from its threshold on, and possibly none does.

    Args:
        probabilities: Calibrated. Shape: (examples, labels).
        thresholds: In the order of the labels. Shape: (labels,).
    """
    return np.asarray(as_served(probabilities) >= np.asarray(thresholds, dtype=np.float64))


def as_served(probabilities: Floats) -> Scores:
    """Round as IntentClassifier does before it looks at a threshold."""
    exact: Scores = probabilities.astype(np.float64)
    return exact.round(_SERVED_DIGITS)


def most_probable(probabilities: Floats) -> Bools:
    """Mark the most probable label of each example, the first of equals."""
    chosen = np.zeros(probabilities.shape, dtype=np.bool_)
    chosen[np.arange(len(chosen)), probabilities.argmax(axis=1)] = True
    return chosen


def evaluate_head(
    head: Head, probabilities: Floats, targets: Floats, decisions: Bools | None = None
) -> HeadMetrics:
    """Measure one head on examples that it was neither trained nor calibrated on.

    Args:
        head: Whose answers these are.
        probabilities: Shape: (examples, labels).
        targets: 1.0 where a label holds. Shape: (examples, labels).
        decisions: By the served rule; None for a classifier that has none.
    """
    _check(head, probabilities, targets)
    served = None if decisions is None else _served(head, decisions, targets > 0.5)
    if head.kind == "single":
        return _single(probabilities, targets, served)
    return _multi(head, probabilities, targets, served)


def _single(probabilities: Floats, targets: Floats, served: Served | None) -> SingleMetrics:
    """Measure the most probable label."""
    chosen = most_probable(probabilities)
    right = np.any(chosen & (targets > 0.5), axis=1)
    return SingleMetrics(
        rows=len(targets),
        accuracy=float(right.mean()),
        macro_f1=_defined(macro_f1(chosen, targets)),
        macro_f1_interval=_interval(chosen, targets > 0.5),
        ece=calibration_error(probabilities.max(axis=1), right),
        served=served,
    )


def _multi(
    head: Head, probabilities: Floats, targets: Floats, served: Served | None
) -> MultiMetrics:
    """Measure each label and their means, in the F1 view."""
    decisions, held = f1_view(probabilities), targets > 0.5
    labels = {
        label: _label(probabilities[:, i], decisions[:, i], held[:, i])
        for i, label in enumerate(head.labels)
    }
    return MultiMetrics(
        rows=len(targets),
        macro_f1=_defined(macro_f1(decisions, held)),
        macro_f1_interval=_interval(decisions, held),
        micro_f1=float(2 * (decisions & held).sum() / (decisions.sum() + held.sum())),
        exact_match=float((decisions == held).all(axis=1).mean()),
        ece=float(np.mean([metrics.ece for metrics in labels.values()])),
        ece_floor=float(np.mean([metrics.ece_floor for metrics in labels.values()])),
        brier=float(np.mean([metrics.brier for metrics in labels.values()])),
        labels=labels,
        served=served,
    )


def _label(probabilities: Floats, decided: Bools, held: Bools) -> LabelMetrics:
    """Measure one label. Shapes: (examples,)."""
    hits, given, support = (decided & held).sum(), decided.sum(), held.sum()
    return LabelMetrics(
        support=int(support),
        precision=_defined(precision_of(hits, given)),
        recall=_defined(recall_of(hits, support)),
        f1=_defined(f1_of(hits, given, support)),
        average_precision=_defined(average_precision(probabilities, held)),
        ece=calibration_error(probabilities, held),
        ece_floor=calibration_floor(probabilities),
        brier=brier(probabilities, held),
    )


def _served(head: Head, decisions: Bools, held: Bools) -> Served:
    """Measure what a caller of the service gets."""
    hits, given, support = (decisions & held).sum(0), decisions.sum(0), held.sum(0)
    precisions, recalls = precision_of(hits, given), recall_of(hits, support)
    answered = float(decisions.any(axis=1).mean())
    return Served(
        precision=_defined(precision_of(hits.sum(), given.sum())),
        recall=_defined(recall_of(hits.sum(), support.sum())),
        coverage=answered,
        abstained=1.0 - answered,
        labels={
            label: ServedLabel(
                given=int(given[i]),
                precision=_defined(precisions[i]),
                recall=_defined(recalls[i]),
            )
            for i, label in enumerate(head.labels)
        },
    )


def _interval(decisions: Bools, targets: Bools) -> Interval | None:
    """Bound the macro-F1, where it is defined."""
    low, high = macro_f1_interval(decisions, targets)
    return None if np.isnan(low) else (low, high)


def _defined(score: object) -> float | None:
    """Turn NaN into None."""
    number = float(score)  # type: ignore[arg-type]  # a numpy scalar of whatever width
    return None if np.isnan(number) else number


def _check(head: Head, probabilities: Floats, targets: Floats) -> None:
    """Refuse arrays that would give numbers without meaning."""
    shape = (len(targets), len(head.labels))
    if not len(targets) or probabilities.shape != shape or targets.shape != shape:
        raise ValueError(f"head {head.name}: need arrays of shape (examples > 0, {shape[1]})")
    if not ((probabilities >= 0.0) & (probabilities <= 1.0)).all():
        raise ValueError(f"head {head.name}: need probabilities in [0, 1]")

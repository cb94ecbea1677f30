"""What the plots of a report show, as numbers: calibration, thresholds, and mix-ups of a head."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.labels import Head
from models.types import Floats
from training.metrics import f1_view, intent_decisions
from training.metrics.heads import as_served, most_probable
from training.metrics.scores import Bools, Scores, precision_of, reliability_bins

PANELS = 12  # labels with a plot of their own: the most frequent
_STEPS = tuple(step / 10 for step in range(1, 10))  # thresholds listed beside the chosen one
NONE_GIVEN = "none given"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCurves:
    """A head's answers about the test examples that have it, from which its plots are drawn."""

    head: Head
    probabilities: Floats  # (examples, labels)
    targets: Floats  # (examples, labels): 1.0 where a label holds
    thresholds: Mapping[str, float]  # label -> probability; empty for a head that does not decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often an event came true where its probability was so high."""

    title: str
    sizes: Scores  # (bins,): examples
    predicted: Scores  # (bins,): mean probability
    held: Scores  # (bins,): share that came true


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """What each threshold of a label gives: fewer found, or fewer right."""

    title: str
    coverage: Scores  # (points,): share of the examples with this label that are found; ascending
    precision: Scores  # (points,): share of the given that hold
    listed: tuple[tuple[float, float, float | None], ...]  # threshold, coverage, precision
    chosen: tuple[float, float, float | None] | None  # the same of the model's own threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """For each label that holds: how often it was found, and what was wrongly given instead."""

    labels: tuple[str, ...]
    given: tuple[str, ...]  # the same labels, and NONE_GIVEN where the head may abstain
    counts: Scores  # (labels, given)
    support: Scores  # (labels,): examples for which the label holds


def reliabilities(curves: HeadCurves) -> list[Reliability]:
    """Compare probability and outcome for each of the most frequent labels."""
    return [
        _reliability(curves.head.labels[i], curves.probabilities[:, i], curves.targets[:, i])
        for i in _most_frequent(curves, PANELS)
    ]


def top_reliability(curves: HeadCurves) -> Reliability:
    """Compare probability and outcome of a single-choice head's answers."""
    rows = np.arange(len(curves.targets))
    top = curves.probabilities.argmax(axis=1)
    return _reliability(
        curves.head.name, curves.probabilities[rows, top], curves.targets[rows, top]
    )


def tradeoffs(curves: HeadCurves) -> list[Tradeoff]:
    """Try every threshold for each of the most frequent labels that occur at all."""
    return [
        _tradeoff(curves, i) for i in _most_frequent(curves, PANELS) if curves.targets[:, i].any()
    ]


def confusion(curves: HeadCurves, *, most: int = 20) -> Confusion:
    """Count what was given for the labels that hold: the served rule where there is one."""
    kept = _most_frequent(curves, most)
    held = curves.targets > 0.5
    given = _decisions(curves)
    wrong = given & ~held
    counts = held.T.astype(np.float64) @ wrong
    np.fill_diagonal(counts, (held & given).sum(axis=0))
    labels = tuple(curves.head.labels[i] for i in kept)
    counts = counts[np.ix_(kept, kept)]
    if curves.thresholds:
        silent = held[~given.any(axis=1)].sum(axis=0)[kept]
        counts = np.column_stack([counts, silent])
    return Confusion(
        labels=labels,
        given=(*labels, NONE_GIVEN) if curves.thresholds else labels,
        counts=counts,
        support=held.sum(axis=0)[kept].astype(np.float64),
    )


def _most_frequent(curves: HeadCurves, most: int) -> list[int]:
    """Pick the labels that hold most often, in the order of the head."""
    ranked = np.argsort(-curves.targets.sum(axis=0), kind="stable")
    return sorted(int(i) for i in ranked[:most])


def _reliability(title: str, probabilities: Floats, targets: Floats) -> Reliability:
    """Bin one event's probabilities."""
    sizes, predicted, held = reliability_bins(probabilities, targets)
    return Reliability(title=title, sizes=sizes, predicted=predicted, held=held)


def _tradeoff(curves: HeadCurves, label: int) -> Tradeoff:
    """Try every threshold of one label."""
    name, probabilities = curves.head.labels[label], curves.probabilities[:, label]
    held = curves.targets[:, label] > 0.5
    steps = np.unique(as_served(probabilities[held]))[::-1]  # only there does coverage change
    points = [_point(float(step), probabilities, held) for step in steps]
    threshold = curves.thresholds.get(name)
    return Tradeoff(
        title=name,
        coverage=np.array([coverage for _, coverage, _ in points]),
        precision=np.array([precision for _, _, precision in points], dtype=np.float64),
        listed=tuple(_point(step, probabilities, held) for step in _STEPS),
        chosen=None if threshold is None else _point(threshold, probabilities, held),
    )


def _point(
    threshold: float, probabilities: Floats, held: Bools
) -> tuple[float, float, float | None]:
    """Tell the coverage and precision of a label from a threshold on."""
    given = intent_decisions(probabilities[:, None], [threshold])[:, 0]
    hits = int((given & held).sum())
    precision = float(precision_of(np.array(hits), given.sum()))
    return threshold, hits / int(held.sum()), None if np.isnan(precision) else precision


def _decisions(curves: HeadCurves) -> Bools:
    """Decide by the served rule, or by the most probable label where a head has none."""
    if curves.thresholds:
        thresholds = [curves.thresholds[label] for label in curves.head.labels]
        return intent_decisions(curves.probabilities, thresholds)
    if curves.head.kind == "multi":
        return f1_view(curves.probabilities)
    return most_probable(curves.probabilities)

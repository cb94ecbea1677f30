"""What the plots of a report show, as numbers: calibration, thresholds, and mix-ups of a head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from models.labels import Head
from models.types import Floats, Ints
from training.metrics import f1_view, intent_decisions
from training.metrics.heads import as_served, most_probable
from training.metrics.scores import (
    Bools,
    Scores,
    calibration_error,
    calibration_floor,
    precision_of,
    reliability_bins,
)

PANELS = 12  # labels with a plot of their own: the most frequent
ENOUGH_ROWS = 100  # of a language or channel, for a plot of its own
_STEPS = tuple(step / 10 for step in range(1, 10))  # thresholds listed beside the chosen one
NONE_GIVEN = "none given"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCurves:
    """A head's answers about the test examples that have it, from which its plots are drawn."""

    head: Head
    probabilities: Floats  # (examples, labels)
    targets: Floats  # (examples, labels): 1.0 where a label holds
    thresholds: Mapping[str, float]  # label -> probability; empty for a head that does not decide
    decisions: Bools | None = None  # as served, where that is more than these thresholds
    promised: Mapping[str, float] = field(default_factory=dict)  # label -> precision
    parts: Mapping[str, Ints] = field(default_factory=dict)  # slice -> its examples
    channel_thresholds: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    ids: Sequence[str] = ()  # of the examples; empty: mistakes are not listed
    texts: Sequence[str] = ()  # of the examples; empty: no word of them is shown

    def part(self, rows: Ints, thresholds: Mapping[str, float]) -> "HeadCurves":
        """Look at some of the examples only, under thresholds of their own."""
        return HeadCurves(
            head=self.head,
            probabilities=self.probabilities[rows],
            targets=self.targets[rows],
            thresholds=thresholds,
            promised=self.promised,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often an event came true where its probability was so high."""

    title: str
    sizes: Scores  # (bins,): examples
    predicted: Scores  # (bins,): mean probability
    held: Scores  # (bins,): share that came true
    error: float  # expected calibration error over these bins
    floor: float  # what chance alone gives; see `calibration_floor`


@dataclass(frozen=True, slots=True, kw_only=True)
class Tradeoff:
    """What each threshold of a label gives: fewer found, or fewer right."""

    title: str
    coverage: Scores  # (points,): share of the examples with this label that are found; ascending
    precision: Scores  # (points,): share of the given that hold
    listed: tuple[tuple[float, float, float | None], ...]  # threshold, coverage, precision
    chosen: tuple[float, float, float | None] | None  # the same of the model's own threshold
    promised: float | None = None  # the precision that this threshold was chosen to keep


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


def pooled_reliabilities(curves: HeadCurves, kind: str) -> list[Reliability]:
    """Compare probability and outcome in each large part of a kind, all labels taken together.

    Args:
        curves: With parts.
        kind: `language` or `channel`.
    """
    return [
        _reliability(
            f"{name.partition('=')[2]} ({len(rows)})",
            curves.probabilities[rows].ravel(),
            curves.targets[rows].ravel(),
        )
        for name, rows in curves.parts.items()
        if name.startswith(f"{kind}=") and len(rows) >= ENOUGH_ROWS
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


def channel_tradeoffs(curves: HeadCurves) -> list[Tradeoff]:
    """Try every threshold in each channel that has its own."""
    return [
        replace(panel, title=f"{channel}: {panel.title}")
        for channel, thresholds in curves.channel_thresholds.items()
        if f"channel={channel}" in curves.parts
        for panel in tradeoffs(curves.part(curves.parts[f"channel={channel}"], thresholds))
    ]


def confusion(curves: HeadCurves, *, most: int = 20) -> Confusion:
    """Count what was given for the labels that hold: the served rule where there is one."""
    kept = _most_frequent(curves, most)
    held = curves.targets > 0.5
    given = decisions_of(curves)
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
    return Reliability(
        title=title,
        sizes=sizes,
        predicted=predicted,
        held=held,
        error=calibration_error(probabilities, targets),
        floor=calibration_floor(probabilities),
    )


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
        promised=curves.promised.get(name),
    )


def _point(
    threshold: float, probabilities: Floats, held: Bools
) -> tuple[float, float, float | None]:
    """Tell the coverage and precision of a label from a threshold on."""
    given = intent_decisions(probabilities[:, None], [threshold])[:, 0]
    hits = int((given & held).sum())
    precision = float(precision_of(np.array(hits), given.sum()))
    return threshold, hits / int(held.sum()), None if np.isnan(precision) else precision


def decisions_of(curves: HeadCurves) -> Bools:
    """Decide by the served rule, or by the most probable label where a head has none."""
    if curves.decisions is not None:
        return curves.decisions
    if curves.thresholds:
        thresholds = [curves.thresholds[label] for label in curves.head.labels]
        return intent_decisions(curves.probabilities, thresholds)
    if curves.head.kind == "multi":
        return f1_view(curves.probabilities)
    return most_probable(curves.probabilities)

"""The sections about the deciding head: probabilities, thresholds, promises, mix-ups."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.metrics.comparison import MISSING, figure
from training.report.curves import (
    PANELS,
    HeadCurves,
    Reliability,
    Tradeoff,
    channel_tradeoffs,
    confusion,
    reliabilities,
    top_reliability,
    tradeoffs,
)
from training.report.page import Section, folded, heat_table, plots, table
from training.report.plots import reliability_svgs, tradeoff_svgs

_NUMBERS = "The numbers"
_PROMISE_HEADINGS = (
    *("promised", "threshold", "given", "precision", "at least", "promise kept"),
    *("share found", "of"),
)


def calibration_section(curves: HeadCurves) -> Section:
    """Draw the reliability of each label."""
    panels = reliabilities(curves)
    title = "Do the probabilities hold?"
    note = (
        "Messages sorted by probability into 15 bins of equal size: of those given 0.7, seven in "
        "ten should hold (dashed line). Grey: how far a share may be off by chance (95 %). ECE: by "
        "how much the bins miss, on average; beside it what exactly true probabilities would show "
        f"on so few messages.{_most(curves)}"
    )
    drawn = plots(reliability_svgs(panels, title=title))
    return Section(title, note, drawn + folded(_NUMBERS, _reliability_table(panels)))


def thresholds_section(curves: HeadCurves) -> Section:
    """Draw what each threshold gives."""
    panels = tradeoffs(curves)
    title = "What a threshold buys"
    note = (
        "From right to left the threshold rises: fewer messages of the intent are found, and more "
        "of the answers are right. Marked: the threshold of this model; dashed: the precision that "
        f"it was chosen to keep.{_most(curves)}"
    )
    drawn = plots(tradeoff_svgs(panels, title=title))
    for_channels = channel_tradeoffs(curves)
    if for_channels:
        more = plots(tradeoff_svgs(for_channels, title=title))
        drawn += folded("The channels that have thresholds of their own", more)
    rows = [row for panel in [*panels, *for_channels] for row in _tradeoff_rows(panel)]
    headings = ["label and threshold", "coverage", "precision"]
    return Section(title, note, drawn + folded(_NUMBERS, table(headings, rows)))


def promises_section(promises: Mapping[str, Any]) -> Section:
    """Lay what was promised beside what the test messages show."""
    body = table(["label", *_PROMISE_HEADINGS], _promise_rows(promises["labels"]))
    for channel, part in promises["channels"].items():
        shown = table(["label", *_PROMISE_HEADINGS], _promise_rows(part["labels"]))
        body += folded(f"{channel} ({part['rows']} messages), at its own thresholds", shown)
    note = (
        "Thresholds were chosen on other messages, so that a lower bound of the precision reaches "
        "the promise. Here is what they give on the test messages: how many were given the label, "
        "the share of them that hold, its lower bound (Wilson, one-sided 90 %), whether the share "
        "reaches the promise, and the share of all that hold which was found."
    )
    return Section("Do the thresholds keep their promise?", note, body)


def confusion_section(curves: HeadCurves) -> Section:
    """Show what was given instead of what holds."""
    found = confusion(curves)
    rows = [
        (f"{label} ({support:.0f})", counts.tolist(), float(support))
        for label, counts, support in zip(found.labels, found.counts, found.support, strict=True)
    ]
    note = (
        "Rows: messages for which the label holds, and their number. Diagonal: it was given. "
        "Elsewhere: the column's label was given to a message for which it does not hold, whether "
        "or not the right one was given, too. None given: the model abstained. Several labels may "
        "hold or be given, so a message may count in several rows and several cells, or in none "
        "where a label is only missing beside others that were found."
        f"{_most(curves, len(found.labels))}"
    )
    return Section("What is mistaken for what", note, heat_table(["holds", *found.given], rows))


def signals_section(heads: Sequence[HeadCurves]) -> Section:
    """Draw the reliability of the other heads' answers."""
    panels = [top_reliability(head) for head in heads]
    title = "Signals: do their probabilities hold?"
    note = "The most probable label of each single-choice question, in bins of equal size."
    drawn = plots(reliability_svgs(panels, title=title))
    return Section(title, note, drawn + folded(_NUMBERS, _reliability_table(panels)))


def _promise_rows(labels: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """Write a row for each label."""
    for label, row in labels.items():
        yield (
            label,
            figure(row["promised"]),
            figure(row["threshold"]),
            f"{row['given']}",
            figure(row["precision"]),
            figure(row["lower_bound"]),
            _kept(row["precision"], row["promised"]),
            figure(row["coverage"]),
            f"{row['support']}",
        )


def _kept(precision: float | None, promised: float | None) -> str:
    """Say whether a precision reaches what was promised."""
    if precision is None or promised is None:
        return MISSING
    return "yes" if precision >= promised else "no"


def _reliability_table(panels: Sequence[Reliability]) -> str:
    """Write the bins of each panel."""
    rows = [
        (panel.title, f"{size}", f"{predicted:.3f}", f"{held:.3f}")
        for panel in panels
        for size, predicted, held in zip(panel.sizes, panel.predicted, panel.held, strict=True)
    ]
    return table(["", "messages", "mean probability", "share that holds"], rows)


def _tradeoff_rows(panel: Tradeoff) -> Iterator[tuple[str, str, str]]:
    """Write the listed thresholds of a panel, then the chosen one."""
    for threshold, coverage, precision in panel.listed:
        yield f"{panel.title} {threshold:.1f}", figure(coverage), figure(precision)
    if panel.chosen is not None:
        threshold, coverage, precision = panel.chosen
        yield f"{panel.title} {threshold:.3f}, chosen", figure(coverage), figure(precision)


def _most(curves: HeadCurves, shown: int = PANELS) -> str:
    """Say that labels were left out."""
    labels = len(curves.head.labels)
    return f" Shown are the {shown} most frequent of {labels} labels." if labels > shown else ""

"""What a report says: the sections of report.html, from measurements and test answers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.metrics import Columns, comparison, slice_comparison
from training.metrics.comparison import MISSING, at, deciding_head, figure
from training.report.curves import (
    PANELS,
    HeadCurves,
    Reliability,
    Tradeoff,
    confusion,
    reliabilities,
    top_reliability,
    tradeoffs,
)
from training.report.page import Section, folded, heat_table, page, table
from training.report.plots import bars_svg, reliability_svg, tradeoff_svg

_NUMBERS = "The numbers"


def write_report(
    path: Path, *, manifest: Mapping[str, Any], metrics: Columns, curves: Sequence[HeadCurves]
) -> None:
    """Write the page that shows how far a model can be trusted.

    Args:
        path: Where report.html shall stand.
        manifest: The JSON of the artifact's manifest; `version` is needed.
        metrics: Heading -> `Evaluation.as_dict()`; the model first, then those to compare with.
        curves: Of the test examples, for each head that shall have plots.
    """
    first = next(iter(metrics.values()))
    decider = deciding_head(first)
    sections = [_comparison(metrics), _slices(metrics, decider)]
    for head in curves:
        if head.head.name == decider:
            sections += [_calibration(head), _thresholds(head), _confusion(head)]
    others = [head for head in curves if head.head.name != decider]
    sections += [_signals(others)] if others else []
    sections.append(_facts(manifest))
    lead = _lead(first, decider)
    path.write_text(page(f"Model {manifest['version']}", lead, sections), encoding="utf-8")


def _lead(metrics: Mapping[str, Any], decider: str) -> str:
    """Say in a sentence or two what the model is worth."""
    head = metrics["heads"][decider]
    low_high = figure(head["macro_f1_interval"])
    lead = (
        f"{metrics['rows']} test messages that it was neither trained nor calibrated on. "
        f"Macro-F1 over {decider}: {figure(head['macro_f1'])} (95 % interval {low_high})."
    )
    if head["served"] is None:
        return lead
    return (
        f"{lead} At its thresholds it answers {_share(head['served']['coverage'])} of them, and "
        f"{_share(head['served']['precision'])} of the labels it gives are right."
    )


def _comparison(metrics: Columns) -> Section:
    """Lay all columns side by side."""
    rows = [(row.name, *row.cells) for row in comparison(metrics)]
    note = (
        "P, R and F1 with every message answered: labels from probability 0.5 on, else the most "
        "probable one. ECE: by how much probabilities miss, on average."
    )
    return Section("Figures", note, table(["", *metrics], rows))


def _slices(metrics: Columns, decider: str) -> Section:
    """Draw macro-F1 for languages, channels and blocks."""
    first = next(iter(metrics.values()))
    named = [name for name, part in first["slices"].items() if decider in part["heads"]]
    rows = slice_comparison(metrics)
    columns = {
        column: [at(m, "slices", name, "heads", decider, "macro_f1") for name in named]
        for column, m in metrics.items()
    }
    title = f"Macro-F1 over {decider} by slice"
    plot = bars_svg([row.name for row in rows], columns, title=title)
    numbers = table(["slice (messages)", *metrics], [(row.name, *row.cells) for row in rows])
    note = "In brackets the number of messages: a slice of a few dozen says little."
    return Section(title, note, plot + folded(_NUMBERS, numbers))


def _calibration(curves: HeadCurves) -> Section:
    """Draw the reliability of each label."""
    panels = reliabilities(curves)
    title = "Do the probabilities hold?"
    note = (
        "Messages sorted by probability into bins of equal size: of those given 0.7, seven in ten "
        f"should hold (dashed line).{_most(curves)}"
    )
    plot = reliability_svg(panels, title=title)
    return Section(title, note, plot + folded(_NUMBERS, _reliability_table(panels)))


def _thresholds(curves: HeadCurves) -> Section:
    """Draw what each threshold gives."""
    panels = tradeoffs(curves)
    title = "What a threshold buys"
    note = (
        "From right to left the threshold rises: fewer messages of the intent are found, and more "
        f"of the answers are right. Marked: the threshold of this model.{_most(curves)}"
    )
    plot = tradeoff_svg(panels, title=title)
    rows = [row for panel in panels for row in _tradeoff_rows(panel)]
    headings = ["label and threshold", "coverage", "precision"]
    return Section(title, note, plot + folded(_NUMBERS, table(headings, rows)))


def _confusion(curves: HeadCurves) -> Section:
    """Show what was given instead of what holds."""
    found = confusion(curves)
    rows = [
        (f"{label} ({support:.0f})", counts.tolist(), float(support))
        for label, counts, support in zip(found.labels, found.counts, found.support, strict=True)
    ]
    note = (
        "Rows: messages for which the label holds, and their number. Diagonal: found. Elsewhere: "
        "the column's label was given though it does not hold. A message may count in several "
        f"cells.{_most(curves, len(found.labels))}"
    )
    return Section("What is mistaken for what", note, heat_table(["holds", *found.given], rows))


def _signals(heads: Sequence[HeadCurves]) -> Section:
    """Draw the reliability of the other heads' answers."""
    panels = [top_reliability(head) for head in heads]
    title = "Signals: do their probabilities hold?"
    note = "The most probable label of each single-choice question, in bins of equal size."
    plot = reliability_svg(panels, title=title)
    return Section(title, note, plot + folded(_NUMBERS, _reliability_table(panels)))


def _facts(manifest: Mapping[str, Any]) -> Section:
    """List what the manifest says."""
    shown = {key: manifest[key] for key in ("thresholds", "max_length", "facts") if key in manifest}
    rows = [(name, str(value)) for name, value in _flat(shown)]
    return Section("Facts", "From the manifest.", folded("Show", table(["", ""], rows)))


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


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """List nested facts by their dotted names."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _most(curves: HeadCurves, shown: int = PANELS) -> str:
    """Say that labels were left out."""
    labels = len(curves.head.labels)
    return f" Shown are the {shown} most frequent of {labels} labels." if labels > shown else ""


def _share(score: float | None) -> str:
    """Write a share in percent."""
    return MISSING if score is None else f"{100 * score:.1f} %"

"""How a model does on parts of the test messages: languages, channels, lengths, origins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.metrics import Columns
from training.metrics.comparison import MISSING, at, figure
from training.metrics.values import ENOUGH_ROWS
from training.report.curves import HeadCurves, pooled_reliabilities
from training.report.page import Section, bar_table, folded, plots, table
from training.report.plots import reliability_svgs

_KINDS = {
    "language": "Language",
    "channel": "Channel",
    "length": "Length in characters",
    "block": "Way of writing",
    "ids": "Origin: the beginning of the ids",
}
_LEFT_OUT = "float32"  # hardly ever differs from the served model


def slices_section(metrics: Columns, decider: str) -> Section:
    """Show macro-F1 of each part, with its size, beside that of others."""
    first = next(iter(metrics.values()))
    columns = {name: m for name, m in metrics.items() if name != _LEFT_OUT}
    body = [_bars("", first, columns, decider, _kind(first, ""))]
    for kind, title in _KINDS.items():
        names = _kind(first, kind)
        body += [f"<h3>{title}</h3>", _bars(kind, first, columns, decider, names)] if names else []
    note = (
        "In brackets the number of messages. A part of a few dozen says little; one of fewer than "
        f"{ENOUGH_ROWS} has no figure."
    )
    return Section(f"Macro-F1 over {decider} by slice", note, "".join(body))


def calibration_by_part(curves: HeadCurves) -> Iterator[Section]:
    """Draw the reliability of languages and channels that have enough messages."""
    for kind, title in (("language", "languages"), ("channel", "channels")):
        panels = pooled_reliabilities(curves, kind)
        if panels:
            name = f"Do the probabilities hold in all {title}?"
            note = "All labels taken together, as far as there are enough messages (in brackets)."
            yield Section(name, note, plots(reliability_svgs(panels, title=name)))


def scores_by_part(metrics: Mapping[str, Any], decider: str) -> Section | None:
    """Lay calibration error and Brier score of each label and part in a table."""
    labels = list(at(metrics, "heads", decider, "labels") or ())
    if not labels:
        return None
    body = ""
    for score, title in (("ece", "Calibration error (by chance)"), ("brier", "Brier score")):
        rows = [
            (f"{name} ({head['rows']})", *_scores(head, labels, score))
            for name, head in _heads(metrics, decider)
        ]
        body += folded(title, table(["part (messages)", "all labels", *labels], rows))
    note = (
        "Calibration error: over 15 bins of equal size; in brackets what exactly true "
        "probabilities would show on so few messages. Brier score: mean squared distance from "
        f"what holds. A part of fewer than {ENOUGH_ROWS} messages has no figure."
    )
    return Section("Probabilities by slice", note, body)


def _kind(metrics: Mapping[str, Any], kind: str) -> list[str]:
    """Name the slices of a kind; of none: all, English, the other languages."""
    start = f"{kind}=" if kind else ""
    return [n for n in metrics["slices"] if n.startswith(start) and bool(start) == ("=" in n)]


def _bars(
    kind: str, first: Mapping[str, Any], columns: Columns, decider: str, names: Sequence[str]
) -> str:
    """Draw the macro-F1 of some slices."""
    sizes = {name: at(first, "slices", name, "heads", decider, "rows") for name in names}
    rows = [
        (
            f"{name.removeprefix(f'{kind}=')} ({size})",
            [at(m, "slices", name, "heads", decider, "macro_f1") for m in columns.values()],
        )
        for name, size in sizes.items()
        if size is not None
    ]
    return bar_table(["", *columns], rows)


def _heads(metrics: Mapping[str, Any], decider: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give the deciding head of all, and of each language and channel."""
    for name, part in metrics["slices"].items():
        if decider in part["heads"] and ("=" not in name or name.startswith(("lang", "chan"))):
            yield name, part["heads"][decider]


def _scores(head: Mapping[str, Any], labels: Sequence[str], score: str) -> list[str]:
    """Write a score of the head, then of each label."""
    cells = [_score(head, score)]
    return cells + [_score(at(head, "labels", label) or {}, score) for label in labels]


def _score(scores: Mapping[str, Any], score: str) -> str:
    """Write a score; beside a calibration error what chance alone gives."""
    if scores.get(score) is None:
        return MISSING
    floor = scores.get("ece_floor") if score == "ece" else None
    return figure(scores[score]) + ("" if floor is None else f" ({figure(floor)})")

"""Lay measurements side by side: the rows that the console, the report and the card show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from models.labels import INTENTS
from training.metrics.slices import ENGLISH, OTHER_LANGUAGES

Columns: TypeAlias = Mapping[str, Mapping[str, Any]]  # heading -> Evaluation.as_dict()
Path: TypeAlias = tuple[str, ...]  # keys into a measurement
_Spec: TypeAlias = tuple[str, tuple[Path, ...]]  # name of a row, and where its figures stand

LABEL_SCORES = ("precision", "recall", "f1", "ece")
MISSING = "–"  # noqa: RUF001  a dash: nothing was measured, or the score is not defined


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, or some that belong together, in the words of each column."""

    name: str  # indented where it belongs to the row before
    cells: tuple[str, ...]  # one a column; empty in a heading


def comparison(columns: Columns) -> list[Row]:
    """List the figures that matter of the first column, and the same of the others.

    A column may come from an older version: what it lacks is a dash.
    """
    first = next(iter(columns.values()))
    decider = deciding_head(first)
    rows = [
        *_macro_rows(first, decider),
        *_decider_rows(first, decider),
        *_signal_rows(first, decider),
    ]
    return [_row(columns, name, paths) for name, paths in rows]


def slice_comparison(columns: Columns) -> list[Row]:
    """List size and macro-F1 of the deciding head in each slice of the first column."""
    first = next(iter(columns.values()))
    decider = deciding_head(first)
    return [
        _row(columns, f"{name} ({at(part, 'heads', decider, 'rows')})", (_macro(name, decider),))
        for name, part in first["slices"].items()
        if decider in part["heads"]
    ]


def deciding_head(metrics: Mapping[str, Any]) -> str:
    """Name the head that decides: `intents`, or else the first.

    Raises:
        ValueError: Nothing was measured, because no test example has any head.
    """
    if not metrics["heads"]:
        raise ValueError("nothing was measured: no test example has a label")
    return INTENTS if INTENTS in metrics["heads"] else str(next(iter(metrics["heads"])))


def at(metrics: Any, *path: str) -> Any:
    """Follow keys into measurements; None where they end."""
    for key in path:
        metrics = metrics.get(key) if isinstance(metrics, Mapping) else None
    return metrics


def figure(score: Any, digits: int = 3) -> str:
    """Write a score, or the ends of an interval, with the digits that a test set allows."""
    if isinstance(score, (int, float)):
        return f"{score:.{digits}f}"
    return "–".join(map(figure, score)) if score else MISSING  # noqa: RUF001  from, to


def _macro_rows(first: Mapping[str, Any], decider: str) -> Iterator[_Spec]:
    """Name the macro-F1 of the deciding head: of all, of English and of the other languages."""
    yield "macro-F1", (("heads", decider, "macro_f1"),)
    yield "  95 % interval", (("heads", decider, "macro_f1_interval"),)
    for name in (ENGLISH, OTHER_LANGUAGES):
        if at(first, "slices", name, "heads", decider) is not None:
            yield f"  {name}", (_macro(name, decider),)


def _decider_rows(first: Mapping[str, Any], decider: str) -> Iterator[_Spec]:
    """Name the other figures of the deciding head, then those of each of its labels."""
    metrics, path = first["heads"][decider], ("heads", decider)
    score = "accuracy" if "accuracy" in metrics else "exact_match"
    yield score.replace("_", " "), ((*path, score),)
    yield "ECE", ((*path, "ece"),)
    if "brier" in metrics:
        yield "Brier score", ((*path, "brier"),)
    if metrics["served"] is not None:
        yield "served precision", ((*path, "served", "precision"),)
        yield "served coverage", ((*path, "served", "coverage"),)
    if "labels" in metrics:
        yield "P, R, F1, ECE of", ()
    for label in metrics.get("labels", ()):
        yield f"  {label}", tuple((*path, "labels", label, score) for score in LABEL_SCORES)


def _signal_rows(first: Mapping[str, Any], decider: str) -> Iterator[_Spec]:
    """Name the accuracy of each head that does not decide."""
    signals = [name for name in first["heads"] if name != decider]
    if signals:
        yield "accuracy of", ()
    for name in signals:
        yield f"  {name}", (("heads", name, "accuracy"),)


def _macro(part: str, head: str) -> Path:
    """Point at the macro-F1 of a head in a slice."""
    return ("slices", part, "heads", head, "macro_f1")


def _row(columns: Columns, name: str, paths: tuple[Path, ...]) -> Row:
    """Read the same figures from every column; a heading has none."""
    digits = 3 if len(paths) == 1 else 2  # of four scores side by side, two fit a console
    cells = [[figure(at(m, *path), digits) for path in paths] for m in columns.values()]
    return Row(name, tuple(MISSING if set(cell) == {MISSING} else " ".join(cell) for cell in cells))

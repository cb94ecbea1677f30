"""The answers that were wrong, those first of which the model was surest."""

from dataclasses import dataclass

import numpy as np

from training.metrics.scores import Bools, Scores
from training.report.curves import HeadCurves, decisions_of
from training.report.page import Section, folded, table

MOST = 60
_SHOWN_FIRST = 15
_LEAST = 1e-6  # a probability of 0 would make the loss infinite
_TEXT_CHARS = 280


@dataclass(frozen=True, slots=True)
class Mistake:
    """One message that was given other labels than hold."""

    id: str
    held: tuple[str, ...]
    given: tuple[str, ...]  # none: the model abstained
    probabilities: tuple[tuple[str, float], ...]  # of the labels that hold or were given
    loss: float
    text: str | None


def mistakes(curves: HeadCurves) -> list[Mistake]:
    """List what was decided wrongly, the highest loss first."""
    held, given = curves.targets > 0.5, decisions_of(curves)
    losses = log_losses(curves)
    wrong = np.flatnonzero((held != given).any(axis=1))
    ranked = sorted(wrong.tolist(), key=lambda row: -losses[row])
    return [_mistake(curves, row, held[row], given[row], float(losses[row])) for row in ranked]


def log_losses(curves: HeadCurves) -> Scores:
    """Tell how improbable the model found what holds: natural logarithm, summed over the labels.

    Of a single-choice head it is that of the label that holds. Shape: (examples,).
    """
    given = np.clip(curves.probabilities.astype(np.float64), _LEAST, 1 - _LEAST)
    losses = -(curves.targets * np.log(given))
    if curves.head.kind == "multi":
        losses = losses - (1 - curves.targets) * np.log(1 - given)
    return np.asarray(losses.sum(axis=1), dtype=np.float64)


def mistakes_section(curves: HeadCurves) -> Section:
    """Show the mistakes by id; their words only where texts were given."""
    found = mistakes(curves)
    note = (
        f"{len(found)} of {len(curves.ids)} messages were given other labels than hold, or none. "
        "Sorted by loss: how improbable the model found what holds (the natural logarithm, summed "
        "over the labels). The first are wrong labels in the data, or what it has yet to learn."
    )
    body = _table(found[:_SHOWN_FIRST])
    if len(found) > _SHOWN_FIRST:
        more = found[_SHOWN_FIRST:MOST]
        body += folded(f"The next {len(more)}", _table(more))
    return Section("Errors with the highest loss", note, body)


def _mistake(curves: HeadCurves, row: int, held: Bools, given: Bools, loss: float) -> Mistake:
    """Describe one. Shapes: (labels,)."""
    labels = curves.head.labels
    shown = np.flatnonzero(held | given)
    return Mistake(
        id=curves.ids[row],
        held=tuple(labels[i] for i in np.flatnonzero(held)),
        given=tuple(labels[i] for i in np.flatnonzero(given)),
        probabilities=tuple((labels[i], float(curves.probabilities[row, i])) for i in shown),
        loss=loss,
        text=curves.texts[row] if curves.texts else None,
    )


def _table(found: list[Mistake]) -> str:
    """Write mistakes as rows."""
    headings = ["id", "holds", "given", "probability", "loss"]
    with_texts = any(mistake.text is not None for mistake in found)
    rows = [
        (
            mistake.id,
            ", ".join(mistake.held),
            ", ".join(mistake.given) or "none",
            ", ".join(f"{label} {p:.2f}" for label, p in mistake.probabilities),
            f"{mistake.loss:.2f}",
            *([_cut(mistake.text or "")] if with_texts else []),
        )
        for mistake in found
    ]
    return table([*headings, *(["text"] if with_texts else [])], rows, kind="words")


def _cut(text: str) -> str:
    """Show the beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _TEXT_CHARS else line[: _TEXT_CHARS - 1] + "…"

"""The sentences that carry labels, marked in the texts that they stand in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_LEAST_CHARS = 12  # of a sentence whose end was cut off: fewer tell nothing
_ALONE_CHARS = 160  # of a sentence that stands outside what is shown


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text."""

    text: str
    labels: tuple[str, ...] = ()  # that it carries


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a sentence stands in a text, in code points."""

    start: int
    end: int
    label: str


def stretches_of(prediction: Mapping[str, Any], field: str) -> tuple[Stretch, ...]:
    """Give where a message's evidence stands in its `subject` or its `text`."""
    evidence: Mapping[str, Any] = prediction.get("evidence") or {}
    return tuple(
        Stretch(one["start"], one["end"], label)
        for label, one in evidence.items()
        if one["field"] == field
    )


def marked(text: str, stretches: Sequence[Stretch], *, offset: int = 0) -> tuple[Piece, ...]:
    """Cut a text where stretches begin and end; they may overlap.

    Args:
        text: What is shown, whole.
        stretches: In the text that it was taken out of.
        offset: Where it begins there.
    """
    inside = [
        Stretch(max(0, one.start - offset), min(len(text), one.end - offset), one.label)
        for one in stretches
    ]
    inside = [one for one in inside if one.start < one.end]
    cuts = sorted({0, len(text), *(at for one in inside for at in (one.start, one.end))})
    return tuple(
        Piece(
            text[start:end],
            tuple(one.label for one in inside if one.start <= start and end <= one.end),
        )
        for start, end in pairwise(cuts)
    )


def excerpt_with(excerpt: str, sentence: str, label: str) -> tuple[Piece, ...]:
    """Mark a sentence in an excerpt, which may end before it does, or put it in its place.

    Args:
        excerpt: The beginning of a text, on one line.
        sentence: Of that text, on one line.
        label: What it carries.
    """
    if not sentence:
        return (Piece(excerpt),)
    at = _place(excerpt, sentence)
    if at is not None:
        return marked(excerpt, [Stretch(at, at + len(sentence), label)])
    return (Piece("… "), Piece(sentence[:_ALONE_CHARS], (label,)))


def _place(excerpt: str, sentence: str) -> int | None:
    """Find a sentence in an excerpt, or its beginning at the end of it."""
    at = excerpt.find(sentence)
    if at >= 0:
        return at
    ends = range(max(0, len(excerpt) - len(sentence)), len(excerpt) - _LEAST_CHARS + 1)
    return next((start for start in ends if sentence.startswith(excerpt[start:])), None)

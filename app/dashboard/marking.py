"""The sentences that carry labels, marked in the texts that they stand in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

_HEAD_CHARS = 24  # by which the beginning of a sentence is recognised where its end was cut off
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
    at = excerpt.find(sentence[:_HEAD_CHARS]) if sentence else -1
    shown = sentence[: len(excerpt) - at] if at >= 0 else ""
    if shown and excerpt.startswith(shown, at):
        return marked(excerpt, [Stretch(at, at + len(shown), label)])
    if not sentence:
        return (Piece(excerpt),)
    return (Piece("… "), Piece(sentence[:_ALONE_CHARS], (label,)))

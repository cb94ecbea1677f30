"""Measure a classifier on all examples and on parts: languages, channels, lengths, blocks."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.labels import Head
from models.types import Floats, Ints
from training.dataset import Example
from training.metrics.heads import evaluate_head, intent_decisions
from training.metrics.scores import Bools
from training.metrics.values import Evaluation, HeadMetrics, Slice

OVERALL, ENGLISH, OTHER_LANGUAGES = "overall", "english", "other languages"
_MOST_SLICES = 60  # a data set may name thousands of channels
_BLOCK_ID = re.compile(r"(ml(?=\d)|[a-z])\d*-\d+")  # of the shipped corpus: a-000, ml1-017
_BLOCKS = {  # how the blocks of the shipped corpus were written (data/README.md)
    "hard": ("a", "b", "c"),
    "plain": ("d", "s"),
    "middle": ("e", "f"),
    "contrast": ("g", "i"),
    "multilingual": ("ml",),
}
_FILE_ID = re.compile(r"(.+)-\d+")  # the file or the block that a row came from
_LENGTH_ENDS = (50, 150, 400, 1_000)  # characters
LENGTHS = (
    *("length=under 50", "length=50 to 149", "length=150 to 399"),
    *("length=400 to 999", "length=1000 and more"),
)


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is known and said of one head. Arrays are in the order of the examples."""

    head: Head
    present: Bools  # whether an example has the head
    targets: Floats
    probabilities: Floats
    decisions: Bools | None  # by the served rule


def evaluate(
    heads: Sequence[Head],
    examples: Sequence[Example],
    probabilities: Mapping[str, Floats],
    thresholds: Mapping[str, Mapping[str, float]],
    *,
    decisions: Mapping[str, Bools] | None = None,
) -> Evaluation:
    """Measure every head on all examples and on each slice of them.

    Args:
        heads: Those to measure; one that no example has is left out.
        examples: Neither trained nor calibrated on.
        probabilities: By head, in the order of the examples. Each of shape (examples, labels).
        thresholds: By head, then label, for a head that decides; empty for a classifier without.
        decisions: By head, where serving looks at more than these thresholds, such as those of the
            message's channel. Each of shape (examples, labels).
    """
    answers = [
        _answers(head, examples, probabilities[head.name], thresholds.get(head.name))
        for head in heads
    ]
    for name, given in (decisions or {}).items():
        answers = [replace(a, decisions=given) if a.head.name == name else a for a in answers]
    slices = {
        name: Slice(rows=len(rows), heads=_measured(answers, rows))
        for name, rows in slice_rows(examples).items()
    }
    return Evaluation(rows=len(examples), heads=slices[OVERALL].heads, slices=slices)


def slice_rows(examples: Sequence[Example]) -> dict[str, Ints]:
    """Name the slices that some examples make up, and the rows of each, ascending."""
    rows: dict[str, list[int]] = {name: [] for name in (OVERALL, ENGLISH, OTHER_LANGUAGES)}
    for i, example in enumerate(examples):
        for name in _slices_of(example):
            rows.setdefault(name, []).append(i)
    largest = sorted(list(rows)[3:], key=lambda name: (-len(rows[name]), name))[:_MOST_SLICES]
    return {
        name: np.array(rows[name], dtype=np.int64)
        for name in (*list(rows)[:3], *sorted(largest, key=_place))
        if rows[name] or name == OVERALL
    }


def head_targets(head: Head, examples: Sequence[Example]) -> tuple[Bools, Floats]:
    """Tell which examples have a head, and 1.0 where one of its labels holds.

    Returns:
        Of shape (examples,), and of shape (examples, labels).

    Raises:
        ValueError: With the id of an example that has a label unknown to the head.
    """
    places = {label: i for i, label in enumerate(head.labels)}
    targets = np.zeros((len(examples), len(places)), dtype=np.float32)
    for i, example in enumerate(examples):
        for label in example.labels.get(head.name, ()):
            if label not in places:
                raise ValueError(f"example {example.id}: unknown label of head {head.name}")
            targets[i, places[label]] = 1.0
    return np.array([head.name in example.labels for example in examples], dtype=np.bool_), targets


def _answers(
    head: Head,
    examples: Sequence[Example],
    probabilities: Floats,
    thresholds: Mapping[str, float] | None,
) -> _Answers:
    """Put one head's arrays side by side."""
    present, targets = head_targets(head, examples)
    if thresholds is None:
        return _Answers(head, present, targets, probabilities, None)
    decisions = intent_decisions(probabilities, [thresholds[label] for label in head.labels])
    return _Answers(head, present, targets, probabilities, decisions)


def _measured(answers: Sequence[_Answers], rows: Ints) -> dict[str, HeadMetrics]:
    """Measure the heads that any of these rows has."""
    kept = [(answer, rows[answer.present[rows]]) for answer in answers]
    return {
        answer.head.name: evaluate_head(
            answer.head,
            answer.probabilities[some],
            answer.targets[some],
            None if answer.decisions is None else answer.decisions[some],
        )
        for answer, some in kept
        if len(some)
    }


def _slices_of(example: Example) -> Iterator[str]:
    """Name the slices that an example belongs to."""
    yield OVERALL
    if example.language is not None:
        yield ENGLISH if example.language == "en" else OTHER_LANGUAGES
        yield f"language={example.language}"
    if example.channel is not None:
        yield f"channel={example.channel}"
    yield LENGTHS[bisect_right(_LENGTH_ENDS, len(example.composed))]
    file = _FILE_ID.fullmatch(example.id)
    if file is not None:
        yield f"ids={file[1]}"
    match = _BLOCK_ID.fullmatch(example.id)
    for block, prefixes in _BLOCKS.items():
        if match is not None and match[1] in prefixes:
            yield f"block={block}"


def _place(name: str) -> tuple[str, int, str]:
    """Sort slices by kind, lengths from short to long, the rest by name."""
    kind = name.partition("=")[0]
    return kind, LENGTHS.index(name) if name in LENGTHS else 0, name

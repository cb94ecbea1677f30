"""Labelled messages: read, checked row by row, split by a hash of their text."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models.labels import INTENTS, LABELS, OTHER, SIGNALS, Head
from models.text.compose import compose_text, text_key
from training.errors import DatasetError
from training.rows import Row, rows_of

_LEARNT_ROWS = 50  # of a language, from which the model may answer in it
_SHARES = (("test", 0.11), ("calibration", 0.09), ("validation", 0.05), ("train", 1.0))


@dataclass(frozen=True, kw_only=True)
class Example:
    """A labelled message; a head that the row lacks is missing from its labels."""

    id: str
    subject: str
    text: str
    channel: str | None
    language: str | None
    labels: Mapping[str, tuple[str, ...]]

    @cached_property
    def composed(self) -> str:
        """What the model reads of it."""
        return compose_text(self.subject, self.text)

    @cached_property
    def key(self) -> str:
        """What copies of it share; the part it belongs to follows from this."""
        return text_key(self.subject, self.text)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be trained on."""

    file: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}"


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was read, what was refused, and the questions that the rows answer."""

    examples: tuple[Example, ...]
    refused: tuple[Refusal, ...]
    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Splits:
    """Disjoint parts; copies of a text stand in the same part."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    calibration: tuple[Example, ...]
    test: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns of a plain two-column file."""

    text: str
    label: str


def read_dataset(sources: Sequence[str], *, columns: Columns | None = None) -> Dataset:
    """Read every file, folder pattern or data-set id into examples.

    Args:
        sources: Paths of CSV, JSONL or Parquet files, or ids of a hub's data sets.
        columns: Given for a plain file of texts and labels; then there is one single-choice head.

    Raises:
        DatasetError: A source cannot be read at all, or nothing is left to train on.
    """
    examples: list[Example] = []
    refused: list[Refusal] = []
    seen: dict[str, str] = {}
    for row in rows_of(sources):
        example = _plain(row, columns) if columns else _example(row, seen)
        if isinstance(example, Refusal):
            refused.append(example)
        else:
            examples.append(example)
    if not examples:
        first = f"; the first refused: {refused[0]}" if refused else ""
        raise DatasetError(f"no row to train on in {', '.join(sources)}{first}")
    return Dataset(tuple(examples), tuple(refused), heads_of(examples, single=columns is not None))


def plain_columns(text: str | None, label: str | None) -> Columns | None:
    """Take both columns of a plain file, or neither.

    Raises:
        DatasetError: Only one was named.
    """
    if (text is None) != (label is None):
        raise DatasetError("--text-column and --label-column go together")
    return Columns(text, label) if text and label else None


def default_sources() -> list[str]:
    """The project's own labelled messages, seen from its top folder.

    Raises:
        DatasetError: There are none here.
    """
    sources = sorted(str(path) for path in Path("data").glob("*.jsonl"))
    if not sources:
        raise DatasetError("no file matches data/*.jsonl; name the files to train on")
    return sources


def split(examples: Iterable[Example]) -> Splits:
    """Divide by a hash of the cleaned text, so that copies never leak and rows never move."""
    parts: dict[str, list[Example]] = {name: [] for name, _ in _SHARES}
    for example in examples:
        parts[part_of(example.key)].append(example)
    return Splits(**{name: tuple(rows) for name, rows in parts.items()})


def part_of(key: str) -> str:
    """Name the part that a text belongs to; see `Example.key`."""
    digest = hashlib.sha256(key.encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    for name, share in _SHARES:
        if place < share:
            return name
        place -= share
    return "train"


def heads_of(examples: Sequence[Example], *, single: bool) -> tuple[Head, ...]:
    """Name the questions that the rows answer; a head that no row has is left out.

    The labels of the house's own heads keep their order; of a plain file they are sorted.

    Raises:
        DatasetError: A plain file has one label only.
    """
    if single:
        labels = sorted({label for example in examples for label in example.labels[INTENTS]})
        if len(labels) < 2:
            raise DatasetError(f"every row has the label {labels[0]!r}: there is nothing to learn")
        return (Head(INTENTS, tuple(labels), "single"),)
    present = {name for example in examples for name in example.labels}
    return tuple(
        Head(name, LABELS[name], "multi" if name == INTENTS else "single")
        for name in (INTENTS, *SIGNALS)
        if name in present
    )


def languages_of(examples: Sequence[Example]) -> tuple[str, ...]:
    """Name the languages that are learnt from: of enough rows to answer in."""
    counts = Counter(example.language for example in examples if example.language)
    return tuple(sorted(language for language, rows in counts.items() if rows >= _LEARNT_ROWS))


def data_sha256(examples: Sequence[Example]) -> str:
    """Digest of everything that training sees of the data, whatever the order of the files."""
    lines = sorted(
        repr((e.id, e.composed, sorted((k, v) for k, v in e.labels.items()))) for e in examples
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _plain(row: Row, columns: Columns) -> Example | Refusal:
    """Read a row of a text column and a label column."""
    text, label = row.values.get(columns.text), row.values.get(columns.label)
    if row.problem:
        return _refusal(row, row.problem)
    if not isinstance(text, str) or not compose_text("", text):
        return _refusal(row, f"column {columns.text!r} has no text")
    if label is None or not str(label).strip():
        return _refusal(row, f"column {columns.label!r} has no label")
    return Example(
        id=f"{Path(row.file).stem}-{row.line}",
        subject="",
        text=text,
        channel=None,
        language=None,
        labels={INTENTS: (str(label).strip(),)},
    )


def _example(row: Row, seen: dict[str, str]) -> Example | Refusal:
    """Read a row of the house's format; `seen` holds the ids met so far."""
    values = row.values
    why = row.problem or _text_problem(values) or _label_problem(values)
    name = str(values.get("id") or f"{Path(row.file).stem}-{row.line}")
    if not why and name in seen:
        why = f"id {name!r} stands already at {seen[name]}"
    if why:
        return _refusal(row, why)
    seen[name] = f"{row.file}:{row.line}"
    labels = {head: (str(values[head]),) for head in SIGNALS if values.get(head) is not None}
    return Example(
        id=name,
        subject=values.get("subject") or "",
        text=values["text"],
        channel=values.get("channel"),
        language=values.get("language"),
        labels={INTENTS: tuple(values[INTENTS]), **labels},
    )


def _text_problem(values: Mapping[str, object]) -> str | None:
    """Say what is wrong with the text fields."""
    for key in ("text", "subject", "channel", "language"):
        if not isinstance(values.get(key, ""), str | None):
            return f"{key} must be a string"
    for key in ("channel", "language"):  # manifest and card name them
        if not str(values.get(key) or "").isprintable():
            return f"{key} must have no control characters"
    if not compose_text("", str(values.get("text") or "")):
        return "text is missing or blank"
    return None


def _label_problem(values: Mapping[str, object]) -> str | None:
    """Say what is wrong with the labels."""
    intents = values.get(INTENTS)
    if not isinstance(intents, list | tuple) or not intents:
        return "intents must be a list of at least one label"
    unknown = [label for label in intents if label not in LABELS[INTENTS]]
    if unknown or len(set(intents)) < len(intents):
        return f"intents must be different labels of {', '.join(LABELS[INTENTS])}"
    if OTHER in intents and len(intents) > 1:
        return f"{OTHER} stands alone"
    for head in SIGNALS:
        if values.get(head) is not None and values[head] not in LABELS[head]:
            return f"{head} must be one of {', '.join(LABELS[head])}"
    return None


def _refusal(row: Row, why: str) -> Refusal:
    return Refusal(row.file, row.line, why)

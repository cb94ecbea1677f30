"""What the data are, before anything is trained on them; never the text of a message."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from training.dataset import Example, Refusal

FEW_ROWS = 20  # a label with fewer is hardly learnt, and its scores are chance
_SHOWN_IDS = 10
_SHOWN_REFUSALS = 20
_SHOWN_VALUES = 20  # of languages or channels; a file may hold thousands
_UNKNOWN = "(none)"  # a row without language or channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long the composed texts are, in characters."""

    p10: int
    median: int
    p90: int
    p99: int
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReport:
    """The facts about some labelled messages."""

    rows: int
    splits: Mapping[str, int]  # rows of each part; empty where the rows are not divided yet
    labels: Mapping[str, Mapping[str, int]]  # head -> label -> rows, most frequent first
    lacking: Mapping[str, int]  # head -> rows that do not have it
    languages: Mapping[str, int]
    channels: Mapping[str, int]
    lengths: Lengths | None  # None without rows
    duplicates: int  # rows whose text stands already in an earlier row
    conflicts: tuple[str, ...]  # ids of rows that share a text and differ in a label
    refused: tuple[Refusal, ...]

    @property
    def rare(self) -> list[str]:
        """Name the labels of too few rows, as `head: label`."""
        return [
            f"{head}: {label} ({count})"
            for head, counts in self.labels.items()
            for label, count in counts.items()
            if count < FEW_ROWS
        ]

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form for manifest and card: counts, without ids or refused rows."""
        whole = asdict(self)
        return whole | {"conflicts": len(self.conflicts), "refused": len(self.refused)}


def data_report(
    examples: Sequence[Example],
    refused: Sequence[Refusal],
    *,
    splits: Mapping[str, int] | None = None,
) -> DataReport:
    """Gather the facts about labelled messages.

    Args:
        examples: The rows that can be trained on.
        refused: The rows that cannot.
        splits: Rows of each part, where they are divided already.
    """
    texts = [example.composed for example in examples]
    copies = _same_text(texts, examples)
    heads = list(dict.fromkeys(head for example in examples for head in example.labels))
    return DataReport(
        rows=len(examples),
        splits=dict(splits or {}),
        labels={head: _label_counts(head, examples) for head in heads},
        lacking={head: sum(head not in e.labels for e in examples) for head in heads},
        languages=_counts(example.language or _UNKNOWN for example in examples),
        channels=_counts(example.channel or _UNKNOWN for example in examples),
        lengths=_lengths(texts),
        duplicates=sum(len(group) - 1 for group in copies),
        conflicts=tuple(e.id for group in copies if _disagree(group) for e in group),
        refused=tuple(refused),
    )


def print_report(report: DataReport, console: Console) -> None:
    """Show a report: facts, labels, what to look at, and the refused rows."""
    console.print(_facts_table(report))
    console.print(_labels_table(report))
    for warning in _warnings(report):
        console.print(_line(warning, style="yellow"))
    for refusal in report.refused[:_SHOWN_REFUSALS]:
        console.print(_line(f"refused {refusal}", style="red"), soft_wrap=True)
    more = len(report.refused) - _SHOWN_REFUSALS
    if more > 0:
        console.print(_line(f"… and {more:,} more rows refused", style="red"))


def _facts_table(report: DataReport) -> Table:
    """List what is known of the rows as a whole."""
    table = Table(title="Data", show_header=False, title_justify="left")
    facts = {"rows": f"{report.rows:,}", "split": _listed(report.splits)}
    facts |= {"languages": _listed(report.languages), "channels": _listed(report.channels)}
    if report.lengths is not None:
        facts["characters"] = " · ".join(f"{k} {v:,}" for k, v in asdict(report.lengths).items())
    facts |= {"duplicates": f"{report.duplicates:,}", "refused": f"{len(report.refused):,}"}
    for name, value in facts.items():
        if value:
            table.add_row(name, _line(value))
    return table


def _labels_table(report: DataReport) -> Table:
    """List the labels of each head with their rows."""
    table = Table(title="Labels", title_justify="left")
    for heading in ("head", "rows by label", "rows without"):
        table.add_column(heading, justify="right" if heading == "rows without" else "left")
    for head, counts in report.labels.items():
        table.add_row(_line(head), _line(_listed(counts)), f"{report.lacking[head]:,}")
    return table


def _warnings(report: DataReport) -> list[str]:
    """Say what a person should look at before training."""
    warnings = []
    if report.rare:
        shown = ", ".join(report.rare[:_SHOWN_VALUES])
        warnings.append(f"fewer than {FEW_ROWS} rows: {shown}{_more(report.rare, _SHOWN_VALUES)}")
    if report.conflicts:
        shown = ", ".join(report.conflicts[:_SHOWN_IDS])
        warnings.append(
            f"same text, different labels: {shown}{_more(report.conflicts, _SHOWN_IDS)}"
        )
    return warnings


def _same_text(texts: Sequence[str], examples: Sequence[Example]) -> list[list[Example]]:
    """Group the rows whose text stands more than once, whatever its case."""
    groups: dict[str, list[Example]] = {}
    for text, example in zip(texts, examples, strict=True):
        groups.setdefault(text.casefold(), []).append(example)
    return [group for group in groups.values() if len(group) > 1]


def _disagree(group: Sequence[Example]) -> bool:
    """Whether two rows answer the same question differently; the order of labels is no matter."""
    answers: dict[str, set[frozenset[str]]] = {}
    for example in group:
        for head, labels in example.labels.items():
            answers.setdefault(head, set()).add(frozenset(labels))
    return any(len(different) > 1 for different in answers.values())


def _label_counts(head: str, examples: Sequence[Example]) -> dict[str, int]:
    """Count the rows of each label of a head."""
    return _counts(label for example in examples for label in example.labels.get(head, ()))


def _counts(values: Iterable[str]) -> dict[str, int]:
    """Count values, the most frequent first, equals by name."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _lengths(texts: Sequence[str]) -> Lengths | None:
    """Find typical and extreme lengths; each is the length of an actual text."""
    if not texts:
        return None
    chars = [len(text) for text in texts]
    p10, median, p90, p99 = np.percentile(chars, [10, 50, 90, 99], method="inverted_cdf")
    return Lengths(p10=int(p10), median=int(median), p90=int(p90), p99=int(p99), max=max(chars))


def _listed(counts: Mapping[str, int]) -> str:
    """Write counts in a line, the most frequent values alone where there are many."""
    shown = [f"{value} {count:,}" for value, count in list(counts.items())[:_SHOWN_VALUES]]
    return " · ".join(shown) + _more(counts, _SHOWN_VALUES)


def _more(values: Sequence[str] | Mapping[str, int], shown: int) -> str:
    """Say how many values were left out."""
    return f" … and {len(values) - shown:,} more" if len(values) > shown else ""


def _line(value: str, *, style: str = "") -> Text:
    """Show a value as it stands: no markup, and no control characters that move the cursor."""
    return Text("".join(c if c.isprintable() else "�" for c in value), style=style)

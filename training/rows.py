"""Raw rows of training files with the place where each stands."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import datasets

from training.errors import DatasetError


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was read, or what kept it from being read."""

    file: str
    line: int
    values: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None


def rows_of(sources: Sequence[str]) -> Iterator[Row]:
    """Read the rows of every source in turn.

    JSONL and CSV are read line by line, so that a bad row is named by its line; everything else
    (Parquet, ids of a hub's data sets) comes through `datasets`.

    Raises:
        DatasetError: A source cannot be read at all.
    """
    for source in sources:
        path = Path(source)
        kind = path.suffix.lower()
        if kind == ".jsonl":
            yield from _jsonl(path)
        elif kind == ".csv":
            yield from _csv(path)
        else:
            yield from _dataset(source)


def _jsonl(path: Path) -> Iterator[Row]:
    """One JSON object a line; blank lines are passed over."""
    for number, raw in enumerate(_bytes(path).split(b"\n"), start=1):
        if raw.strip():
            yield _json_row(str(path), number, raw)


def _json_row(file: str, number: int, raw: bytes) -> Row:
    """Read one line, or say why it cannot be read."""
    try:
        values = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Row(file, number, problem="not UTF-8")
    except (ValueError, RecursionError):
        return Row(file, number, problem="not JSON")
    if not isinstance(values, dict):
        return Row(file, number, problem="not a JSON object")
    return Row(file, number, values)


def _csv(path: Path) -> Iterator[Row]:
    """A header line, then one row a record; `intents` may hold several, split by | or ;."""
    text = _bytes(path).decode("utf-8-sig", errors="surrogateescape")
    # Not str.splitlines: it also breaks at form feeds and U+2028, which stand inside of cells.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    while True:
        try:
            values = next(reader, None)
        except csv.Error:
            yield Row(str(path), reader.reader.line_num, problem="not CSV")
            continue
        if values is None:
            return
        problem = _csv_problem(values)
        yield Row(str(path), reader.line_num, {} if problem else _listed(values), problem)


def _csv_problem(values: Mapping[str | None, Any]) -> str | None:
    """Say why a record cannot be trusted."""
    if None in values:  # a comma that should stand in quotes cut the text
        return "more cells than the header has"
    try:
        "".join(value for value in values.values() if value).encode("utf-8")
    except UnicodeEncodeError:
        return "not UTF-8"
    return None


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    """Give the strings of a CSV row the types of the JSONL form; empty cells are missing."""
    values = {key: value for key, value in values.items() if key and value not in (None, "")}
    if isinstance(values.get("intents"), str):
        parts = values["intents"].replace(";", "|").split("|")
        values["intents"] = [part.strip() for part in parts]
    return values


def _dataset(source: str) -> Iterator[Row]:
    """A Parquet file, or an id of a hub's data set for those who have a hub."""
    if not Path(source).exists() and _names_a_file(source):
        raise DatasetError(f"{source}: No such file or directory")
    parquet = Path(source).suffix.lower() == ".parquet"
    try:
        loaded = (
            datasets.load_dataset("parquet", data_files=source, split="train")
            if parquet
            else datasets.load_dataset(source, split="train")
        )
    except Exception as error:  # the library raises some dozen kinds
        raise DatasetError(
            f"{source!r} is no .jsonl, .csv or .parquet file and could not be loaded as a data set "
            f"({type(error).__name__})"
        ) from error
    for number, values in enumerate(loaded, start=1):
        yield Row(source, number, values)


def _names_a_file(source: str) -> bool:
    """Whether a name is no `owner/name`: what is mistyped must not be asked for at a hub."""
    path = Path(source)
    if path.parent == Path():
        return path.suffix != ""
    return path.is_absolute() or path.parent.is_dir()


def _bytes(path: Path) -> bytes:
    """Read a file whole: training data fits into memory many times over."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror or type(error).__name__}") from error

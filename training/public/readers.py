"""Read the public data sets from the folder that `--data` names; nothing is downloaded."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from training.dataset import Example
from training.errors import DatasetError
from training.public.tasks import OUT_OF_SCOPE, Task, example_of

FOLDS = 20  # of NLU++, in either domain
_HELD_OUT = 10  # every tenth message of a set that has no validation part


def tasks_of(name: str, folder: Path, folds: int = FOLDS) -> Iterator[Task]:
    """Give the tasks of a name of `NAMES`: one, or one for each fold.

    Args:
        name: One of `NAMES`.
        folder: Holds `banking77/`, `clinc150/`, `hwu64/`, `nlupp/` and `few_shot/`.
        folds: How many are given of a task that is cross-validated, the first ones.

    Raises:
        DatasetError: A file is not there, or is not what it should be.
    """
    try:
        yield from _READERS[name](folder, folds)
    except (OSError, KeyError, TypeError, ValueError) as error:
        what = error.filename if isinstance(error, OSError) else type(error).__name__
        raise DatasetError(f"{name} cannot be read from {folder}: {what}") from error


def _banking77(folder: Path, _folds: int) -> Iterator[Task]:
    """All of its training messages but every tenth, which is held out for validation."""
    rows = list(_csv(folder / "banking77/train.csv"))
    yield Task(
        name="banking77",
        train=tuple(row for i, row in enumerate(rows) if i % _HELD_OUT),
        validation=tuple(rows[::_HELD_OUT]),
        test=tuple(_csv(folder / "banking77/test.csv")),
    )


def _banking77_10(folder: Path, _folds: int) -> Iterator[Task]:
    yield Task(
        name="banking77-10",
        train=tuple(_jsonl(folder / "few_shot/BANKING77/train_10.jsonl")),
        test=tuple(_csv(folder / "banking77/test.csv")),
    )


def _clinc150(folder: Path, _folds: int) -> Iterator[Task]:
    """No message that is out of scope is seen in training."""
    parts = _clinc(folder)
    yield Task(
        name="clinc150",
        train=parts["train"],
        validation=parts["val"],
        test=parts["test"],
        strangers=parts["oos_test"],
    )


def _clinc150_oos(folder: Path, _folds: int) -> Iterator[Task]:
    """The 100 messages out of scope of its training part are trained on, as one more label."""
    parts = _clinc(folder)
    yield Task(
        name="clinc150-oos",
        train=parts["train"] + parts["oos_train"],
        validation=parts["val"],
        test=parts["test"],
        strangers=parts["oos_test"],
    )


def _clinc(folder: Path) -> dict[str, tuple[Example, ...]]:
    parts = json.loads((folder / "clinc150/data_full.json").read_text(encoding="utf-8"))
    return {
        name: tuple(
            example_of(f"{name}-{i}", text, [OUT_OF_SCOPE if label == "oos" else label])
            for i, (text, label) in enumerate(rows)
        )
        for name, rows in parts.items()
    }


def _hwu64(folder: Path, _folds: int) -> Iterator[Task]:
    yield _hwu(folder, "hwu64", "train")


def _hwu64_10(folder: Path, _folds: int) -> Iterator[Task]:
    yield _hwu(folder, "hwu64-10", "train_10")


def _hwu(folder: Path, name: str, train: str) -> Task:
    """DialoGLUE's split."""
    parts = {
        part: tuple(_jsonl(folder / f"hwu64/{part}.jsonl")) for part in (train, "valid", "test")
    }
    return Task(name=name, train=parts[train], validation=parts["valid"], test=parts["test"])


def _nlupp_banking(folder: Path, folds: int) -> Iterator[Task]:
    yield from _nlupp(folder, "banking", folds)


def _nlupp_hotels(folder: Path, folds: int) -> Iterator[Task]:
    yield from _nlupp(folder, "hotels", folds)


def _nlupp(folder: Path, domain: str, folds: int) -> Iterator[Task]:
    """Train on one fold and test on all others, fold after fold; the figures are averaged.

    Source:
        Casanueva et al. 2022, "NLU++", the low-data set-up that is called 20-Fold.
    """
    rows = list(_lines(folder / f"nlupp/{domain}.jsonl"))
    pairs = [
        (row["fold"], example_of(f"{domain}-{i}", row["text"], row["intents"]))
        for i, row in enumerate(rows)
    ]
    for fold in range(min(folds, FOLDS)):
        yield Task(
            name=f"nlupp-{domain}",
            kind="multi",
            fold=fold,
            train=tuple(example for at, example in pairs if at == fold),
            test=tuple(example for at, example in pairs if at != fold),
        )


def _csv(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8", newline="") as file:
        for i, row in enumerate(csv.DictReader(file)):
            yield example_of(f"{path.stem}-{i}", row["text"], [row["category"]])


def _jsonl(path: Path) -> Iterable[Example]:
    for i, row in enumerate(_lines(path)):
        yield example_of(f"{path.stem}-{i}", row["text"], [row["label"]])


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


_READERS: Mapping[str, Callable[[Path, int], Iterator[Task]]] = {
    "banking77": _banking77,
    "banking77-10": _banking77_10,
    "clinc150": _clinc150,
    "clinc150-oos": _clinc150_oos,
    "hwu64": _hwu64,
    "hwu64-10": _hwu64_10,
    "nlupp-banking": _nlupp_banking,
    "nlupp-hotels": _nlupp_hotels,
}
NAMES = tuple(_READERS)

"""The file of results: each is written at once, so that a run can go on in pieces."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from training.errors import DatasetError


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The figures of one method on one task, or on one of its folds."""

    task: str
    method: str
    base: str | None  # of a method that has one
    seed: int
    fold: int | None = None
    train: int  # messages
    test: int  # messages, those out of scope included
    seconds: float  # of training and testing
    figures: Mapping[str, float]

    @property
    def identity(self) -> tuple[object, ...]:
        """What a later result must share to replace this one."""
        return (self.task, self.method, self.base, self.seed, self.fold)


def read_results(path: Path) -> list[Result]:
    """Read a file of results; one that is not there has none.

    Raises:
        DatasetError: It holds something else.
    """
    if not path.exists():
        return []
    try:
        return [Result(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{path} holds no results of this program") from error


def add_result(path: Path, result: Result) -> None:
    """Put a result into the file, in the place of one of the same run."""
    kept = [known for known in read_results(path) if known.identity != result.identity]
    write_results(path, [*kept, result])


def write_results(path: Path, results: Sequence[Result]) -> None:
    """Write all results in order, in one step."""
    rows = [asdict(result) for result in sorted(results, key=lambda r: tuple(map(str, r.identity)))]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)

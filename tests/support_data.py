"""The messages of data/, read once in each process that tests run in."""

from functools import cache
from pathlib import Path

from training.dataset import read_dataset, split

DATA = Path(__file__).parents[1] / "data"


@cache
def dataset():
    """All rows, good and refused; not to be changed."""
    return read_dataset([str(path) for path in sorted(DATA.glob("*.jsonl"))])


@cache
def splits():
    """The parts that the messages fall into."""
    return split(dataset().examples)

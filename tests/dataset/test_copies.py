from collections import defaultdict
from pathlib import Path

import pytest

from training.dataset import read_dataset, split

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def examples():
    return read_dataset([str(path) for path in sorted(DATA.rglob("*.jsonl"))]).examples


def test_no_message_is_the_copy_of_another(examples):
    by_text = defaultdict(list)
    for example in examples:
        by_text[example.composed.casefold()].append(example.id)

    assert [ids for ids in by_text.values() if len(ids) > 1] == []


def test_no_body_of_a_longer_message_stands_in_two_parts(examples):
    """The hash is taken of subject and text together: the same body may come under two subjects."""
    parts, parts_of = split(examples), defaultdict(set)
    for name in parts.__slots__:
        for example in getattr(parts, name):
            body = " ".join(example.text.casefold().split())
            if len(body) > 60:
                parts_of[body].add(name)

    assert [names for names in parts_of.values() if len(names) > 1] == []


def test_every_part_is_there_and_none_shares_a_row(examples):
    parts = split(examples)

    ids = [example.id for name in parts.__slots__ for example in getattr(parts, name)]
    assert sorted(ids) == sorted(example.id for example in examples)
    shares = {name: len(getattr(parts, name)) / len(examples) for name in parts.__slots__}
    assert shares == pytest.approx(
        {"train": 0.75, "validation": 0.05, "calibration": 0.09, "test": 0.11}, abs=0.015
    )

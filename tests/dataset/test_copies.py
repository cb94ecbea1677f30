from collections import defaultdict

import pytest
from support_data import dataset, splits


def test_no_message_is_the_copy_of_another():
    by_text = defaultdict(list)
    for example in dataset().examples:
        by_text[example.composed.casefold()].append(example.id)

    assert [ids for ids in by_text.values() if len(ids) > 1] == []


def test_no_body_of_a_longer_message_stands_in_two_parts():
    """The hash is taken of subject and text together: the same body may come under two subjects."""
    parts, parts_of = splits(), defaultdict(set)
    for name in parts.__slots__:
        for example in getattr(parts, name):
            body = " ".join(example.text.casefold().split())
            if len(body) > 60:
                parts_of[body].add(name)

    assert [names for names in parts_of.values() if len(names) > 1] == []


def test_every_part_is_there_and_none_shares_a_row():
    examples, parts = dataset().examples, splits()

    ids = [example.id for name in parts.__slots__ for example in getattr(parts, name)]
    assert sorted(ids) == sorted(example.id for example in examples)
    shares = {name: len(getattr(parts, name)) / len(examples) for name in parts.__slots__}
    assert shares == pytest.approx(
        {"train": 0.75, "validation": 0.05, "calibration": 0.09, "test": 0.11}, abs=0.015
    )

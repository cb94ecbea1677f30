from pathlib import Path

import pytest

from training.dataset import Example, part_of
from training.datasheet import BEGIN, END, counts, with_counts


def example(number, channel, language, **labels):
    return Example(
        id=f"ab-{number}",
        subject="",
        text=f"text {number}",
        channel=channel,
        language=language,
        labels={head: tuple(found.split()) for head, found in labels.items()},
    )


EXAMPLES = [
    example(1, "email", "en", intents="pricing support", urgency="low"),
    example(2, "chat", "sv", intents="pricing"),
    example(3, "email", "en", intents="support", urgency="high"),
    example(4, "email", "de", intents="pricing", urgency="low"),
]


def test_every_count_is_a_table_the_most_frequent_first():
    tables = dict(table.split("\n", 1) for table in counts(EXAMPLES).split("\n\n")[1:])

    assert tables == {
        "| language | en | de | sv |": "|---|---|---|---|\n| | 2 | 1 | 1 |",
        "| channel | email | chat |": "|---|---|---|\n| | 3 | 1 |",
        "| block | ab |": "|---|---|\n| | 4 |",
        "| intents | pricing | support |": "|---|---|---|\n| | 3 | 2 |",
        "| urgency | low | high |": "|---|---|---|\n| | 2 | 1 |",
    }


def test_the_first_table_counts_the_parts():
    heading, _, numbers = counts(EXAMPLES).split("\n\n")[0].split("\n")

    found = dict(zip(heading.split(" | ")[1:], numbers.strip("| ").split(" | "), strict=True))
    parts = [part_of(e.key) for e in EXAMPLES]
    assert {name.strip(" |"): int(number) for name, number in found.items()} == {
        "all": 4,
        **{p: parts.count(p) for p in ("train", "validation", "calibration", "test")},
    }


def test_counts_are_put_between_their_marks_and_nothing_else_changes():
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    once = with_counts(text, EXAMPLES)

    assert once == f"before\n{BEGIN}\n\n{counts(EXAMPLES)}\n\n{END}\nafter\n"
    assert with_counts(once, EXAMPLES) == once


def test_a_readme_without_marks_is_not_touched():
    with pytest.raises(ValueError, match="unpack"):
        with_counts("no marks here", EXAMPLES)


def test_the_marks_stand_in_the_readme():
    text = Path("data/README.md").read_text(encoding="utf-8")

    assert (text.count(BEGIN), text.count(END)) == (1, 1)

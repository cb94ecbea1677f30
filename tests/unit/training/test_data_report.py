import io
import random

import numpy as np
import pytest
from rich.console import Console

from training.data_report import data_report, print_report
from training.dataset import Example, Refusal


def example(id, text="hello", *, subject="", channel="email", language="en", **labels):
    heads = {name: tuple(found.split()) for name, found in labels.items()}
    return Example(
        id=id, subject=subject, text=text, channel=channel, language=language, labels=heads
    )


def printed(report, width=200):
    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None)
    print_report(report, console)
    return console.file.getvalue()


def test_rows_are_counted_by_label_language_and_channel():
    examples = [
        example("1", "a", intents="demo price", urgency="low"),
        example("2", "b", intents="price", channel=None, language=None),
        example("3", "c", intents="price", language="sv"),
    ]

    report = data_report(
        examples, [Refusal("f.csv", 3, "no label")], splits={"train": 2, "test": 1}
    )

    assert report.as_dict() == {
        "rows": 3,
        "splits": {"train": 2, "test": 1},
        "labels": {"intents": {"price": 3, "demo": 1}, "urgency": {"low": 1}},
        "lacking": {"intents": 0, "urgency": 2},
        "languages": {"(none)": 1, "en": 1, "sv": 1},
        "channels": {"email": 2, "(none)": 1},
        "lengths": {"p10": 1, "median": 1, "p90": 1, "p99": 1, "max": 1},
        "duplicates": 0,
        "conflicts": 0,
        "refused": 1,
    }


def test_lengths_are_those_of_actual_composed_texts():
    lengths = list(range(1, 1_001))
    random.Random(1).shuffle(lengths)

    found = data_report([example(str(n), "x" * n) for n in lengths], []).lengths
    with_subject = data_report([example("s", "four", subject="subject")], []).lengths

    assert (found.p10, found.median, found.p90, found.p99, found.max) == (100, 500, 900, 990, 1000)
    assert with_subject.max == len("subject four")


def test_copies_are_found_whatever_their_case_and_white_space():
    examples = [
        example("1", "Hello  there", intents="demo"),
        example("2", "hello THERE", intents="demo"),
        example("3", "hello\u200b there", intents="demo"),
        example("4", "there", subject="hello", intents="demo"),
        example("5", "hello you", intents="price"),
    ]

    report = data_report(examples, [])

    assert report.duplicates == 3
    assert report.conflicts == ()


def test_copies_that_disagree_in_any_head_are_named_by_id():
    examples = [
        example("1", "same", intents="demo price", urgency="low"),
        example("2", "SAME", intents="price demo", urgency="high"),
        example("3", "agree", intents="demo price"),
        example("4", "agree", intents="price demo", urgency="low"),
        example("5", "alone", intents="demo"),
    ]

    report = data_report(examples, [])

    assert report.conflicts == ("1", "2")
    assert "same text, different labels: 1, 2\n" in printed(report)


def test_at_most_ten_ids_of_disagreeing_copies_are_shown():
    examples = [
        example(f"id{i:03}", "same", intents="demo" if i % 2 else "price") for i in range(14)
    ]

    shown = printed(data_report(examples, []))

    assert "id009 … and 4 more" in shown
    assert "id010" not in shown


def test_labels_of_fewer_than_twenty_rows_are_a_warning():
    examples = [example(str(i), str(i), intents="demo" if i < 20 else "price") for i in range(39)]

    report = data_report(examples, [])

    assert report.rare == ["intents: price (19)"]
    assert "fewer than 20 rows: intents: price (19)\n" in printed(report)


def test_the_first_twenty_refused_rows_are_shown_with_file_line_and_reason():
    refused = [Refusal("data/x.jsonl", line, "intents missing") for line in range(1, 1_024)]

    shown = printed(data_report([example("1")], refused))

    assert [line for line in shown.splitlines() if line.startswith("refused")] == [
        f"refused data/x.jsonl:{line}: intents missing" for line in range(1, 21)
    ]
    assert "… and 1,003 more rows refused" in shown


def test_twenty_refused_rows_leave_nothing_to_count():
    refused = [Refusal("x", line, "bad") for line in range(20)]

    assert "more rows" not in printed(data_report([example("1")], refused))


def test_the_text_of_a_message_is_never_printed():
    secret = "my card number is"
    examples = [
        example("1", secret, subject=secret, intents="demo"),
        example("2", secret, subject=secret, intents="price"),
    ]

    report = data_report(examples, [Refusal("x", 1, "bad")])

    assert "card" not in printed(report)
    assert "card" not in str(report)


def test_values_from_a_file_are_shown_as_they_stand():
    examples = [example("1", "a", channel="[red]chat[/]"), example("2", "b", channel="x\x1b[2J\ry")]

    shown = printed(data_report(examples, [Refusal("[bold]f.csv", 1, "why")]))

    assert "[red]chat[/] 1" in shown
    assert "refused [bold]f.csv:1: why" in shown
    assert "x\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}y 1" in shown
    assert not {"\x1b", "\r"} & set(shown)


def test_a_thousand_channels_are_not_all_shown():
    examples = [example(str(i), str(i), channel=f"channel{i:04}") for i in range(1_000)]

    shown = printed(data_report(examples, []))

    assert shown.count("channel0") == 20
    assert "… and 980 more" in " ".join(shown.split())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_rows_are_a_report_too(width):
    report = data_report([], [])

    assert (report.rows, report.lengths, report.languages) == (0, None, {})
    assert "rows" in printed(report, width)


def test_the_counts_are_plain_numbers_for_json():
    report = data_report([example(str(n), "x" * n) for n in range(1, 50)], [])

    assert not any(isinstance(v, np.generic) for v in report.as_dict()["lengths"].values())

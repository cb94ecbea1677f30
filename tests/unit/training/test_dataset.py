import hashlib
import json

import datasets
import pytest
from support_model import rows, write_csv, write_jsonl

from models.labels import INTENTS, LABELS, SIGNALS, Head
from training.dataset import (
    Columns,
    Example,
    Splits,
    data_sha256,
    default_sources,
    heads_of,
    part_of,
    plain_columns,
    read_dataset,
    split,
)
from training.errors import DatasetError

ROW = {
    "id": "a-1",
    "channel": "email",
    "subject": "Seats",
    "text": "What do 40 cost?",
    "intents": ["pricing", "demo_request"],
    "intent_type": "commercial_investigation",
    "urgency": "normal",
    "sentiment": "neutral",
    "buyer_role": "procurement",
    "engagement": "guided",
    "language": "en",
}


def read(path, *raw_rows):
    return read_dataset([str(write_jsonl(path, raw_rows))])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rows.jsonl"


def test_a_row_becomes_an_example_with_every_head(path):
    dataset = read(path, ROW)

    assert dataset.refused == ()
    assert dataset.examples == (
        Example(
            id="a-1",
            subject="Seats",
            text="What do 40 cost?",
            channel="email",
            language="en",
            labels={
                INTENTS: ("pricing", "demo_request"),
                **{head: (ROW[head],) for head in SIGNALS},
            },
        ),
    )
    assert dataset.examples[0].composed == "Seats What do 40 cost?"


def test_a_row_needs_no_more_than_text_and_intents(path):
    dataset = read(path, {"text": "hi", "intents": ["other"]})

    assert dataset.examples == (
        Example(
            id="rows-1",
            subject="",
            text="hi",
            channel=None,
            language=None,
            labels={INTENTS: ("other",)},
        ),
    )


def test_heads_keep_the_order_of_the_house_and_one_that_no_row_has_is_left_out(path):
    dataset = read(
        path,
        {"text": "a", "intents": ["other"], "engagement": "guided"},
        {"text": "b", "intents": ["pricing"], "urgency": "high"},
    )

    assert dataset.heads == (
        Head(INTENTS, LABELS[INTENTS], "multi"),
        Head("urgency", LABELS["urgency"], "single"),
        Head("engagement", LABELS["engagement"], "single"),
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"text": None}, "text is missing or blank"),
        ({"text": " \u200b\n"}, "text is missing or blank"),
        ({"text": 7}, "text must be a string"),
        ({"text": ["a"]}, "text must be a string"),
        ({"subject": {}}, "subject must be a string"),
        ({"channel": 3}, "channel must be a string"),
        ({"language": False}, "language must be a string"),
        ({"language": "\ud800"}, "language must have no control characters"),
        ({"channel": "e\nmail"}, "channel must have no control characters"),
        ({"intents": None}, "intents must be a list of at least one label"),
        ({"intents": []}, "intents must be a list of at least one label"),
        ({"intents": "pricing"}, "intents must be a list of at least one label"),
        ({"intents": ["sales"]}, "intents must be different labels of demo_request, pricing"),
        ({"intents": [["pricing"]]}, "intents must be different labels of demo_request, pricing"),
        ({"intents": ["pricing", "pricing"]}, "intents must be different labels of demo_request"),
        ({"intents": ["other", "pricing"]}, "other stands alone"),
        ({"urgency": "soon"}, "urgency must be one of low, normal, high"),
        ({"urgency": ["low"]}, "urgency must be one of low, normal, high"),
        ({"sentiment": 0}, "sentiment must be one of negative, neutral, positive"),
    ],
    ids=ascii,
)
def test_a_bad_row_is_named_by_file_and_line_and_the_others_are_kept(path, change, why):
    good = {**ROW, "id": "a-2"}

    dataset = read(path, good, {**ROW, **change})

    (refusal,) = dataset.refused
    assert str(refusal).startswith(f"{path}:2: {why}")
    assert [example.id for example in dataset.examples] == ["a-2"]


def test_a_refusal_never_repeats_the_text_of_a_message(path):
    secret = "my password is hunter2"

    dataset = read(path, ROW, {**ROW, "id": "x", "text": secret, "urgency": secret, "intents": []})

    assert "hunter2" not in str(dataset.refused[0])


def test_an_id_stands_once_over_all_files(tmp_path):
    one = write_jsonl(tmp_path / "one.jsonl", [ROW])
    two = write_jsonl(tmp_path / "two.jsonl", [{**ROW, "id": "b"}, ROW])

    dataset = read_dataset([str(one), str(two)])

    assert [str(refusal) for refusal in dataset.refused] == [
        f"{two}:2: id 'a-1' stands already at {one}:1"
    ]


def test_unreadable_lines_are_refused_with_the_rest(path):
    path.write_bytes(b"{\n" + json.dumps(ROW).encode() + b'\n{"text": "\xff"}\n')

    dataset = read_dataset([str(path)])

    assert [str(refusal) for refusal in dataset.refused] == [
        f"{path}:1: not JSON",
        f"{path}:3: not UTF-8",
    ]
    assert len(dataset.examples) == 1


def test_with_no_good_row_the_first_bad_one_is_told(path):
    with pytest.raises(DatasetError, match=r"no row to train on .*rows\.jsonl:1: text is missing"):
        read(path, {"intents": ["other"]})


def test_csv_and_parquet_give_the_same_examples_as_jsonl(tmp_path):
    some = rows(20)
    jsonl = read(tmp_path / "rows.jsonl", *some)
    header = list(some[0])
    cells = [["|".join(r[k]) if k == INTENTS else r[k] for k in header] for r in some]
    csv = read_dataset([str(write_csv(tmp_path / "rows.csv", header, *cells))])
    datasets.Dataset.from_list(some).to_parquet(str(tmp_path / "rows.parquet"))
    parquet = read_dataset([str(tmp_path / "rows.parquet")])

    assert any(len(example.labels[INTENTS]) > 1 for example in jsonl.examples)
    assert csv == parquet == jsonl


# Plain files


def test_a_plain_file_gives_one_single_choice_head_with_sorted_labels(tmp_path):
    path = write_csv(
        tmp_path / "plain.csv",
        ["body", "topic"],
        ["where is my parcel", "shipping"],
        ["I want my money back", " refund "],
        ["it never came", "shipping"],
    )

    dataset = read_dataset([str(path)], columns=Columns("body", "topic"))

    assert dataset.heads == (Head(INTENTS, ("refund", "shipping"), "single"),)
    assert [(e.id, e.text, e.labels[INTENTS]) for e in dataset.examples] == [
        ("plain-2", "where is my parcel", ("shipping",)),
        ("plain-3", "I want my money back", ("refund",)),
        ("plain-4", "it never came", ("shipping",)),
    ]


def test_labels_of_a_plain_file_may_be_numbers(path):
    write_jsonl(path, [{"text": "a", "label": 0}, {"text": "b", "label": 1}])

    dataset = read_dataset([str(path)], columns=Columns("text", "label"))

    assert dataset.heads == (Head(INTENTS, ("0", "1"), "single"),)


def test_bad_rows_of_a_plain_file_are_named(path):
    good = [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]
    write_jsonl(path, [*good, {"text": " ", "label": "x"}, {"text": "c"}, {"label": "x"}, []])

    dataset = read_dataset([str(path)], columns=Columns("text", "label"))

    assert [str(refusal) for refusal in dataset.refused] == [
        f"{path}:3: column 'text' has no text",
        f"{path}:4: column 'label' has no label",
        f"{path}:5: column 'text' has no text",
        f"{path}:6: not a JSON object",
    ]


def test_a_plain_file_of_one_label_teaches_nothing(path):
    write_jsonl(path, [{"text": "a", "label": "x"}, {"text": "b", "label": "x"}])

    with pytest.raises(DatasetError, match="every row has the label 'x'"):
        read_dataset([str(path)], columns=Columns("text", "label"))


def test_a_plain_file_is_named_by_both_of_its_columns():
    assert plain_columns("a", "b") == Columns("a", "b")
    assert plain_columns(None, None) is None
    with pytest.raises(DatasetError, match="go together"):
        plain_columns("a", None)


# Parts


def test_the_parts_hold_every_example_once_in_about_the_promised_shares(path):
    dataset = read(path, *rows(3_000))

    parts = split(dataset.examples)

    sizes = {name: len(getattr(parts, name)) / 3_000 for name in parts.__slots__}
    assert sizes == pytest.approx(
        {"train": 0.75, "validation": 0.05, "calibration": 0.09, "test": 0.11}, abs=0.02
    )
    together = [*parts.train, *parts.validation, *parts.calibration, *parts.test]
    assert sorted(e.id for e in together) == sorted(e.id for e in dataset.examples)


def test_copies_of_a_text_stand_in_one_part_whatever_case_and_transport_did():
    copies = ["Was kostet DAS?", " was kostet\r\ndas?", "wa\u200bs kostet das?&nbsp;"]

    examples = [
        Example(id=text, subject="", text=text, channel=None, language=None, labels={})
        for text in copies
    ]

    assert len({example.key for example in examples}) == 1
    assert sum(map(len, (getattr(split(examples), part) for part in Splits.__slots__))) == 3
    assert max(len(getattr(split(examples), part)) for part in Splits.__slots__) == 3


def test_a_row_does_not_move_when_others_come(path):
    few, many = read(path, *rows(100)), read(path, *rows(300))

    assert set(e.id for e in split(few.examples).test) <= set(
        e.id for e in split(many.examples).test
    )


def test_the_part_follows_from_the_hash_as_it_was_first_computed():
    def place(text):
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64

    borders = [(0.11, "test"), (0.20, "calibration"), (0.25, "validation"), (1.0, "train")]
    for number in range(500):
        text = f"message {number}"
        expected = next(name for border, name in borders if place(text) < border)
        assert part_of(text) == expected


# Digest


def test_the_digest_does_not_depend_on_the_order_of_the_rows(path):
    some = rows(20)

    assert data_sha256(read(path, *some).examples) == data_sha256(read(path, *some[::-1]).examples)


@pytest.mark.parametrize(
    "change", [{"text": "other"}, {"urgency": "high"}, {"intents": ["pricing"]}, {"id": "b"}]
)
def test_the_digest_changes_with_what_training_sees(path, change):
    assert data_sha256(read(path, ROW).examples) != data_sha256(
        read(path, {**ROW, **change}).examples
    )


def test_the_digest_does_not_change_with_the_order_of_a_rows_keys(path):
    backwards = dict(reversed(ROW.items()))

    assert data_sha256(read(path, ROW).examples) == data_sha256(read(path, backwards).examples)


def test_the_projects_own_files_are_found_from_its_top_folder_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"no file matches data/\*\.jsonl"):
        default_sources()

    (tmp_path / "data").mkdir()
    for name in ("b.jsonl", "a.jsonl", "README.md"):
        (tmp_path / "data" / name).touch()
    assert default_sources() == ["data/a.jsonl", "data/b.jsonl"]


def test_heads_of_house_rows_are_the_same_whatever_came_first(path):
    forwards = read(path, *rows(10)).examples

    assert heads_of(forwards, single=False) == heads_of(forwards[::-1], single=False)

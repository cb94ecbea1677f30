import json

import datasets
import pytest

from training.errors import DatasetError
from training.rows import Row, rows_of


def rows_in(path, content):
    path.write_bytes(content)
    return list(rows_of([str(path)]))


def test_jsonl_gives_each_object_with_its_line(tmp_path):
    path = tmp_path / "rows.jsonl"

    rows = rows_in(path, b'{"text": "a"}\n\n  \n{"text": "\xc3\xa5\\n"}\r\n{"text": "c"}')

    assert rows == [
        Row(str(path), 1, {"text": "a"}),
        Row(str(path), 4, {"text": "å\n"}),
        Row(str(path), 5, {"text": "c"}),
    ]


def test_a_line_separator_inside_of_a_json_string_does_not_end_the_line(tmp_path):
    raw = json.dumps({"text": "a\u2028b\u0085c\x0cd"}, ensure_ascii=False).encode()

    assert [row.values for row in rows_in(tmp_path / "r.jsonl", raw)] == [
        {"text": "a\u2028b\u0085c\x0cd"}
    ]


def test_a_byte_order_mark_is_no_part_of_the_data(tmp_path):
    jsonl = rows_in(tmp_path / "r.jsonl", b'\xef\xbb\xbf{"text": "a"}\n')
    csv = rows_in(tmp_path / "r.csv", b"\xef\xbb\xbftext\na\n")

    assert [row.values for row in jsonl + csv] == [{"text": "a"}] * 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "not JSON"),
        (b"{'text': 'a'}", "not JSON"),
        (b'{"text": "a"} {}', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"n": ' + b"1" * 5_000 + b"}", "not JSON"),
        (b'["a"]', "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'{"text": "caf\xe9"}', "not UTF-8"),
        (b"\xff\xfe{\x00", "not UTF-8"),
    ],
    ids=lambda value: ascii(value)[:24],
)
def test_a_line_that_cannot_be_read_is_named_and_the_next_is_read(tmp_path, line, problem):
    path = tmp_path / "rows.jsonl"

    rows = rows_in(path, b'{"text": "a"}\n' + line + b'\n{"text": "b"}\n')

    assert rows[1] == Row(str(path), 2, problem=problem)
    assert [rows[0].values, rows[2].values] == [{"text": "a"}, {"text": "b"}]


def test_csv_gives_each_record_with_the_line_it_ends_on(tmp_path):
    path = tmp_path / "rows.csv"

    rows = rows_in(path, b'text,label\r\n"a, ""b""\r\nc",x\r\nd,y\r\n\r\ne,z')

    assert rows == [
        Row(str(path), 3, {"text": 'a, "b"\r\nc', "label": "x"}),
        Row(str(path), 4, {"text": "d", "label": "y"}),
        Row(str(path), 6, {"text": "e", "label": "z"}),
    ]


@pytest.mark.parametrize("mark", ["\u2028", "\u0085", "\x0c", "\x0b", "\x1c"])
def test_only_line_ends_end_a_record_of_csv(tmp_path, mark):
    rows = rows_in(tmp_path / "rows.csv", f"text,label\na{mark}b,x\nc,y\n".encode())

    assert [(row.line, row.values["text"]) for row in rows] == [(2, f"a{mark}b"), (3, "c")]


def test_several_intents_in_a_cell_are_split(tmp_path):
    content = b"text,intents\na,pricing\nb,demo_request|pricing\nc,pricing; support\nd,\n"

    rows = rows_in(tmp_path / "rows.csv", content)

    assert [row.values.get("intents") for row in rows] == [
        ["pricing"],
        ["demo_request", "pricing"],
        ["pricing", "support"],
        None,
    ]


def test_an_empty_cell_is_a_missing_value(tmp_path):
    rows = rows_in(tmp_path / "rows.csv", b"text,urgency,language\na,,sv\nb\n")

    assert [row.values for row in rows] == [{"text": "a", "language": "sv"}, {"text": "b"}]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        (b"how much, please,pricing", "more cells than the header has"),
        (b"caf\xe9,pricing", "not UTF-8"),
        (b'"a"b,pricing', "not CSV"),
    ],
)
def test_a_record_that_cannot_be_trusted_is_named_and_the_next_is_read(tmp_path, record, problem):
    path = tmp_path / "rows.csv"

    rows = rows_in(path, b"text,label\na,x\n" + record + b"\nb,y\n")

    assert rows[1] == Row(str(path), 3, problem=problem)
    assert [rows[0].values["text"], rows[2].values["text"]] == ["a", "b"]


def test_a_quote_that_is_never_closed_is_no_row(tmp_path):
    rows = rows_in(tmp_path / "rows.csv", b'text,label\na,x\n"b,y\nc,z\n')

    assert [(row.values, row.problem) for row in rows] == [
        ({"text": "a", "label": "x"}, None),
        ({}, "not CSV"),
    ]


def test_parquet_keeps_lists_and_numbers_its_rows(tmp_path):
    path = str(tmp_path / "rows.parquet")
    values = [
        {"text": "a", "intents": ["pricing", "support"], "urgency": "low"},
        {"text": "b", "intents": ["other"], "urgency": None},
    ]
    datasets.Dataset.from_list(values).to_parquet(path)

    assert list(rows_of([path])) == [Row(path, n, row) for n, row in enumerate(values, start=1)]


def test_sources_are_read_one_after_the_other_whatever_the_case_of_their_ending(tmp_path):
    first, second = tmp_path / "A.CSV", tmp_path / "b.JSONL"
    first.write_text("text\na\n")
    second.write_text('{"text": "b"}\n')

    rows = list(rows_of([str(second), str(first)]))

    assert [(row.file, row.values) for row in rows] == [
        (str(second), {"text": "b"}),
        (str(first), {"text": "a"}),
    ]


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", "none.parquet", "folder.jsonl"])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, name):
    (tmp_path / "folder.jsonl").mkdir()
    path = str(tmp_path / name)

    with pytest.raises(DatasetError, match=name.replace(".", r"\.")):
        list(rows_of([path]))


@pytest.mark.parametrize("name", ["none.json", "folder/none.txt", "folder/none"])
def test_a_mistyped_file_name_is_not_asked_for_at_a_hub(tmp_path, monkeypatch, name):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DatasetError, match=rf"^{name}: No such file or directory$"):
        list(rows_of([name]))


def test_a_broken_parquet_file_is_named(tmp_path):
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 but not really")

    with pytest.raises(DatasetError, match=r"rows\.parquet.* could not be loaded"):
        list(rows_of([str(path)]))

import json
import os
import sys

import pytest
from rich.console import Console
from support_cli import Cli
from support_service import environ_of, run_inlet

from app.cli import classify as classifying

ROWS = [
    {"id": "a-1", "text": "cancel goodbye terminate leaving", "subject": None},
    {"id": 2, "text": "price cost quote budget", "subject": "licence", "more": ["is", "ignored"]},
    {"text": "show demo walkthrough trial product"},
]
PREDICTION_KEYS = {"model_version", "intents", "labels", "primary", "confidence", "abstained"} | {
    "abstained_because",
    "out_of_scope",
    "signals",
    "language",
    "truncated",
}


@pytest.fixture
def cli(tmp_path, artifacts):
    return Cli(tmp_path, artifacts=artifacts)


def write_rows(folder, *lines):
    path = folder / "messages.jsonl"
    path.write_bytes(b"".join(_line(line) + b"\n" for line in lines))
    return path


def _line(line):
    return line if isinstance(line, bytes) else json.dumps(line).encode()


def read_rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_text_is_classified_for_a_person(cli):
    result = cli.run("classify", "cancel goodbye terminate leaving")

    assert result.exit_code == 0
    first, *_, signals = result.stdout.splitlines()
    assert first.startswith("✔ churn_risk ")
    assert "%" in first
    assert "urgency: " in signals
    assert "language: " in signals


def test_a_text_is_classified_for_a_script(cli):
    prediction = cli.json("classify", "cancel goodbye terminate leaving")

    assert set(prediction) == PREDICTION_KEYS
    assert (prediction["primary"], prediction["labels"]) == ("churn_risk", ["churn_risk"])


def test_a_language_that_was_not_learnt_is_named_as_the_reason(cli):
    result = cli.run("classify", "Haluaisimme nähdä tuotteen ensi viikolla, kiitos")

    assert "abstained: the language was not learnt; a person should look" in result.stdout


def test_an_answer_that_is_unsure_says_so(cli):
    result = cli.run("classify", "of")

    assert "abstained: no intent is sure enough; a person should look" in result.stdout


def test_a_text_comes_from_a_pipe_as_well(cli):
    typed = cli.json("classify", "price cost quote budget")

    piped = json.loads(cli.run("classify", "-", "--json", stdin="price cost quote budget\n").stdout)

    assert piped == typed


def test_the_subject_is_read_with_the_text(cli):
    joined = cli.json("classify", "cancel terminate price cost")

    apart = cli.json("classify", "price cost", "--subject", "cancel terminate")

    assert apart == joined


def test_no_data_folder_is_made_for_a_classification(cli):
    cli.json("classify", "price cost")

    assert list(cli.folder.iterdir()) == []


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\x00"], ids=["none", "blank", "invisible"])
def test_a_text_without_content_is_refused(cli, text):
    assert cli.refused("classify", text) == "the text is empty"


def test_a_pipe_that_is_not_utf8_is_refused(cli):
    assert cli.refused("classify", "-", stdin=b"caf\xe9") == "standard input is not UTF-8"


def test_a_file_gives_one_prediction_a_line_in_its_order_with_its_ids(cli, tmp_path):
    source, target = write_rows(tmp_path, *ROWS), tmp_path / "predictions.jsonl"

    result = cli.run("classify", source, target)

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"3 predictions in {target}\n"
    rows = read_rows(target)
    assert [row.get("id", "none") for row in rows] == ["a-1", 2, "none"]
    assert [row["primary"] for row in rows] == ["churn_risk", "pricing", "demo_request"]
    assert set(rows[0]) == {"id"} | PREDICTION_KEYS


def test_a_file_is_classified_as_its_texts_are_one_by_one(cli, tmp_path):
    source, target = write_rows(tmp_path, ROWS[2]), tmp_path / "predictions.jsonl"
    cli.run("classify", source, target)

    assert read_rows(target) == [cli.json("classify", ROWS[2]["text"])]


def test_a_file_longer_than_a_chunk_keeps_its_order(cli, tmp_path):
    count = 2 * classifying._CHUNK + 3
    lines = [{"id": number, "text": f"price {number}"} for number in range(count)]
    source, target = write_rows(tmp_path, *lines), tmp_path / "predictions.jsonl"

    result = cli.run("classify", source, target)

    assert result.stderr == f"{count} predictions in {target}\n"
    assert [row["id"] for row in read_rows(target)] == list(range(count))


def test_blank_lines_and_a_byte_order_mark_are_no_rows(cli, tmp_path):
    source = write_rows(tmp_path, b"\xef\xbb\xbf" + _line(ROWS[0]), b"", b"  \r", ROWS[2])

    cli.run("classify", source, tmp_path / "out.jsonl")

    assert len(read_rows(tmp_path / "out.jsonl")) == 2


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'"text"',
        b"NaN",
        b'{"id": 1}',
        b'{"text": 5}',
        b'{"text": null}',
        b'{"text": " \\u200b "}',
        b'{"text": "demo", "subject": 5}',
        b'{"text": "demo", "id": "\\ud800"}',
        b'{"text": "demo", "id": NaN}',
        b'{"text": "caf\xe9"}',
        b"[" * 100_000,
    ],
    ids=lambda line: line[:30].decode("latin-1"),
)
def test_a_bad_line_is_named_and_nothing_is_written(cli, tmp_path, line):
    source = write_rows(tmp_path, ROWS[0], b"", line, ROWS[2])

    sentence = cli.refused("classify", source, tmp_path / "out.jsonl")

    assert sentence == ("line 3: needs a JSON object in UTF-8 with a `text` that is not blank")
    assert list(tmp_path.iterdir()) == [source]


def test_predictions_that_stood_there_stay_when_a_line_is_bad(cli, tmp_path):
    target = tmp_path / "predictions.jsonl"
    target.write_text("of yesterday\n")

    cli.refused("classify", write_rows(tmp_path, b"{"), target)

    assert target.read_text() == "of yesterday\n"


def test_a_file_is_never_replaced_by_its_own_predictions(cli, tmp_path):
    source = write_rows(tmp_path, *ROWS)
    before = source.read_bytes()

    sentence = cli.refused("classify", source, tmp_path / "." / source.name)

    assert sentence == "the predictions would replace the messages: give another file"
    assert source.read_bytes() == before


def test_a_file_without_a_place_for_predictions_is_not_taken_for_a_text(cli, tmp_path):
    source = write_rows(tmp_path, *ROWS)

    sentence = cli.refused("classify", source)

    assert sentence == f"say where the predictions go: inlet classify {source} predictions.jsonl"


def test_a_file_that_is_missing_is_named(cli, tmp_path):
    sentence = cli.refused("classify", tmp_path / "none.jsonl", tmp_path / "out.jsonl")

    assert sentence == f"{tmp_path / 'none.jsonl'}: No such file or directory"


def test_a_folder_that_is_missing_is_named(cli, tmp_path):
    sentence = cli.refused("classify", write_rows(tmp_path, *ROWS), tmp_path / "no" / "out.jsonl")

    assert sentence.endswith(": No such file or directory")
    assert str(tmp_path / "no") in sentence


def test_a_terminal_sees_a_bar(cli, tmp_path, monkeypatch):
    terminal = Console(stderr=True, force_terminal=True, width=80)
    monkeypatch.setattr(classifying, "err", terminal)

    result = cli.run("classify", write_rows(tmp_path, *ROWS), tmp_path / "out.jsonl")

    assert "100%" in result.stderr


def test_the_command_works_from_any_folder(artifacts, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    ended = run_inlet(
        "classify",
        "price cost quote",
        "--json",
        environ=environ_of(tmp_path, artifacts=artifacts),
        cwd=elsewhere,
    )

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["primary"] == "pricing"


def test_what_a_shell_passes_as_broken_utf8_is_read_as_far_as_it_is_text(artifacts, tmp_path):
    text = os.fsdecode(b"price \xff cost quote")
    assert text.encode(sys.getfilesystemencoding(), "surrogateescape") == b"price \xff cost quote"

    ended = run_inlet(
        "classify", text, "--json", environ=environ_of(tmp_path, artifacts=artifacts), cwd=tmp_path
    )

    assert (ended.returncode, ended.stderr) == (0, b"")


# The sentence that carries each label

TWO = "Hello in Malmö.\nWould like to say price cost quote discount.\nCancel goodbye terminate!"


def test_a_person_is_shown_the_sentence_that_carries_each_label(cli):
    result = cli.run("classify", "--explain", "Hello company.\nCancel terminate goodbye leaving!")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith(
        "churn_risk: “Cancel terminate goodbye leaving!” (text, "
    )


def test_a_script_gets_evidence_for_each_label_where_it_asks(cli):
    prediction = cli.json("classify", TWO, "--explain")

    assert set(prediction) == PREDICTION_KEYS | {"evidence"}
    assert set(prediction["evidence"]) == set(prediction["labels"] or [prediction["primary"]])
    for one in prediction["evidence"].values():
        assert TWO[one["start"] : one["end"]] == one["sentence"]


def test_the_subject_can_carry_a_label(cli):
    prediction = cli.json("classify", "hello", "--subject", "cancel terminate goodbye", "--explain")

    assert prediction["evidence"]["churn_risk"]["field"] == "subject"


def test_each_line_of_a_file_is_explained(cli, tmp_path):
    source, target = write_rows(tmp_path, *ROWS), tmp_path / "predictions.jsonl"

    result = cli.run("classify", source, target, "--explain")

    assert result.exit_code == 0
    first, second, third = read_rows(target)
    assert set(first) == {"id", "evidence"} | PREDICTION_KEYS
    assert first["evidence"]["churn_risk"]["sentence"] == ROWS[0]["text"]
    assert "pricing" in second["evidence"]
    assert third == cli.json("classify", ROWS[2]["text"], "--explain")

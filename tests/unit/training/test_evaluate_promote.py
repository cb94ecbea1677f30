import json
import shutil

import pytest
from support_model import (
    VERSION,
    rows,
    temporary_folder,
    tiny_artifact,
    tiny_dataset,
    write_csv,
    write_jsonl,
)
from typer.testing import CliRunner

from models import registry
from training import evaluate, promote
from training.dataset import split


def run(app, *args):
    result = CliRunner().invoke(app, [*map(str, args)])
    return result.exit_code, result.stdout, " ".join(result.output.split())


@pytest.fixture
def data():
    tiny_dataset()
    return temporary_folder() / "rows.jsonl"


def measure(data, *args):
    root, version = tiny_artifact()
    return run(evaluate.app, version, "--root", root, "--data", data, *args)


def test_a_version_is_measured_again_as_it_was_when_it_was_made(data):
    code, out, _said = measure(data, "--json")

    assert code == 0
    root, version = tiny_artifact()
    told = json.loads((root / version / "metrics.json").read_text())
    assert json.loads(out) == {key: told[key] for key in ("rows", "heads", "slices")}


def test_without_json_a_table_is_printed_and_all_rows_can_be_measured(data):
    code, _out, said = measure(data, "--all-rows")

    assert code == 0
    assert f"Test split {VERSION}" in said
    assert "macro-F1" in said
    _, out, _ = measure(data, "--all-rows", "--json")
    assert json.loads(out)["rows"] == len(tiny_dataset().examples)


def test_rows_that_were_left_out_are_told_and_do_not_spoil_the_json(tmp_path):
    some = rows(100)
    some[4]["intents"] = []
    path = write_jsonl(tmp_path / "rows.jsonl", some)

    code, out, said = measure(path, "--json", "--all-rows")

    assert (code, json.loads(out)["rows"]) == (0, 99)
    assert "1 rows were left out, the first is" in said
    assert "rows.jsonl:5:" in said


def test_labels_that_the_model_does_not_know_are_told_in_a_sentence(tmp_path):
    path = write_csv(tmp_path / "plain.csv", ["text", "topic"], ["a", "x"], ["b", "y"])
    columns = ("--text-column", "text", "--label-column", "topic")

    code, _out, said = measure(path, "--all-rows", *columns)

    assert code == 1
    assert "error: example plain-2: unknown label of head intents" in said


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--data", "none.jsonl"], "none.jsonl: No such file"),
        (["--text-column", "text"], "go together"),
    ],
)
def test_what_cannot_be_measured_is_told_in_a_sentence(data, args, why):
    code, _out, said = measure(data, *args)

    assert code == 1
    assert why in said


def test_too_few_rows_for_a_test_part_are_told(tmp_path):
    some = [row for row in rows(30)]
    path = write_jsonl(tmp_path / "rows.jsonl", some)
    kept = {e.id for e in split(tiny_dataset().examples).test}
    write_jsonl(path, [row for row in some if row["id"] not in kept])

    code, _out, said = measure(path)

    assert code == 1
    assert "no row falls into the test part; measure on all with --all-rows" in said


def test_a_version_that_is_not_there_is_told(tmp_path, data):
    for app, args in ((evaluate.app, ("--data", data)), (promote.app, ())):
        code, _out, said = run(app, "none", "--root", tmp_path, *args)

        assert code == 1
        assert "error: there is no version 'none'" in said


def test_promoting_tells_the_version_before_and_refuses_a_broken_one(tmp_path):
    root, version = tiny_artifact()
    for name in ("one", "two"):
        shutil.copytree(root / version, tmp_path / name)
    (tmp_path / "two" / "model.onnx").write_bytes(b"")

    code, _out, said = run(promote.app, "one", "--root", tmp_path)
    refused, _out, why = run(promote.app, "two", "--root", tmp_path)

    assert (code, refused) == (0, 1)
    assert said.startswith("one is live; before it: default.")
    assert "model.onnx: its SHA-256 is not the manifest's" in why
    assert registry.live_version(tmp_path) == "one"

import json

import pytest
from support_model import tiny_base
from support_public import write_public_data
from typer.testing import CliRunner

from training.benchmark import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_public_data(tmp_path_factory.mktemp("public"))


def called(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_what_is_measured_is_written_and_shown_as_a_table(folder, tmp_path):
    out = tmp_path / "results.json"
    shared = ("--data", folder, "--base", tiny_base(), "--out", out, "--folds", 2)

    done = called(*shared, "--only", "hwu64-10", "--only", "nlupp-hotels")

    assert done.exit_code == 0, done.output
    found = {(r["task"], r["method"], r["fold"]) for r in json.loads(out.read_text("utf-8"))}
    methods = ("inlet", "probe", "svm")
    assert found == {
        *(("hwu64-10", method, None) for method in methods),
        *(("nlupp-hotels", method, fold) for method in methods for fold in (0, 1)),
    }
    assert "| HWU64, 10 a label | accuracy |" in done.stdout


def test_a_run_goes_on_where_it_ended(folder, tmp_path):
    out = tmp_path / "results.json"
    shared = ("--data", folder, "--out", out, "--method", "svm", "--only", "hwu64")
    called(*shared)
    first = out.read_text("utf-8")

    done = called(*shared)

    assert "hwu64, svm: known" in done.stderr
    assert out.read_text("utf-8") == first


def test_results_are_printed_as_json(folder, tmp_path):
    out = tmp_path / "results.json"

    done = called("--data", folder, "--out", out, "--method", "svm", "--only", "hwu64", "--json")

    (result,) = json.loads(done.stdout)
    assert (result["task"], result["base"], result["train"]) == ("hwu64", None, 30)
    assert set(result["figures"]) == {"accuracy"}


def test_the_table_needs_no_data(tmp_path):
    done = called("--table", "--out", tmp_path / "none.json")

    assert done.exit_code == 0
    assert done.stdout.startswith("| Task | Figure | best published |")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "nothing to do"),
        (("--data", "/nowhere", "--only", "hwu64", "--method", "svm"), "cannot be read"),
        (("--data", "/nowhere", "--only", "imagenet"), "is none of banking77"),
        (("--data", "/nowhere", "--method", "magic"), "is none of svm"),
    ],
)
def test_what_cannot_be_done_is_told(arguments, told):
    done = called(*arguments)

    assert done.exit_code != 0
    assert told in " ".join(done.stderr.split())

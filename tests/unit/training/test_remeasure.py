import json
import shutil

import pytest
from support_model import temporary_folder, tiny_artifact, tiny_dataset
from typer.testing import CliRunner

from models.artifact import verify
from training import remeasure
from training.assess import METRICS

REPORTS = {METRICS, "report.html", "CARD.md"}


@pytest.fixture
def version(tmp_path):
    """An artifact of its own."""
    tiny_dataset()
    root, version = tiny_artifact()
    shutil.copytree(root / version, tmp_path / version)
    return tmp_path, version


def run(root, version, *more):
    rows = temporary_folder() / "rows.jsonl"
    args = [version, "--root", str(root), "--data", str(rows), "--no-probes", *more]
    result = CliRunner().invoke(remeasure.app, args)
    return result.exit_code, " ".join(result.output.split())


def metrics_of(root, version):
    return json.loads((root / version / METRICS).read_text())


def test_what_is_served_stays_byte_for_byte_and_the_reports_are_written_anew(version):
    root, name = version
    before = dict(verify(root / name).sha256)

    code, _ = run(root, name)

    after = dict(verify(root / name).sha256)
    assert code == 0
    assert {file for file in before if before[file] != after[file]} <= REPORTS
    assert before.keys() == after.keys()


def test_an_unchanged_version_decides_as_it_did(version):
    root, name = version
    before = metrics_of(root, name)

    run(root, name)

    after = metrics_of(root, name)
    assert after["decisions"] == before["decisions"]
    assert after["heads"] == before["heads"]
    assert (after["float32"], after["baseline"]) == (before["float32"], before["baseline"])
    assert after["changes"]["messages"] == []


def test_it_says_what_an_earlier_file_lacks(version, tmp_path):
    root, name = version
    bare = tmp_path / "bare.json"
    bare.write_text("{}")

    code, said = run(root, name, "--before", str(bare))

    assert code == 1
    assert "lacks float32, baseline, run" in said

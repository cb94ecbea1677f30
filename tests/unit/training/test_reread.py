import json
import shutil

import pytest
from support_model import temporary_folder, tiny_artifact, tiny_dataset
from typer.testing import CliRunner

from models.artifact import READING, verify
from models.text.reading import Reading, parse_reading
from training import reread


@pytest.fixture
def version(tmp_path):
    """An artifact of its own whose reading knows nothing."""
    root, version = tiny_artifact()
    shutil.copytree(root / version, tmp_path / version)
    return tmp_path, version


def run(root, version, data):
    args = [version, "--root", str(root), "--data", str(data)]
    result = CliRunner().invoke(reread.app, args)
    return result.exit_code, " ".join(result.output.split())


def digests(folder):
    return dict(verify(folder).sha256)


def test_a_version_is_read_as_training_would_read_it_now_and_nothing_else_changes(
    version, monkeypatch
):
    root, name = version
    tiny_dataset()
    before = json.loads((root / name / "manifest.json").read_text())
    old = parse_reading((root / name / READING).read_bytes())
    monkeypatch.setattr(
        reread,
        "reading_of",
        lambda _train: Reading(frozenset({"emily"}), frozenset(), {}, frozenset(), old.words),
    )

    code, said = run(root, name, temporary_folder() / "rows.jsonl")

    assert (code, said.split(".")[0]) == (0, f"{name} reads by the lists of today")
    after = json.loads((root / name / "manifest.json").read_text())
    assert parse_reading((root / name / READING).read_bytes()).names == {"emily"}
    assert after["sha256"].pop(READING) != before["sha256"].pop(READING)
    assert after == before
    verify(root / name)


def test_the_reading_of_the_same_lists_is_the_same(version):
    root, name = version
    tiny_dataset()
    before = digests(root / name)

    run(root, name, temporary_folder() / "rows.jsonl")

    assert digests(root / name) == before


def test_other_data_are_refused_since_the_model_does_not_know_their_words(version):
    root, name = version
    other = root / "other.jsonl"
    lines = (temporary_folder() / "rows.jsonl").read_text().splitlines()
    other.write_text("\n".join(lines[:-1]) + "\n")
    before = digests(root / name)

    code, said = run(root, name, other)

    assert code == 1
    assert "trained on other data" in said
    assert digests(root / name) == before

import shutil

import pytest
from support_cli import Cli


@pytest.fixture
def registry(tmp_path, artifacts):
    """A registry of this test's own with the versions `first`, live, and `second`."""
    (live,) = (line for line in (artifacts / "CURRENT").read_text().split())
    root = tmp_path / "artifacts"
    for version in ("first", "second"):
        shutil.copytree(artifacts / live, root / version)
    (root / "CURRENT").write_text("first\n")
    return root


@pytest.fixture
def cli(tmp_path, registry):
    return Cli(tmp_path, artifacts=registry)


def live(cli):
    return [row["version"] for row in cli.json("models", "list") if row["live"]]


def test_versions_are_listed_and_the_live_one_is_marked(cli):
    assert cli.json("models", "list") == [
        {"version": "first", "live": True},
        {"version": "second", "live": False},
    ]
    assert "second" in cli.run("models", "list").stdout


def test_a_promoted_version_is_live_and_can_be_rolled_back(cli):
    promoted = cli.run("models", "promote", "second")

    assert (promoted.exit_code, promoted.stdout) == (0, "")
    assert promoted.stderr == (
        "second is live; before it: first. Restart the service to serve it.\n"
    )
    assert live(cli) == ["second"]
    assert cli.run("models", "rollback").exit_code == 0
    assert live(cli) == ["first"]


def test_nothing_is_before_the_first_version(cli):
    assert cli.refused("models", "rollback") == "there is no earlier version to go back to"


@pytest.mark.parametrize("version", ["third", "../artifacts/first", "", "."])
def test_only_a_version_that_there_is_can_be_promoted(cli, version):
    assert cli.refused("models", "promote", version).startswith(f"there is no version {version!r}")
    assert live(cli) == ["first"]


def test_a_spoilt_version_is_not_promoted_and_its_file_is_named(cli, registry):
    (registry / "second" / "model.onnx").write_bytes(b"not a network")

    sentence = cli.refused("models", "promote", "second")

    assert sentence.startswith(f"{registry / 'second' / 'model.onnx'}: its SHA-256 is not")
    assert live(cli) == ["first"]


def test_a_folder_without_versions_has_none_to_list(tmp_path):
    assert Cli(tmp_path, artifacts=tmp_path / "none").json("models", "list") == []

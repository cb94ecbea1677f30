import shutil

import pytest
from support_model import VERSION, copied_artifact, edit_manifest, replace_signed, tiny_artifact

from models import registry
from models.artifact import MANIFEST, NETWORK
from models.errors import ArtifactError, UnknownVersion
from models.registry import CURRENT, DEFAULT, Version


@pytest.fixture
def root(tmp_path):
    """A registry with the versions default, one and two; nothing was promoted."""
    for version in (DEFAULT, "one", "two"):
        folder = copied_artifact(tmp_path / "artifacts", version)
        edit_manifest(folder, lambda raw, version=version: raw.update(version=version))
    return tmp_path / "artifacts"


def current(root):
    return (root / CURRENT).read_text().split()


def test_the_shipped_version_is_live_until_another_is_promoted(root):
    assert registry.live_version(root) == DEFAULT
    others = [Version("one", False), Version("two", False)]
    assert registry.versions(root) == [Version(DEFAULT, True), *others]


def test_promoting_makes_a_version_live_and_tells_the_one_before(root):
    assert [registry.promote(root, "one"), registry.promote(root, "two")] == [DEFAULT, "one"]

    assert registry.live_version(root) == "two"
    assert [version.name for version in registry.versions(root) if version.live] == ["two"]
    assert current(root) == ["two", "one", DEFAULT]


def test_rolling_back_goes_through_the_history_until_its_end(root):
    registry.promote(root, "one")
    registry.promote(root, "two")

    assert [registry.roll_back(root), registry.roll_back(root)] == ["one", DEFAULT]
    with pytest.raises(UnknownVersion, match="no earlier version"):
        registry.roll_back(root)
    assert registry.live_version(root) == DEFAULT


def test_promoting_the_live_version_again_changes_nothing(root):
    registry.promote(root, "one")

    assert registry.promote(root, "one") == "one"
    assert current(root) == ["one", DEFAULT]


def test_the_history_is_bounded(root):
    for number in range(30):
        registry.promote(root, ["one", "two"][number % 2])

    assert current(root) == ["two", "one"] * 10


def test_a_broken_version_is_not_promoted_and_the_old_one_stays_live(root):
    registry.promote(root, "one")
    (root / "two" / NETWORK).write_bytes(b"")

    with pytest.raises(ArtifactError, match=NETWORK):
        registry.promote(root, "two")
    assert current(root) == ["one", DEFAULT]
    assert registry.load(root, registry.live_version(root)).manifest.version == "one"


def test_a_version_that_does_not_run_is_not_promoted(root):
    replace_signed(root / "two", NETWORK, b"no network")

    with pytest.raises(ArtifactError, match="on loading"):
        registry.promote(root, "two")
    assert registry.live_version(root) == DEFAULT


def test_rolling_back_to_a_broken_version_is_refused_and_the_live_one_stays(root):
    registry.promote(root, "one")
    registry.promote(root, "two")
    shutil.rmtree(root / "one")

    with pytest.raises(UnknownVersion, match="'one'"):
        registry.roll_back(root)
    assert registry.live_version(root) == "two"


@pytest.mark.parametrize(
    "name",
    [
        *("../outside", "one/../one", "/etc", "..", ".", "", ".hidden", "a b", "one\n"),
        *("one\0", "-one", "x" * 300, "three"),
    ],
    ids=ascii,
)
def test_only_the_names_of_versions_are_versions(root, name):
    shutil.copytree(root / "one", root.parent / "outside")
    shutil.copytree(root / "one", root / ".hidden")
    shutil.copy(root / "one" / MANIFEST, root.parent / MANIFEST)

    with pytest.raises(UnknownVersion, match="there is no version"):
        registry.load(root, name)
    with pytest.raises(UnknownVersion, match="there is no version"):
        registry.promote(root, name)
    assert not (root / CURRENT).exists()


def test_unfinished_and_foreign_folders_are_not_listed(root):
    shutil.copytree(root / "one", root / ".building-three")
    (root / "notes").mkdir()

    assert [version.name for version in registry.versions(root)] == [DEFAULT, "one", "two"]


def test_a_root_that_is_not_there_has_no_versions(tmp_path):
    assert registry.versions(tmp_path / "nowhere") == []
    with pytest.raises(UnknownVersion, match="'default'"):
        registry.load(tmp_path / "nowhere", DEFAULT)


def test_a_garbled_current_names_a_version_that_is_not_there(root):
    (root / CURRENT).write_bytes(b"\xff\xfe\n")

    with pytest.raises(UnknownVersion, match="there is no version"):
        registry.load(root, registry.live_version(root))


def test_current_is_replaced_in_one_step(root):
    registry.promote(root, "one")

    assert sorted(path.name for path in root.iterdir()) == sorted([CURRENT, DEFAULT, "one", "two"])


def test_a_loaded_version_answers_under_its_name():
    root, version = tiny_artifact()

    (prediction,) = registry.load(root, version, threads=1).predict(["what is the price?"])

    assert prediction.model_version == VERSION

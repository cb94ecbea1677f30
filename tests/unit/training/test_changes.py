import json
import shutil

import numpy as np
import pytest
from support_model import VERSION, copied_artifact, edit_manifest, tiny_artifact, tiny_dataset

from models import registry
from models.labels import LABELS, Head
from training.assess import Findings
from training.changes import changes_since, compared, decisions_of, stored_decisions
from training.dataset import Example, split

HEAD = Head("intents", ("a", "b"), "multi")


def example(i, *intents):
    labels = {"intents": intents}
    return Example(id=f"m-{i}", subject="", text="x", channel=None, language=None, labels=labels)


def findings(test, decisions, head=HEAD):
    return Findings(
        served={},
        float32={},
        baseline={},
        promises={},
        probabilities={},
        deciding=head,
        decisions=np.array(decisions, dtype=np.bool_),
        test=test,
    )


NEW = findings(
    [example(1, "a"), example(2, "a"), example(3, "a", "b"), example(4, "b"), example(5, "b")],
    [[1, 0], [0, 0], [0, 1], [1, 0], [0, 1]],
)
OLD = {"m-1": ["b"], "m-2": ["a"], "m-3": [], "m-4": ["a"], "m-9": ["a"]}


def test_changed_decisions_are_sorted_into_fixed_broken_and_otherwise():
    found = compared(OLD, NEW)

    assert [(change["id"], change["kind"]) for change in found["messages"]] == [
        ("m-1", "fixed"),
        ("m-2", "broken"),
        ("m-3", "wrong in another way"),
    ]  # m-4 is as wrong as it was
    assert found["messages"][2] == {
        **{"id": "m-3", "kind": "wrong in another way"},
        **{"held": ["a", "b"], "before": [], "after": ["b"]},
    }
    counts = {k: v for k, v in found.items() if k != "messages"}
    assert counts == {
        **{"compared": 4, "not_compared": 1},
        **{"fixed": 1, "broken": 1, "wrong in another way": 1},
    }


def test_the_order_of_labels_is_no_change():
    new = findings([example(1, "a", "b")], [[1, 1]])

    assert compared({"m-1": ["b", "a"]}, new)["messages"] == []


def tiny_findings(flip=()):
    """The tiny model's own decisions, some of them turned round."""
    test = split(tiny_dataset().examples).test
    labels = LABELS["intents"]
    given = decisions_of(registry.load(*tiny_artifact(), threads=1), test)
    rows = [[label in given[example.id] for label in labels] for example in test]
    for row in flip:
        rows[row] = [not yes for yes in rows[row]]
    return findings(test, rows, Head("intents", labels, "multi"))


def test_the_version_before_is_run_on_the_same_messages():
    root, version = tiny_artifact()

    found = changes_since(tiny_findings(flip=[3]), root=root, before=root / version)

    assert found["version"] == VERSION
    assert found["how"] == "the earlier version was run on the same messages"
    assert found["compared"] == len(split(tiny_dataset().examples).test)
    assert [change["id"] for change in found["messages"]] == [tiny_findings().test[3].id]


def test_the_live_version_is_the_one_before(tmp_path):
    copied_artifact(tmp_path, "shown")
    (tmp_path / "CURRENT").write_text("shown\n")

    assert changes_since(tiny_findings(), root=tmp_path)["version"] == "shown"


def test_where_no_version_is_live_there_is_nothing_to_compare(tmp_path):
    assert changes_since(tiny_findings(), root=tmp_path) == {}


@pytest.fixture
def other_cleaning(tmp_path):
    """An artifact that this program refuses to load."""
    folder = copied_artifact(tmp_path, "older")
    edit_manifest(folder, lambda raw: raw.update(cleaning_version=0))
    return folder


def test_of_a_version_that_cannot_be_loaded_the_stored_decisions_are_compared(
    other_cleaning, tmp_path
):
    found = changes_since(tiny_findings(flip=[0, 1]), root=tmp_path, before=other_cleaning)

    assert "cleaning_version 0 is not this program's" in found["how"]
    assert str(tmp_path) not in found["how"]
    assert len(found["messages"]) == 2


def test_of_a_version_without_stored_decisions_the_reason_is_told(other_cleaning, tmp_path):
    (other_cleaning / "metrics.json").write_text("{}")

    found = changes_since(tiny_findings(), root=tmp_path, before=other_cleaning)

    assert list(found) == ["version", "why"]
    assert "cleaning_version 0" in found["why"]


def test_a_file_of_decisions_can_stand_for_the_version_before(tmp_path):
    path = tmp_path / "v1.json"
    path.write_text(json.dumps({"decisions": OLD}))

    found = changes_since(NEW, root=tmp_path, before=path)

    assert (found["version"], found["compared"]) == ("v1", 4)


def test_a_version_that_gives_other_labels_is_not_compared(tmp_path):
    root, version = tiny_artifact()

    found = changes_since(NEW, root=tmp_path, before=root / version)

    assert found == {"version": VERSION, "why": "it gives other labels"}


def test_an_artifact_stores_what_it_decided_and_no_word_of_the_messages():
    root, version = tiny_artifact()
    test = split(tiny_dataset().examples).test
    text = (root / version / "metrics.json").read_text()

    stored = stored_decisions(root / version)

    assert stored == decisions_of(registry.load(root, version, threads=1), test)
    assert not [example.id for example in test if example.text in text]


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"decisions": 3}', b"\xff"])
def test_decisions_that_cannot_be_read_are_none(tmp_path, content):
    (tmp_path / "metrics.json").write_bytes(content)

    assert stored_decisions(tmp_path) is None
    assert stored_decisions(tmp_path / "none") is None
    shutil.rmtree(tmp_path)

import json
import re

import pytest
from support_data import DATA, dataset

from models.labels import INTENTS, LABELS, SIGNALS

FILES = sorted(DATA.glob("*.jsonl"))
FIELDS = ["id", "channel", "subject", "text", INTENTS, *SIGNALS, "language"]
CHANNELS = {"email", "chat", "web_form", "sms", "social_dm", "community_post"}
LANGUAGES = {"en", "de", "fr", "es", "pt", "nl", "sv"}


def rows(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_row_can_be_trained_on():
    assert [str(refusal) for refusal in dataset().refused] == []
    assert len(dataset().examples) == sum(len(rows(path)) for path in FILES) > 5_000


def test_every_head_has_its_labels():
    assert {head.name: head.labels for head in dataset().heads} == LABELS
    found = {
        head: {label for example in dataset().examples for label in example.labels.get(head, ())}
        for head in LABELS
    }
    assert found == {head: set(labels) for head, labels in LABELS.items()}


def test_an_id_stands_once():
    ids = [example.id for example in dataset().examples]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_row_has_the_fields_of_the_readme_and_no_other(path):
    for line, row in enumerate(rows(path), start=1):
        assert set(row) <= set(FIELDS), f"{path.name}:{line}"
        assert {"id", "channel", "subject", "text", INTENTS, "language"} <= set(row)
        assert row["channel"] in CHANNELS, f"{path.name}:{line}"
        assert row["language"] in LANGUAGES, f"{path.name}:{line}"
        assert re.fullmatch(rf"{path.stem}-\d{{3,4}}", row["id"]), f"{path.name}:{line}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_utf_8_with_one_object_a_line(path):
    content = path.read_bytes()

    assert content.endswith(b"}\n")
    assert b"\r" not in content
    assert all(line.startswith(b"{") for line in content.splitlines())
    assert not [line for line in content.decode().split("\n") if "\ufffd" in line]

import json

import pytest
from support_model import rows, write_jsonl
from typer.testing import CliRunner

from training.audit import app


def listed(path, *options):
    result = CliRunner().invoke(app, [str(path), "--json", *options])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def mislabelled(tmp_path_factory):
    """300 rows whose intents follow from their words, but for five."""
    some = rows(300)
    wrong = [row for row in some if row["intents"] == ["pricing"]][:5]
    for row in wrong:
        row["intents"] = ["demo_request"]
    return write_jsonl(tmp_path_factory.mktemp("audit") / "rows.jsonl", some), wrong


def test_rows_with_wrong_labels_come_first(mislabelled):
    path, wrong = mislabelled

    found = listed(path, "--limit", "10")

    assert {row["id"] for row in wrong} <= {doubt["id"] for doubt in found}
    first = next(doubt for doubt in found if doubt["id"] == wrong[0]["id"])
    assert (first["given"], first["expected"]) == (["demo_request"], ["pricing"])


def test_a_single_choice_head_can_be_doubted(mislabelled):
    found = listed(mislabelled[0], "--head", "urgency", "--limit", "3")

    assert len(found) == 3
    assert [d["quality"] for d in found] == sorted(d["quality"] for d in found)


def test_no_text_is_printed(mislabelled):
    result = CliRunner().invoke(app, [str(mislabelled[0]), "--limit", "300"])

    assert result.exit_code == 0
    assert "Malmö" in mislabelled[0].read_text(encoding="utf-8").encode().decode("unicode_escape")
    assert "Malmö" not in result.output


def test_a_head_that_no_row_has_is_refused(mislabelled):
    result = CliRunner().invoke(app, [str(mislabelled[0]), "--head", "colour"])

    assert result.exit_code == 1
    assert "no row has the head 'colour'" in result.output

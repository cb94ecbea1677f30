from contextlib import closing

import pytest
from support import DECISION, START, a_message
from support_cli import Cli

from app.domain import new_id
from app.storage import messages, review
from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate

SAID = {"model_version": "v1", "intents": {"pricing": 0.9, "other": 0.1}, "labels": ["pricing"]}


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path, database_url=sqlite_url(tmp_path / "own.db"))


@pytest.fixture
def waiting(tmp_path):
    """Three messages that wait, the least sure first."""
    ids = [new_id("msg", START) for _ in range(3)]
    with closing(open_database(sqlite_url(tmp_path / "own.db"))) as database:
        migrate(database)
        with database.write() as conn:
            for number, message_id in enumerate(ids, start=1):
                messages.add(conn, a_message(id=message_id), prediction=SAID, decision=DECISION)
                review.add(conn, message_id, kind="pricing", margin=number / 100)
    return ids


def test_the_least_sure_messages_are_listed(cli, waiting):
    answer = cli.json("review", "--limit", 2)

    assert answer["review"][0] == {
        "message_id": waiting[0],
        "kind": "pricing",
        "margin": 0.01,
        "labels": ["pricing"],
        "received_at": "2026-11-25T11:59:57.123456+00:00",
        "subject": "Angebot für 20 Plätze",
        "excerpt": "Was kostet das? 🙂",
    }
    assert answer["kinds"] == [{"kind": "pricing", "told": 0, "wrong": 0}]
    following = cli.json("review", "--after", answer["after"])
    assert [one["message_id"] for one in answer["review"] + following["review"]] == waiting


def test_a_person_reads_a_table_and_how_to_go_on(cli, waiting):
    result = cli.run("review", "--limit", 2)

    assert waiting[0] in result.stdout
    assert "Angebot für 20 Plätze Was kostet das? 🙂" in result.stdout
    assert result.stderr.startswith("There may be more: inlet review --limit 2 --after ")


def test_an_empty_queue_is_told(cli):
    assert cli.run("review").stderr == "No message waits for review.\n"


def test_a_place_that_is_none_is_refused(cli):
    assert cli.refused("review", "--after", "x") == "after is not what a page of the queue gave"

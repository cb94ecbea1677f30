import json
import stat
from contextlib import closing

import pytest
from support import START
from support_cli import Cli
from support_model import rows, tiny_base, write_jsonl
from support_replies import store
from typer.testing import CliRunner

from app.domain import Feedback, FeedbackKind, new_id
from app.storage import feedback
from app.storage.engine import open_database, sqlite_url
from app.storage.migrations import migrate
from models.artifact import verify
from models.labels import INTENTS
from training.dataset import read_dataset
from training.train import app as train


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "postgresql":
        return request.getfixturevalue("postgresql_url")
    return sqlite_url(tmp_path / "own.db")


@pytest.fixture
def cli(tmp_path, url, monkeypatch):
    monkeypatch.chdir(tmp_path)  # whose data/*.jsonl stands there already
    return Cli(tmp_path, database_url=url)


@pytest.fixture
def corrected(url):
    """Store a message of this text and what somebody says that it wants; give its id."""

    def corrected(text, *labels, subject="", kind=FeedbackKind.WRONG_LABEL):
        with closing(open_database(url)) as database:
            migrate(database)
            message_id = store(database, message={"text": text, "subject": subject})
            said = Feedback(
                id=new_id("fb", START),
                message_id=message_id,
                kind=kind,
                labels=labels or None,
                given_by="ana",
                created_at=corrected.now,
            )
            corrected.now += (START - START.replace(microsecond=0)) * 1_000
            with database.write() as conn:
                feedback.give(conn, said)
        return message_id

    corrected.now = START
    return corrected


def rows_of(path):
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def test_corrected_messages_become_rows_to_train_on(cli, corrected, tmp_path):
    first = corrected("Wie wird das abgerechnet? 🙂\nGruß", "support", subject="Frage")
    second = corrected("line\u2028separator", "demo_request", "pricing")

    answer = cli.json("feedback", "export", tmp_path / "rows.jsonl")

    assert answer == {"rows": 2, "already_there": 0, "file": str(tmp_path / "rows.jsonl")}
    assert rows_of(tmp_path / "rows.jsonl")[1] == {
        "id": first,
        "channel": "email",
        "subject": "Frage",
        "text": "Wie wird das abgerechnet? 🙂\nGruß",
        "intents": ["support"],
        "language": "en",
    }
    read = read_dataset([str(tmp_path / "rows.jsonl")])
    assert read.refused == ()
    assert {one.id: one.labels[INTENTS] for one in read.examples} == {
        first: ("support",),
        second: ("demo_request", "pricing"),
    }


def test_copies_are_written_once_with_the_newest_labels(cli, corrected, tmp_path):
    corrected("The  same text", "support")
    newest = corrected("the same text", "pricing")

    cli.json("feedback", "export", tmp_path / "rows.jsonl")

    (row,) = rows_of(tmp_path / "rows.jsonl")
    assert (row["id"], row["intents"]) == (newest, ["pricing"])


def test_rows_go_to_stdout_where_no_file_is_named(cli, corrected):
    message_id = corrected("first\nsecond", "support")

    result = cli.run("feedback", "export")

    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [message_id]
    assert result.stderr == "1 rows\n"


def test_json_tells_of_a_file(cli):
    assert cli.refused("feedback", "export", "--json").startswith("--json tells of a file")


@pytest.mark.parametrize("named", [False, True])
def test_what_stands_in_the_data_already_is_left_out(cli, corrected, tmp_path, named):
    data = tmp_path / ("known.jsonl" if named else "data/a.jsonl")
    data.parent.mkdir(exist_ok=True)
    data.write_text('{"subject": "A  Question", "text": "What costs it?"}\n\n')
    corrected("what costs it?", "pricing", subject="a question")
    newer = corrected("what costs it?", "pricing", subject="another")
    options = ("--known", data) if named else ()

    answer = cli.json("feedback", "export", tmp_path / "rows.jsonl", *options)

    assert (answer["rows"], answer["already_there"]) == (1, 1)
    assert [row["id"] for row in rows_of(tmp_path / "rows.jsonl")] == [newer]


def test_the_file_that_is_replaced_leaves_nothing_out(cli, corrected, tmp_path):
    target = tmp_path / "data" / "corrected.jsonl"
    target.parent.mkdir()
    message_id = corrected("text", "support")
    cli.json("feedback", "export", target)

    answer = cli.json("feedback", "export", target, "--force")

    assert (answer["rows"], answer["already_there"]) == (1, 0)
    assert [row["id"] for row in rows_of(target)] == [message_id]


@pytest.mark.parametrize("line", ["[]", "{", '{"subject": "a"}', '{"text": 1}', "\udcff"])
def test_a_data_file_that_is_none_is_named_with_its_line(cli, corrected, tmp_path, line):
    data = tmp_path / "bad.jsonl"
    data.write_bytes(b'{"text": "a"}\n' + line.encode("utf-8", "surrogateescape"))
    corrected("text", "support")

    sentence = cli.refused("feedback", "export", tmp_path / "rows.jsonl", "--known", data)

    assert sentence == f"{data}:2: not a JSON object with a text, as in data/*.jsonl"


def test_redacted_rows_name_nobody(cli, corrected, tmp_path):
    text = "What do 40 seats cost? Call +46 70 123 45 67.\n\nAda Lovelace"
    corrected(text, "pricing", subject="for ada@example.com")

    cli.json("feedback", "export", tmp_path / "rows.jsonl", "--redact")

    (row,) = rows_of(tmp_path / "rows.jsonl")
    assert row["subject"] == "for alex@example.com"
    assert row["text"] == "What do 40 seats cost? Call +1 202 555 0100.\n\nAlex"
    assert set(row) == {"id", "channel", "subject", "text", "intents", "language"}


def test_what_was_exported_redacted_is_left_out_as_it_came_too(cli, corrected, tmp_path):
    corrected("Price?\nAda Lovelace", "pricing")
    first = tmp_path / "first.jsonl"
    cli.json("feedback", "export", first, "--redact")

    answer = cli.json(
        *("feedback", "export", tmp_path / "second.jsonl", "--redact", "--known", first)
    )

    assert (answer["rows"], answer["already_there"]) == (0, 1)
    assert not (tmp_path / "second.jsonl").exists()


def test_training_reads_the_rows_beside_its_data(cli, corrected, tmp_path):
    base = write_jsonl(tmp_path / "base.jsonl", rows(150))
    known = rows(150)[0]
    corrected(known["text"], "support")
    corrected("my very own price quote", "pricing")
    cli.json("feedback", "export", tmp_path / "rows.jsonl", "--known", base)

    options = ["--base", tiny_base(), "--root", str(tmp_path / "artifacts"), "--epochs", "1"]
    fast = ["--max-length", "32", "--batch-size", "32", "--contrast-epochs", "0"]
    fast += ["--version", "v1"]
    result = CliRunner().invoke(train, [str(base), str(tmp_path / "rows.jsonl"), *options, *fast])

    assert result.exit_code == 0, result.output
    facts = verify(tmp_path / "artifacts" / "v1").facts
    assert (facts["data"]["rows"], facts["data"]["refused"]) == (151, 0)


def test_what_tells_no_label_is_no_row(cli, corrected, tmp_path):
    corrected("text", kind=FeedbackKind.NOT_A_LEAD)
    corrected("text", kind=FeedbackKind.WRONG_LABEL)
    corrected(" \u200b ", "other")  # nothing to learn from

    result = cli.run("feedback", "export", tmp_path / "rows.jsonl")

    assert result.stderr == "nobody has corrected a label: nothing written\n"
    assert list(tmp_path.glob("*rows*")) == []


def test_a_file_is_replaced_only_when_that_is_said(cli, corrected, tmp_path):
    corrected("text", "support")
    target = tmp_path / "rows.jsonl"
    target.write_text("mine")

    sentence = cli.refused("feedback", "export", target)
    kept = target.read_text()
    cli.json("feedback", "export", target, "--force")

    assert sentence == f"{target} is there already: give another file, or --force"
    assert kept == "mine"
    assert len(rows_of(target)) == 1
    assert [path.name for path in tmp_path.glob("*rows*")] == ["rows.jsonl"]


def test_only_its_owner_reads_the_file(cli, corrected, tmp_path):
    corrected("text", "support")

    cli.json("feedback", "export", tmp_path / "rows.jsonl")

    assert stat.S_IMODE((tmp_path / "rows.jsonl").stat().st_mode) == 0o600


def test_old_feedback_can_be_left_out(cli, corrected, tmp_path):
    corrected("old", "support")
    newer = corrected("new", "pricing")
    since = "2026-11-25T12:01:00"

    cli.json("feedback", "export", tmp_path / "rows.jsonl", "--since", since)

    assert [row["id"] for row in rows_of(tmp_path / "rows.jsonl")] == [newer]


def test_a_time_that_is_none_is_refused(cli, tmp_path):
    sentence = cli.refused("feedback", "export", tmp_path / "rows.jsonl", "--since", "yesterday")

    assert sentence.startswith("since must be a time ago such as 12h")


def test_a_folder_that_is_not_there_is_named(cli, corrected, tmp_path):
    corrected("text", "support")

    sentence = cli.refused("feedback", "export", tmp_path / "no" / "rows.jsonl")

    assert str(tmp_path / "no") in sentence

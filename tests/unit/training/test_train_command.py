import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pytest
from support_model import WORDS, rows, tiny_base, write_csv, write_jsonl
from typer.testing import CliRunner

from models import registry
from models.artifact import verify
from models.labels import INTENTS, Head
from training.config import TrainConfig
from training.train import app

ROOT = Path(__file__).parents[3]
FAST = ("--max-length", "32", "--learning-rate", "0.005", "--batch-size", "32")
FAST += ("--contrast-epochs", "0")


def train(folder, *args):
    """Run the command as typed; its exit code and all that it said, on one line."""
    options = ["--base", tiny_base(), "--root", str(folder / "artifacts"), *FAST]
    result = CliRunner().invoke(app, [*map(str, args), *options])
    return result.exit_code, " ".join(result.output.split())


def published(folder):
    return [path.parent.name for path in (folder / "artifacts").glob("*/manifest.json")]


@pytest.fixture
def bad_file(tmp_path):
    """150 rows, of which the third and the last cannot be trained on."""
    some = rows(150)
    some[2]["urgency"] = "whenever"
    some[-1]["text"] = ""
    return write_jsonl(tmp_path / "rows.jsonl", some)


def test_training_refuses_bad_rows_and_names_each_by_file_and_line(tmp_path, bad_file):
    code, said = train(tmp_path, bad_file)

    assert code == 1
    assert f"refused {bad_file}:3: urgency must be one of low, normal, high" in said
    assert f"refused {bad_file}:150: text is missing or blank" in said
    assert "2 rows were refused" in said
    assert "--skip-bad-rows" in said
    assert published(tmp_path) == []


def test_bad_rows_can_be_left_out(tmp_path, bad_file):
    args = ("--skip-bad-rows", "--epochs", 1, "--version", "v1")
    code, said = train(tmp_path, bad_file, *args)

    assert code == 0, said
    assert published(tmp_path) == ["v1"]
    facts = verify(tmp_path / "artifacts" / "v1").facts
    assert (facts["data"]["rows"], facts["data"]["refused"]) == (148, 2)
    assert facts["finished"] is True
    assert "python -m training.promote v1" in said
    assert "about" in said  # the estimate
    for heading in ("Data", "Labels", "Test split", "TF-IDF", "macro-F1"):
        assert heading in said


def test_a_plain_file_of_two_columns_gives_a_working_classifier(tmp_path):
    topics = {"pricing": "money", "support": "fault", "other": "rest"}
    some = [row for row in rows(700) if row["intents"][0] in topics and len(row["intents"]) == 1]
    records = [[row["text"], topics[row["intents"][0]]] for row in some]
    path = write_csv(tmp_path / "plain.csv", ["body", "topic"], *records)

    args = ("--text-column", "body", "--label-column", "topic", "--epochs", 12, "--version", "v1")
    code, said = train(tmp_path, path, *args)

    assert code == 0, said
    classifier = registry.load(tmp_path / "artifacts", "v1", threads=1)
    assert classifier.manifest.heads == (Head(INTENTS, ("fault", "money", "rest"), "single"),)
    texts = [f"hello we {WORDS[intent]} people" for intent in topics]
    assert [p.primary for p in classifier.predict(texts)] == ["money", "fault", "rest"]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("--text-column", "text"), "go together"),
        (("--text-column", "txt", "--label-column", "urgency"), "column 'txt' has no text"),
        (("--base", "/no/such/folder"), "neither e5 nor minilm"),
    ],
)
def test_what_cannot_work_is_told_in_a_sentence(tmp_path, args, why):
    path = write_jsonl(tmp_path / "rows.jsonl", rows(120))
    options = ["--base", tiny_base(), "--root", str(tmp_path / "artifacts"), *FAST]

    result = CliRunner().invoke(app, [str(path), *options, *args])

    assert result.exit_code == 1
    assert why in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert published(tmp_path) == []


def test_a_file_that_is_not_there_is_told_in_a_sentence(tmp_path):
    code, said = train(tmp_path, tmp_path / "[/none].jsonl")

    assert code == 1
    assert "[/none].jsonl: No such file or directory" in said


@pytest.mark.parametrize(
    "args",
    [
        *(("--version", name) for name in ("../v1", "a/b", ".hidden", "a b", "")),
        ("--epochs", "0"),
        ("--batch-size", "0"),
        ("--max-length", "4"),
        ("--precision", "90"),
        ("--learning-rate", "-1"),
        ("--seed", "-1"),
        ("--vocabulary", "0"),
    ],
    ids=str,
)
def test_a_value_out_of_its_range_is_refused_before_anything_is_read(tmp_path, args):
    result = CliRunner().invoke(app, [str(tmp_path / "none.jsonl"), *args])

    assert result.exit_code == 2
    assert f"Invalid value for '{args[0]}'" in " ".join(result.output.split())


def test_every_flag_takes_its_default_from_the_configuration(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", rows(120))
    options = ["--base", tiny_base(), "--root", str(tmp_path / "artifacts")]

    code = CliRunner().invoke(app, [str(path), *options, *FAST, "--epochs", "1"]).exit_code

    assert code == 0
    (version,) = published(tmp_path)
    config = verify(tmp_path / "artifacts" / version).facts["config"]
    given = {"base": tiny_base(), "max_length": 32, "learning_rate": 0.005, "batch_size": 32}
    assert config == {**_of_no_student(TrainConfig()), **given, "contrast_epochs": 0, "epochs": 1}
    assert re.fullmatch(r"\d{8}-\d{6}", version)  # the date and the time


def _of_no_student(config):
    return {name: v for name, v in asdict(config).items() if name not in ("teacher", "layers")}


def read_until(terminal, pattern, *, deadline):
    """Read what a program shows until it shows the pattern, or ends; what it showed."""
    shown = ""
    while not re.search(pattern, shown):
        left = deadline - time.monotonic()
        assert left > 0, f"{pattern} was not shown in time: …{shown[-2_000:]}"
        if not select.select([terminal], [], [], left)[0]:
            continue
        try:
            shown += os.read(terminal, 65_536).decode(errors="replace")
        except OSError:  # the program has closed its end
            break
    return shown


def test_ctrl_c_ends_training_early_and_publishes_what_was_learnt(tmp_path):
    path = write_jsonl(tmp_path / "rows.jsonl", rows(300))
    options = ["--base", tiny_base(), "--root", str(tmp_path / "artifacts"), "--version", "early"]
    command = [sys.executable, "-m", "training.train", str(path), *options, *FAST]
    ours, its = pty.openpty()  # a terminal, so that the progress bar is drawn
    with subprocess.Popen(
        [*command, "--epochs", "100000"],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TERM": "xterm", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        stdout=its,
        stderr=its,
        # A suite that was started in the background ignores Ctrl-C, and so would its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        os.close(its)
        try:
            deadline = time.monotonic() + 300
            read_until(ours, r" [1-9]\d*/\d{6}", deadline=deadline)  # some steps are done
            process.send_signal(signal.SIGINT)
            said = read_until(ours, r"(?!)", deadline=deadline)
            code = process.wait(timeout=60)
        finally:
            process.kill()
            os.close(ours)

    assert code == 0, said[-2_000:]
    assert "ended early by Ctrl-C" in said
    manifest = verify(tmp_path / "artifacts" / "early")
    assert manifest.facts["finished"] is False
    raw = json.loads((tmp_path / "artifacts" / "early" / "manifest.json").read_text())
    assert raw["facts"]["finished"] is False
    (prediction,) = registry.load(tmp_path / "artifacts", "early", threads=1).predict(["price"])
    assert prediction.model_version == "early"

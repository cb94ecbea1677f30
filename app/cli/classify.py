"""`inlet classify`: one text, or a JSONL file in and another out."""

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TextIO

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.cli.output import err, out, print_json, say, told_errors
from app.errors import MessageRejected, Refused
from app.loading import load_classifier
from app.settings import load_settings
from models.classifier import IntentClassifier
from models.evidence import Asked, Evidence, explained, find_evidence
from models.prediction import Prediction
from models.text.compose import compose_text

_BAR_CHARS = 30  # of a probability of 1
_CHUNK = 256  # rows read, classified and written together

_Found = tuple[Prediction, Mapping[str, Evidence] | None]


def classify(
    text: Annotated[str, typer.Argument(help="a text, - for standard input, or a .jsonl file")],
    output: Annotated[
        Path | None, typer.Argument(help="where predictions of a .jsonl file go, one a line")
    ] = None,
    subject: Annotated[str, typer.Option(help="of the one text")] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="name the sentence that carries each label")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Say what the sender of a message wants; nothing is stored and no service is needed."""
    with told_errors():
        if output is None and text.endswith(".jsonl"):
            raise Refused(f"say where the predictions go: inlet classify {text} predictions.jsonl")
        classifier = load_classifier(load_settings())
        if output is not None:
            count = classify_file(classifier, Path(text), output, explain=explain)
            say(f"{count} predictions in {output}")
            return
        message = (subject, _standard_input() if text == "-" else text)
        if not compose_text(*message):
            raise MessageRejected("the text is empty", code="empty_text")
        (found,) = _classified(classifier, [message], explain=explain)
    if as_json:
        print_json(_as_dict(*found))
    else:
        show(*found)


def show(prediction: Prediction, evidence: Mapping[str, Evidence] | None = None) -> None:
    """Print a prediction for a person: bars for intents, then signals, then what carries it."""
    for intent, probability in sorted(prediction.intents.items(), key=lambda item: -item[1]):
        counts = intent in prediction.labels
        bar = "█" * round(probability * _BAR_CHARS)
        line = f"{'✔' if counts else ' '} {intent:<13} {probability:6.1%} {bar}"
        out.print(line, style="green" if counts else None)
    signals = "  ".join(f"{head}: {s.label}" for head, s in prediction.signals.items())
    out.print(f"{signals}  language: {prediction.language}", style="dim")
    if prediction.abstained:
        why = "no intent is sure enough" if prediction.readable else "the language was not learnt"
        out.print(f"abstained: {why}; a person should look", style="yellow")
    for label, one in (evidence or {}).items():
        out.print(f"{label}: “{one.sentence}” ({one.field}, {one.weight:.0%})")


def classify_file(
    classifier: IntentClassifier, source: Path, target: Path, *, explain: bool = False
) -> int:
    """Write one prediction a line for each row of a JSONL file, or nothing at all.

    Raises:
        MessageRejected: A row cannot be read; says which line and why.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise Refused("the predictions would replace the messages: give another file")
    building = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        with (
            source.open("rb") as rows,
            building.open("w", encoding="utf-8") as lines,
            _bar() as bar,
        ):
            done = _write_predictions(classifier, _Files(rows, lines, bar), explain=explain)
        building.replace(target)
    finally:
        building.unlink(missing_ok=True)
    return done


@dataclass(frozen=True, slots=True)
class _Files:
    """What a file of messages is turned into, and how far that is."""

    rows: BinaryIO
    lines: TextIO
    bar: Progress


def _write_predictions(classifier: IntentClassifier, files: _Files, *, explain: bool) -> int:
    """Classify chunk by chunk, so that a file of any size fits; says how many there were."""
    done = 0
    task = files.bar.add_task("classifying", total=os.fstat(files.rows.fileno()).st_size)
    rows = _rows(files.rows)
    while chunk := list(islice(rows, _CHUNK)):
        messages = [(row.get("subject") or "", row["text"]) for row in chunk]
        found = _classified(classifier, messages, explain=explain)
        for row, one in zip(chunk, found, strict=True):
            files.lines.write(_line(row, *one))
        done += len(chunk)
        files.bar.update(task, completed=files.rows.tell())
    return done


def _classified(
    classifier: IntentClassifier, messages: Sequence[tuple[str, str]], *, explain: bool
) -> list[_Found]:
    """Classify messages, each a subject and a text, and say why if that is wanted."""
    predictions = classifier.predict([compose_text(*message) for message in messages])
    if not explain:
        return [(prediction, None) for prediction in predictions]
    asked = [Asked.about(*one, said) for one, said in zip(messages, predictions, strict=True)]
    evidence = find_evidence(
        asked, lambda texts: [said.intents for said in classifier.predict(texts)]
    )
    return list(zip(predictions, evidence, strict=True))


def _as_dict(prediction: Prediction, evidence: Mapping[str, Evidence] | None) -> dict[str, Any]:
    return prediction.as_dict() if evidence is None else explained(prediction, evidence)


def _rows(rows: BinaryIO) -> Iterator[Mapping[str, Any]]:
    """Read rows; blank lines are passed over."""
    for number, line in enumerate(iter(rows.readline, b""), start=1):
        if not line.strip():
            continue
        row = _row(line)
        if row is None or not compose_text(row.get("subject") or "", row["text"]):
            raise MessageRejected(
                f"line {number}: needs a JSON object in UTF-8 with a `text` that is not blank"
            )
        yield row


def _row(line: bytes) -> dict[str, Any] | None:
    """Read a line; None where it is no object with a text, and an id that can be written back."""
    try:
        row = json.loads(line.decode("utf-8-sig"))
        if not isinstance(row, dict):
            return None
        json.dumps(row.get("id"), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):  # a lone surrogate is a ValueError as well
        return None
    texts = isinstance(row.get("text"), str) and isinstance(row.get("subject"), str | None)
    return row if texts else None


def _standard_input() -> str:
    """Read the text from a pipe."""
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig")
    except ValueError as error:
        raise MessageRejected("standard input is not UTF-8", code="not_utf8") from error


def _line(
    row: Mapping[str, Any], prediction: Prediction, evidence: Mapping[str, Evidence] | None
) -> str:
    """One line of the output: the row's id, then the prediction."""
    identified = {"id": row["id"]} if "id" in row else {}
    return json.dumps({**identified, **_as_dict(prediction, evidence)}, ensure_ascii=False) + "\n"


def _bar() -> Progress:
    """A progress bar over the bytes of a file."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, TimeRemainingColumn(), console=err, disable=not err.is_terminal)

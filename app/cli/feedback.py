"""`inlet feedback`: what people said of messages, as examples to learn from."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from app.cli.output import print_json, say, told_errors
from app.errors import Refused
from app.parts import open_database_of, utc_now
from app.replies.examples import examples_of, seen_in
from app.replies.redaction import redacted
from app.settings import Settings, load_settings
from app.sla import since_of
from app.storage import feedback as stored
from models import registry
from models.artifact import READING, read_artifact
from models.text.reading import Reading, parse_reading

app = typer.Typer(help="What people said of messages: export it.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `export` a command of its own: typer runs a lone one without its name."""


@app.command()
def export(
    file: Annotated[
        Path | None,
        typer.Argument(help="where the rows go, e.g. data/corrected.jsonl; left out: to stdout"),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="what was said since: 12h, 30d, 8w ago, or a date")
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option(help="leave out texts of this file; default: of data/*.jsonl, as in training"),
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="replace names, addresses, phone and account numbers")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="replace the file")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write corrected messages as rows to train on: `python -m training.train` reads them.

    They hold what senders wrote. Only labels that somebody gave count, the newest of a message;
    of messages with the same text one is written, and none that stands in the data already.
    """
    with told_errors():
        if file is None and as_json:
            raise Refused("--json tells of a file: name one, or read the rows themselves")
        settings = load_settings()
        start = None if since is None else since_of(since, utc_now())
        seen = seen_in(_data_files(known, file))
        redaction = partial(redacted, reading=_reading(settings)) if redact else None
        with closing(open_database_of(settings)) as database, database.read() as conn:
            found = stored.corrections(conn, since=start)
            rows = examples_of(found, seen=seen, redact=redaction)
            count = _echo_rows(rows) if file is None else write_rows(file, rows, force=force)
    if as_json:
        print_json({"rows": count, "already_there": seen.left_out, "file": str(file)})
    else:
        say(_told(count, seen.left_out, file))


def _data_files(known: Sequence[Path] | None, target: Path | None) -> list[Path]:
    """Name the files whose texts are left out; never the one that is written."""
    files = sorted(Path("data").glob("*.jsonl")) if known is None else known
    return [one for one in files if target is None or one.resolve() != target.resolve()]


def _reading(settings: Settings) -> Reading:
    """Give the words that the live model tells names from; the shipped one's where it has none."""
    _, contents = read_artifact(settings.artifacts / registry.live_version(settings.artifacts))
    if READING not in contents:
        _, contents = read_artifact(registry.SHIPPED / registry.DEFAULT)
    return parse_reading(contents[READING])


def _told(count: int, left_out: int, file: Path | None) -> str:
    there = f"; {left_out} stand in the data already" if left_out else ""
    if count:
        return f"{count} rows{'' if file is None else f' in {file}'}{there}"
    return (
        f"no row to write{there}" if left_out else "nobody has corrected a label: nothing written"
    )


def _echo_rows(rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows to stdout; gives how many they were."""
    count = 0
    for count, row in enumerate(rows, start=1):  # noqa: B007  how many is the answer
        print_json(row)
    return count


def write_rows(target: Path, rows: Iterable[Mapping[str, Any]], *, force: bool) -> int:
    """Write rows as JSON, one a line, or nothing at all; no file where there are none.

    Returns:
        How many they were.

    Raises:
        Refused: The file is there already, and is not to be replaced.
    """
    building = target.with_name(f".{target.name}-{os.getpid()}")
    building.unlink(missing_ok=True)
    count = 0
    try:
        with _private(building) as lines:
            for row in rows:
                lines.write(json.dumps(row, ensure_ascii=False) + "\n")
                count += 1
        if count:
            _publish(building, target, force=force)
    finally:
        building.unlink(missing_ok=True)
    return count


def _private(path: Path) -> TextIO:
    """Make a file that only its owner reads: it holds what people wrote."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", -1, "utf-8")


def _publish(building: Path, target: Path, *, force: bool) -> None:
    """Move a whole file into place."""
    if not force:
        try:
            target.open("x").close()  # of two who export at once, one has the name
        except FileExistsError:
            raise Refused(f"{target} is there already: give another file, or --force") from None
    building.replace(target)

"""`inlet feedback`: what people said of messages, as examples to learn from."""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from app.cli.output import print_json, say, told_errors
from app.errors import Refused
from app.parts import open_database_of, utc_now
from app.replies.feedback import examples_of
from app.settings import load_settings
from app.sla import since_of
from app.storage import feedback as stored

app = typer.Typer(help="What people said of messages: export it.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `export` a command of its own: typer runs a lone one without its name."""


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="where the rows go, e.g. data/corrected.jsonl")],
    since: Annotated[
        str | None, typer.Option(help="what was said since: 12h, 30d, 8w ago, or a date")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace the file")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write corrected messages as rows to train on: `python -m training.train` reads them.

    They hold what senders wrote. Only labels that somebody gave count, the newest of a message;
    of messages with the same text one is written.
    """
    with told_errors():
        start = None if since is None else since_of(since, utc_now())
        with closing(open_database_of(load_settings())) as database, database.read() as conn:
            count = write_rows(
                file, examples_of(stored.corrections(conn, since=start)), force=force
            )
    if as_json:
        print_json({"rows": count, "file": str(file)})
    else:
        say(f"{count} rows in {file}" if count else "nobody has corrected a label: no file written")


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

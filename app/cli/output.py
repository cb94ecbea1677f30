"""How commands speak: tables for people, JSON for scripts, errors with a mend and exit code 1."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.errors import AppError
from models.errors import ModelError

out = Console(soft_wrap=True, highlight=False, markup=False)  # what is printed may hold brackets
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)


def say(sentence: str, *, style: str | None = None) -> None:
    """Tell a person something beside the answer: on stderr, as it stands."""
    err.print(sentence, style=style)


def print_json(value: Any) -> None:
    """Print a value for a script."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def print_rows(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for a person; the first column, what one copies, is never shortened."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number == 0, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    out.print(table, soft_wrap=False)


@contextmanager
def told_errors() -> Iterator[None]:
    """Turn an expected error into its sentence and exit code 1."""
    try:
        yield
    except BrokenPipeError:
        raise  # who read our answer has left; nobody is to be told
    except OSError as error:
        _tell(f"{error.filename or 'the system'}: {error.strerror or error}")
        raise typer.Exit(1) from error
    except (AppError, ModelError) as error:
        _tell(str(error))
        raise typer.Exit(1) from error


def _tell(sentence: str) -> None:
    err.print(Text.assemble(("error: ", "bold red"), sentence))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(entry) for entry in value)
    return str(value)

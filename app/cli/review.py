"""`inlet review`: which messages a person should look at first."""

from contextlib import closing
from typing import Annotated, Any

import typer

from app.cli.output import print_json, print_rows, say, told_errors
from app.parts import open_database_of, utc_now
from app.replies import reviewing
from app.replies.reviewing import Page
from app.settings import load_settings
from app.storage.review import Waiting

_SHOWN_CHARS = 60  # of a message, in the table
_COLUMNS = ("message", "kind", "margin", "labels", "received", "begins")


def review(
    kind: Annotated[
        str | None, typer.Option(help="only those of this primary intent, or abstained")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 20,
    after: Annotated[str | None, typer.Option(help="the page after this one, as it said")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List the messages of which the model is least sure and nobody has said anything.

    Say what holds by the links of an alert or by POST /v1/messages/{id}/feedback.
    """
    with told_errors():
        cursor = None if after is None else reviewing.read_cursor(after)
        with closing(open_database_of(load_settings())) as database, database.read() as conn:
            found = reviewing.page(conn, now=utc_now(), after=cursor, kind=kind, limit=limit)
    if as_json:
        print_json(_facts(found))
        return
    if not found.waiting:
        say("No message waits for review.")
        return
    print_rows("review", _COLUMNS, [_row(one) for one in found.waiting])
    if found.after is not None:
        say(f"There may be more: inlet review --limit {limit} --after {found.after}")


def _facts(found: Page) -> dict[str, Any]:
    return {
        "review": [_row_facts(one) for one in found.waiting],
        "kinds": [{"kind": one.kind, "told": one.told, "wrong": one.wrong} for one in found.doubts],
        "after": None if found.after is None else str(found.after),
    }


def _row_facts(one: Waiting) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "kind": one.kind,
        "margin": one.margin,
        "labels": list(one.prediction["labels"]),
        "received_at": one.received_at.isoformat(),
        "subject": one.subject,
        "excerpt": one.excerpt,
    }


def _row(one: Waiting) -> tuple[object, ...]:
    begins = " ".join(f"{one.subject} {one.excerpt}".split())
    return (
        one.message_id,
        one.kind,
        f"{one.margin:.4f}",
        one.prediction["labels"],
        f"{one.received_at:%Y-%m-%d %H:%M}",
        begins if len(begins) <= _SHOWN_CHARS else f"{begins[: _SHOWN_CHARS - 1]}…",
    )

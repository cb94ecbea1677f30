"""`inlet sessions`: who is signed in to the pages, and to sign them out."""

from contextlib import closing
from typing import Annotated

import typer

from app.cli.output import print_json, print_rows, say, told_errors
from app.errors import NotFound, Refused
from app.parts import open_database_of, utc_now
from app.settings import load_settings
from app.storage import sessions as stored

app = typer.Typer(help="Who is signed in to the pages: list, end.", no_args_is_help=True)


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List who is signed in; what their browsers keep is not stored."""
    with (
        told_errors(),
        closing(open_database_of(load_settings())) as database,
        database.read() as conn,
    ):
        found = stored.holding(conn, utc_now())
    rows = [
        {
            "id": session.id,
            "name": session.name,
            "role": session.role.value,
            "since": session.created_at.isoformat(),
            "last_seen_at": session.seen_at.isoformat(),
        }
        for session in found
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(
            "Signed in",
            ["id", "name", "role", "since", "last seen"],
            [[*row.values()] for row in rows],
        )


@app.command()
def end(
    session_id: Annotated[str | None, typer.Argument(help="ses_…")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="sign everybody out")] = False,
) -> None:
    """Sign somebody out, at once and in every tab of that browser."""
    with told_errors():
        if everybody == (session_id is not None):
            raise Refused("give the id of a session, or --all; `inlet sessions list` has them")
        with closing(open_database_of(load_settings())) as database, database.write() as conn:
            if session_id is None:
                count = stored.end_all(conn, utc_now())
            else:
                count = int(stored.end(conn, session_id, utc_now()))
        if session_id is not None and not count:
            raise NotFound("there is no such session, or it is ended already")
    say(f"{count} ended")

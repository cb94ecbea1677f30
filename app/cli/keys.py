"""`inlet keys`: who may call the service."""

from contextlib import closing
from typing import Annotated

import typer

from app.api.auth import ADMIN, SCOPES
from app.api.new_keys import make_key, state_of
from app.cli.output import print_json, print_rows, say, told_errors
from app.errors import NotFound
from app.parts import open_database_of, utc_now
from app.settings import load_settings
from app.storage import keys as stored_keys

app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="what the key is for")],
    scope: Annotated[
        list[str] | None, typer.Option(help=f"one of {', '.join(sorted(SCOPES))}; repeatable")
    ] = None,
    expires_days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="days; default: never")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Make a key and show it once; without --scope it may do everything."""
    with told_errors():
        made = make_key(name, scope or [ADMIN], expires_days=expires_days, now=utc_now())
        with closing(open_database_of(load_settings())) as database, database.write() as conn:
            stored_keys.add(conn, made.key, sha256=made.sha256)
    if as_json:
        scopes = sorted(made.key.scopes)
        print_json({"id": made.key.id, "key": made.plaintext, "scopes": scopes})
        return
    say("Keep it now: only its digest is stored. Send it as `Authorization: Bearer …`.")
    typer.echo(made.plaintext)


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List keys by what they are for; the keys themselves are not stored."""
    with (
        told_errors(),
        closing(open_database_of(load_settings())) as database,
        database.read() as conn,
    ):
        found = stored_keys.all_keys(conn)
    rows = [
        {
            "id": key.id,
            "name": key.name,
            "prefix": key.prefix,
            "scopes": sorted(key.scopes),
            "state": state_of(key, utc_now()),
            "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
        }
        for key in found
    ]
    if as_json:
        print_json(rows)
    else:
        print_rows(
            "API keys",
            ["id", "name", "begins", "scopes", "state", "last used"],
            [[*row.values()] for row in rows],
        )


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="key_…")]) -> None:
    """Take a key back; services follow within seconds."""
    with told_errors():
        with closing(open_database_of(load_settings())) as database, database.write() as conn:
            known = stored_keys.revoke(conn, key_id, utc_now())
        if not known:
            raise NotFound("there is no such key, or it is revoked already")
    say("revoked")

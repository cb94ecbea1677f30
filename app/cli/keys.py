"""`inlet keys`: who may call the service."""

from contextlib import closing
from datetime import timedelta
from typing import Annotated

import typer

from app.api.auth import ADMIN, SCOPES, new_key
from app.cli.output import print_json, print_rows, say, told_errors
from app.domain import ApiKey, new_id
from app.errors import NotFound, Refused
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
        scopes = frozenset(scope or [ADMIN])
        if unknown := scopes.difference(SCOPES):
            raise Refused(f"unknown scope {min(unknown)}; there are {', '.join(sorted(SCOPES))}")
        if not name.strip():
            raise Refused("the name is empty")
        plaintext, digest, prefix = new_key()
        now = utc_now()
        key = ApiKey(
            id=new_id("key", now),
            name=name,
            prefix=prefix,
            scopes=scopes,
            created_at=now,
            expires_at=now + timedelta(days=expires_days) if expires_days else None,
            revoked_at=None,
            last_used_at=None,
        )
        with closing(open_database_of(load_settings())) as database, database.write() as conn:
            stored_keys.add(conn, key, sha256=digest)
    if as_json:
        print_json({"id": key.id, "key": plaintext, "scopes": sorted(scopes)})
        return
    say("Keep it now: only its digest is stored. Send it as `Authorization: Bearer …`.")
    typer.echo(plaintext)


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
            "state": _state(key),
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


def _state(key: ApiKey) -> str:
    """Whether a key is taken, in a word."""
    if key.revoked_at:
        return "revoked"
    return "expired" if key.expires_at and key.expires_at <= utc_now() else "active"

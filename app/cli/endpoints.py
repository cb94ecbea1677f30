"""`inlet endpoints`: the receivers of webhooks."""

from contextlib import closing
from typing import Annotated

import typer

from app.cli.endpoint_test import send_test
from app.cli.output import print_json, print_rows, say, told_errors
from app.domain import Endpoint, new_id
from app.errors import Duplicate, Refused
from app.main import guard_of, open_database_of, utc_now
from app.settings import load_settings
from app.storage import endpoints as stored
from app.webhook.signing import new_secret, secret_key

app = typer.Typer(help="Receivers of webhooks: add, list, test.", no_args_is_help=True)
app.command("test")(send_test)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="as the policy calls it, e.g. sales")],
    url: Annotated[str, typer.Argument(help="where events are posted to")],
    secret: Annotated[
        str | None, typer.Option(help="whsec_…; default: a new one, shown once")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Add a receiver; its address is checked now and again at every attempt."""
    with told_errors():
        settings = load_settings()
        guard_of(settings).check_url(url)
        endpoint = _new_endpoint(name, url, secret or new_secret())
        try:
            with closing(open_database_of(settings)) as database, database.write() as conn:
                stored.add(conn, endpoint)
        except Duplicate as error:
            raise Refused("there is an endpoint of that name already") from error
    if as_json:
        print_json({"id": endpoint.id, "name": name, "secret": endpoint.secrets[0]})
        return
    say(f"{name} added. Its secret, which the receiver needs to verify signatures:")
    typer.echo(endpoint.secrets[0])


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List receivers; secrets are not shown."""
    with (
        told_errors(),
        closing(open_database_of(load_settings())) as database,
        database.read() as conn,
    ):
        found = stored.all_endpoints(conn)
    rows = [{"id": e.id, "name": e.name, "url": e.url, "enabled": e.enabled} for e in found]
    if as_json:
        print_json(rows)
    else:
        print_rows("endpoints", ["id", "name", "URL", "enabled"], [[*row.values()] for row in rows])


def _new_endpoint(name: str, url: str, secret: str) -> Endpoint:
    """Check what was typed."""
    try:
        secret_key(secret)
    except ValueError as error:
        raise Refused(f"--secret: {error}") from error
    if not name.strip():
        raise Refused("the name is empty")
    now = utc_now()
    return Endpoint(
        id=new_id("ep", now), name=name, url=url, secrets=(secret,), enabled=True, created_at=now
    )

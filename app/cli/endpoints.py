"""`inlet endpoints`: the receivers of events."""

import re
from contextlib import closing
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from app.cli import endpoint_changes
from app.cli.endpoint_test import send_test
from app.cli.output import print_json, print_rows, say, told_errors
from app.domain import Endpoint
from app.errors import Duplicate, Refused
from app.parts import guard_of, open_database_of, utc_now
from app.settings import load_settings
from app.storage import endpoints as stored
from app.storage import outbox
from app.webhook.breaker import Standing, standing_of
from app.webhook.enrolment import IN_FLIGHT, SIGNED, Wanted, enrolled, read_options
from app.webhook.rendering import FORMATS, shown_options
from app.webhook.signing import new_secret

app = typer.Typer(
    help="Receivers of events: add, list, test, pause, limit, rotate their secrets.",
    no_args_is_help=True,
)
app.command("test")(send_test)
app.command("pause")(endpoint_changes.pause)
app.command("resume")(endpoint_changes.resume)
app.command("enable")(endpoint_changes.enable)
app.command("disable")(endpoint_changes.disable)
app.command("limits")(endpoint_changes.limits)
app.command("rotate")(endpoint_changes.rotate)

_STANDS = {
    Standing.ENABLED: "on",
    Standing.FAILING: "on",
    Standing.HALF_OPEN: "tried with one delivery next",
}
_PASSWORD = re.compile(r"(?<=://)([^:/@]*):[^/]*@")  # of a mail server


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="as the policy calls it, e.g. sales")],
    url: Annotated[str, typer.Argument(help="where events are sent")],
    format: Annotated[
        str, typer.Option(help=f"how events are written: {', '.join(FORMATS)}")
    ] = "webhook",
    option: Annotated[
        list[str] | None, typer.Option(help="key=value, of the format; repeatable")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(help="whsec_…; default: a new one, shown once")
    ] = None,
    rate: Annotated[
        float | None, typer.Option(help="attempts a second of each worker; default: no limit")
    ] = None,
    in_flight: Annotated[
        int, typer.Option(help="attempts at the same time of each worker")
    ] = IN_FLIGHT,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Add a receiver; its address is checked now and again at every attempt."""
    with told_errors():
        settings = load_settings()
        endpoint_changes.check_limits(rate, in_flight)
        wanted = Wanted(
            name=name,
            url=url,
            secret=endpoint_changes.checked_secret(secret) if secret else new_secret(),
            format=format,
            options=read_options(option or (), called="--option"),
            rate_per_s=rate,
            max_in_flight=in_flight,
        )
        endpoint = enrolled(wanted, guard_of(settings), now=utc_now())
        try:
            with closing(open_database_of(settings)) as database, database.write() as conn:
                stored.add(conn, endpoint)
        except Duplicate as error:
            raise Refused("there is an endpoint of that name already") from error
    _tell_added(endpoint, as_json)


@app.command("list")
def show(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List receivers and how they are; secrets are not shown."""
    with (
        told_errors(),
        closing(open_database_of(load_settings())) as database,
        database.read() as conn,
    ):
        found = stored.all_endpoints(conn)
        waiting = outbox.waiting_by_endpoint(conn)
    now = utc_now()
    rows = [_row(endpoint, waiting.get(endpoint.id, 0), now) for endpoint in found]
    if as_json:
        print_json(rows)
        return
    columns = ["name", "format", "host", "state", "waiting"]
    shown = [
        row | {"host": urlsplit(row["url"]).netloc.rpartition("@")[2]} for row in rows
    ]  # a chat's whole URL is a key
    print_rows("endpoints", columns, [[row[column] for column in columns] for row in shown])


def _row(endpoint: Endpoint, waiting: int, now: datetime) -> dict[str, Any]:
    since, until = endpoint.failing_since, endpoint.open_until
    return {
        "id": endpoint.id,
        "name": endpoint.name,
        "url": _PASSWORD.sub(r"\1:***@", endpoint.url),
        "enabled": endpoint.enabled,
        "format": endpoint.format,
        "options": shown_options(endpoint.format, endpoint.options),
        "state": _state(endpoint, now),
        "paused": endpoint.paused,
        "failures": endpoint.failures,
        "failing_since": since and since.isoformat(timespec="seconds"),
        "open_until": until and until.isoformat(timespec="seconds"),
        "waiting": waiting,
        "rate_per_s": endpoint.rate_per_s,
        "max_in_flight": endpoint.max_in_flight,
        "retired_secrets": sum(1 for one in endpoint.retired if one.until > now),
    }


def _state(endpoint: Endpoint, now: datetime) -> str:
    """Say how an endpoint is, in a few words."""
    standing, until = standing_of(endpoint, now), endpoint.open_until
    if standing is Standing.OPEN and until is not None:
        return f"not tried until {until.isoformat(timespec='seconds')}"
    return _STANDS.get(standing, standing.value)


def _tell_added(endpoint: Endpoint, as_json: bool) -> None:
    if as_json:
        secret = endpoint.secrets[0]
        print_json({"id": endpoint.id, "name": endpoint.name, "secret": secret})
        return
    if endpoint.format not in SIGNED:
        say(f"{endpoint.name} added. Try it: inlet endpoints test {endpoint.name}")
        return
    say(f"{endpoint.name} added. Its secret, which the receiver needs to verify signatures:")
    typer.echo(endpoint.secrets[0])

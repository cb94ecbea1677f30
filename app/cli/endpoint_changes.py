"""`inlet endpoints pause`, `resume`, `enable`, `disable`, `limits`, `rotate`: change a receiver."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from app.cli.output import print_json, say, told_errors
from app.cli.times import duration_of
from app.domain import Endpoint
from app.errors import NotFound, Refused
from app.parts import open_database_of, utc_now
from app.settings import load_settings
from app.storage import endpoints, outbox
from app.storage.engine import Connection
from app.webhook.rotation import rotated
from app.webhook.signing import new_secret, secret_key

_MOST_IN_FLIGHT = 32  # a worker has no more threads
_MOST_RATE = 1_000.0
_LONGEST_GRACE = timedelta(days=30)

Name = Annotated[str, typer.Argument(help="of the endpoint")]


def pause(name: Name) -> None:
    """Let what is for a receiver wait; new events wait with it."""
    _change(name, lambda conn, one: endpoints.set_paused(conn, one.id, True))
    say(f"{name} is paused: what is for it waits. `inlet endpoints resume {name}` sends it.")


def resume(name: Name) -> None:
    """Send what waits for a paused receiver, at its rate."""
    _change(name, lambda conn, one: endpoints.set_paused(conn, one.id, False))
    say(f"{name} goes on")


def enable(name: Name) -> None:
    """Let events go to a receiver again that was disabled; what failed is forgotten."""
    _change(name, lambda conn, one: endpoints.set_enabled(conn, one.id, True))
    say(
        f"{name} is enabled. What was given up meanwhile is sent by "
        f"`inlet deliveries replay --endpoint {name} --status suppressed --since …`"
    )


def disable(name: Name) -> None:
    """Send a receiver nothing more, and give up what waits for it."""
    suppressed = 0

    def stop(conn: Connection, one: Endpoint) -> None:
        nonlocal suppressed
        endpoints.set_enabled(conn, one.id, False)
        suppressed = outbox.suppress(conn, one.id)

    _change(name, stop)
    say(f"{name} is disabled; {suppressed} deliveries that waited for it are given up")


def limits(
    name: Name,
    rate: Annotated[
        float | None, typer.Option(help="attempts a second of each worker; 0: no limit")
    ] = None,
    in_flight: Annotated[
        int | None, typer.Option(help="attempts at the same time of each worker")
    ] = None,
) -> None:
    """Change how much goes to a receiver at a time; what is not given stays."""

    def change(conn: Connection, one: Endpoint) -> None:
        given = one.rate_per_s if rate is None else (rate or None)
        places = one.max_in_flight if in_flight is None else in_flight
        check_limits(given, places)
        endpoints.set_limits(conn, one.id, rate_per_s=given, max_in_flight=places)

    _change(name, change)
    say(f"{name} has its new limits; workers follow at once")


def rotate(
    name: Name,
    grace: Annotated[
        str, typer.Option(help="for which the old secret signs too: 30m, 24h, 7d; 0s: not")
    ] = "24h",
    secret: Annotated[str | None, typer.Option(help="whsec_…; default: a new one")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Give a receiver a new secret, shown once; for a while every attempt has both signatures."""
    with told_errors():
        period = duration_of(grace, most=_LONGEST_GRACE, option="--grace")
        new = checked_secret(secret) if secret else new_secret()
        now = utc_now()
        with _changed(name) as (conn, one):
            endpoints.keep_secrets(conn, rotated(one, new, now=now, grace=period))
    until = (now + period).isoformat(timespec="seconds")
    if as_json:
        print_json({"name": name, "secret": new, "old_until": until})
        return
    say(f"{name} has a new secret. The old one signs too until {until}. The new one:")
    typer.echo(new)


def checked_secret(secret: str) -> str:
    """Give a secret back that somebody typed.

    Raises:
        Refused: It is none.
    """
    try:
        secret_key(secret)
    except ValueError as error:
        raise Refused(f"--secret: {error}") from error
    return secret


def check_limits(rate: float | None, in_flight: int) -> None:
    """Refuse limits under which nothing would go out, or that mean nothing."""
    if rate is not None and not 0.001 <= rate <= _MOST_RATE:
        raise Refused(f"--rate must be from 0.001 to {_MOST_RATE:.0f} attempts a second")
    if not 1 <= in_flight <= _MOST_IN_FLIGHT:
        raise Refused(f"--in-flight must be from 1 to {_MOST_IN_FLIGHT}")


def _change(name: str, change: Callable[[Connection, Endpoint], object]) -> None:
    with told_errors(), _changed(name) as (conn, one):
        change(conn, one)


@contextmanager
def _changed(name: str) -> Iterator[tuple[Connection, Endpoint]]:
    """Give a transaction with the endpoint's row in hand."""
    with closing(open_database_of(load_settings())) as database, database.write() as conn:
        endpoint = endpoints.find(conn, name, to_change=True)
        if endpoint is None:
            raise NotFound("there is no endpoint of that name; `inlet endpoints list` shows them")
        yield conn, endpoint

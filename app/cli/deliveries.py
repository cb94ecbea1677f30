"""`inlet deliveries`: what went out to receivers, and sending it again."""

from contextlib import closing
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.cli.output import err, out, print_json, print_rows, say, told_errors
from app.cli.times import moment_of
from app.domain import Attempt, Delivery, DeliveryStatus
from app.errors import NotFound, Refused
from app.parts import open_database_of, utc_now
from app.settings import load_settings
from app.storage import endpoints, outbox, replays
from app.storage.engine import Database

app = typer.Typer(help="What went out to receivers: list, show, replay.", no_args_is_help=True)

_MOST = 10_000_000  # of one replay: more than anybody has
_TIME = "12h, 30d or 8w ago, or a date such as 2026-11-01"


@app.command("list")
def show_many(
    status: Annotated[DeliveryStatus | None, typer.Option(help="only those that stand so")] = None,
    endpoint: Annotated[str | None, typer.Option(help="only those to this one, by name")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000)] = 50,
    before: Annotated[str | None, typer.Option(help="dlv_…: the page after this one")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """List deliveries, newest first."""
    with told_errors(), closing(open_database_of(load_settings())) as database:
        names = _names(database)
        with database.read() as conn:
            found = outbox.listed(
                conn,
                status=status,
                endpoint_id=_id_of(names, endpoint),
                limit=limit,
                before=before,
            )
    rows = [_row(delivery, names) for delivery in found]
    if as_json:
        print_json(rows)
        return
    columns = ["id", "endpoint", "event_type", "status", "attempts", "due", "made"]
    print_rows("deliveries", columns, [[row[column] for column in columns] for row in rows])


@app.command()
def show(
    delivery_id: Annotated[str, typer.Argument(help="dlv_…")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show a delivery and every attempt at it."""
    with told_errors(), closing(open_database_of(load_settings())) as database:
        names = _names(database)
        with database.read() as conn:
            found = outbox.find(conn, delivery_id)
            made = outbox.attempts_of(conn, delivery_id)
        if found is None:
            raise NotFound("there is no delivery with this id")
    row, tries = _row(found, names), [_attempt(one) for one in made]
    if as_json:
        print_json({**row, "history": tries})
        return
    for key, value in row.items():
        out.print(f"{key}: {'' if value is None else value}")
    columns = ["number", "at", "status_code", "error_code", "duration_ms", "answer"]
    print_rows("attempts", columns, [[one[column] for column in columns] for one in tries])


@app.command()
def replay(
    delivery_id: Annotated[str | None, typer.Argument(help="dlv_…: this one alone")] = None,
    endpoint: Annotated[str | None, typer.Option(help="those to this one, by name")] = None,
    since: Annotated[str | None, typer.Option(help=f"made since: {_TIME}")] = None,
    until: Annotated[str | None, typer.Option(help=f"made before: {_TIME}")] = None,
    status: Annotated[
        DeliveryStatus, typer.Option(help="those that stand so")
    ] = DeliveryStatus.DEAD,
    limit: Annotated[int, typer.Option(min=1, help="how many, at most")] = _MOST,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Send a delivery again, or those of an endpoint, a range of time, or both."""
    with told_errors(), closing(open_database_of(load_settings())) as database:
        now = utc_now()
        if delivery_id is not None:
            if endpoint or since or until:
                raise Refused("give the id of one delivery, or a range; not both")
            count = _replay_one(database, delivery_id, now)
        elif not (endpoint or since or until):
            raise Refused("say which: the id of one, or --endpoint, --since, --until")
        else:
            wanted = replays.Wanted(
                status=status,
                endpoint_id=_listening(database, endpoint),
                since=moment_of(since, now=now, option="--since"),
                until=moment_of(until, now=now, option="--until"),
            )
            count = _replay_many(database, wanted, now, limit)
    if as_json:
        print_json({"replayed": count})
    else:
        say(f"{count} on their way; the worker sends them at each endpoint's own rate")


def _replay_one(database: Database, delivery_id: str, now: datetime) -> int:
    with database.write() as conn:
        replays.replay_one(conn, delivery_id, now=now)
    return 1


def _replay_many(database: Database, wanted: replays.Wanted, now: datetime, limit: int) -> int:
    with database.read() as conn:
        total = min(limit, replays.count(conn, wanted, now=now))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=err, disable=not err.is_terminal) as bar:
        task = bar.add_task("replaying", total=total)
        replayed = replays.replay_range(
            database, wanted, now=now, limit=limit, on_page=lambda n: bar.advance(task, n)
        )
    return replayed.count


def _names(database: Database) -> dict[str, str]:
    """Give the endpoints' names by id."""
    with database.read() as conn:
        return {endpoint.id: endpoint.name for endpoint in endpoints.all_endpoints(conn)}


def _id_of(names: dict[str, str], name: str | None) -> str | None:
    if name is None:
        return None
    found = next((id for id, known in names.items() if known == name), None)
    if found is None:
        raise NotFound("there is no endpoint of that name; `inlet endpoints list` shows them")
    return found


def _listening(database: Database, name: str | None) -> str | None:
    """Give the id of an endpoint that may be told something."""
    found = _id_of(_names(database), name)
    if found is None:
        return None
    with database.read() as conn:
        replays.check_listening(conn, found)
    return found


def _row(delivery: Delivery, names: dict[str, str]) -> dict[str, Any]:
    pending = delivery.status is DeliveryStatus.PENDING
    return {
        "id": delivery.id,
        "message_id": delivery.message_id,
        "endpoint": names.get(delivery.endpoint_id, delivery.endpoint_id),
        "event_type": delivery.event_type,
        "status": delivery.status.value,
        "attempts": delivery.attempts,
        "due": delivery.next_attempt_at.isoformat(timespec="seconds") if pending else None,
        "made": delivery.created_at.isoformat(timespec="seconds"),
    }


def _attempt(made: Attempt) -> dict[str, Any]:
    return {
        "number": made.number,
        "at": made.started_at.isoformat(timespec="milliseconds"),
        "status_code": made.answer.status_code,
        "error_code": made.answer.error_code,
        "duration_ms": round(made.answer.duration_ms, 1),
        "answer": made.answer.body_excerpt,
    }

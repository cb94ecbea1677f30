"""`inlet owners`: who takes messages, and who can take one now."""

from contextlib import closing
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from app.cli.output import print_json, print_rows, say, told_errors
from app.parts import open_database_of, utc_now
from app.routing.assigning import Presence, who_is_available
from app.routing.loading import load_policy
from app.routing.owners import Pool
from app.routing.policy import Policy
from app.settings import load_settings
from app.storage.turns import running_load

app = typer.Typer(help="People who take messages: see who can take one now.", no_args_is_help=True)


@app.callback()
def _owners() -> None:
    """Keep `show` a command of its own, also while it is the only one."""


@app.command()
def show(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """List each pool's owners: at work, absent until, left, messages that wait, next opening."""
    with told_errors():
        settings, now = load_settings(), utc_now()
        policy = load_policy(settings.policy, known_intents=None)
        with closing(open_database_of(settings)) as database, database.read() as conn:
            load = running_load(conn, list(policy.owners))
    found = [
        (pool, presence)
        for pool in policy.pools.values()
        for presence in who_is_available(pool, policy.owners, policy.calendars, at=now, load=load)
    ]
    if as_json:
        print_json([_facts(pool, presence) for pool, presence in found])
    elif found:
        _print(found)
    else:
        say(f"The policy has no pools: {_mend(policy)}.")


def _facts(pool: Pool, presence: Presence) -> dict[str, Any]:
    opens_at = presence.opens_at
    return {
        "pool": pool.name,
        "owner": presence.owner.id,
        "name": presence.owner.name,
        "weight": pool.weights.get(presence.owner.id),
        "fallback": presence.owner.id == pool.fallback,
        "available": presence.available,
        "why_not": presence.why_not,
        "load": presence.load,
        "capacity": presence.owner.capacity,
        "opens_at": None if opens_at is None else opens_at.isoformat(),
    }


def _print(found: list[tuple[Pool, Presence]]) -> None:
    rows = [
        (
            presence.owner.id,
            pool.name,
            _share(pool, presence),
            presence.why_not or "at work",
            _load(presence),
            _opening(presence),
        )
        for pool, presence in found
    ]
    print_rows("owners", ["owner", "pool", "weight", "state", "waiting", "next at work"], rows)


def _share(pool: Pool, presence: Presence) -> str:
    weight = pool.weights.get(presence.owner.id)
    told = [] if weight is None else [f"{weight:g}"]
    return ", ".join([*told, *(["fallback"] if presence.owner.id == pool.fallback else [])])


def _load(presence: Presence) -> str:
    capacity = presence.owner.capacity
    return str(presence.load) if capacity is None else f"{presence.load} of {capacity}"


def _opening(presence: Presence) -> str:
    """Say when somebody is at work next, by the clock on their wall."""
    at: datetime | None = presence.opens_at
    if at is None:
        return "never"
    if at == presence.at:
        return "now"
    if presence.calendar is None:
        return f"{at:%a %Y-%m-%d %H:%M} UTC"
    zone = presence.calendar.zone
    return f"{at.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M} {zone}"


def _mend(policy: Policy) -> str:
    if policy.owners:
        return "share its owners out in `pools`"
    return "name people in `owners` and share them out in `pools`"

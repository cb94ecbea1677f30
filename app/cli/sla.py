"""`inlet sla`: how promises of a reply were kept."""

from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from app.cli.output import print_json, print_rows, say, told_errors
from app.parts import open_database_of, utc_now
from app.routing.loading import load_policy
from app.settings import load_settings
from app.sla import By, Figures, Report, report, since_of

_COLUMNS = (
    *("sum", "in time", "median", "90 %", "median at work", "90 % at work"),
    *("open", "overdue", "lapsed", "closed"),
)
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def sla(
    since: Annotated[
        str, typer.Option(help="12h, 30d or 8w ago, or a date such as 2026-11-01")
    ] = "30d",
    by: Annotated[By, typer.Option(help="what to give figures for, beside the whole")] = By.OWNER,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Show how long it took people to take messages, and how many inside the promise."""
    with told_errors():
        settings, now = load_settings(), utc_now()
        policy = load_policy(settings.policy, known_intents=None)
        with closing(open_database_of(settings)) as database:
            found = report(database, policy, since=since_of(since, now), now=now, by=by)
    if as_json:
        print_json(found.as_dict())
        return
    if not found.whole.promises and not found.whole.closed:
        say(f"No reply was promised since {found.since:%Y-%m-%d %H:%M} UTC.")
        return
    columns, rows = _told_only([by.value, *_COLUMNS], _rows(found))
    print_rows(f"replies since {found.since:%Y-%m-%d %H:%M} UTC", columns, rows)
    if found.truncated:
        say("There are more: the oldest are left out. Choose a shorter time.")


def _told_only(
    columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> tuple[list[str], list[list[object]]]:
    """Leave out columns that say nothing in any row; whose row it is and its sum stay."""
    told = [
        n for n, _ in enumerate(columns) if n < 2 or any(row[n] not in (None, 0) for row in rows)
    ]
    return [columns[n] for n in told], [[row[n] for n in told] for row in rows]


def _rows(found: Report) -> list[Sequence[object]]:
    groups = [(name or "nobody", figures) for name, figures in found.groups]
    return [[name, *_cells(figures)] for name, figures in [*groups, ("all", found.whole)]]


def _cells(figures: Figures) -> list[object]:
    ratio = figures.inside_ratio
    return [
        figures.promises,
        None if ratio is None else f"{ratio:.0%}",
        _told(figures.median_s),
        _told(figures.p90_s),
        _told(figures.working_median_s),
        _told(figures.working_p90_s),
        figures.open,
        figures.overdue,
        figures.lapsed,
        figures.closed,
    ]


def _told(duration_s: float | None) -> str | None:
    """Write a duration in its two largest units."""
    if duration_s is None:
        return None
    rest = round(duration_s)
    told: list[str] = []
    for unit, seconds in _UNITS:
        count, rest = divmod(rest, seconds)
        if count or told:
            told.append(f"{count} {unit}")
    return " ".join(told[:2]) or "0 s"

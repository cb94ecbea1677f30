"""`inlet policy simulate`: what another policy would have decided about stored messages."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from app.cli.output import err, out, print_json, print_rows, say, told_errors
from app.cli.policy_facts import known_labels
from app.parts import open_database_of, utc_now
from app.routing.loading import load_policy
from app.settings import load_settings
from app.simulating import Example, Simulation, span
from app.simulating import simulate as replay
from app.sla import since_of


def simulate(
    file: Annotated[
        Path | None, typer.Argument(help="default: INLET_POLICY, or else the shipped policy")
    ] = None,
    since: Annotated[
        str, typer.Option(help="12h, 30d or 8w ago, or a date such as 2026-11-01")
    ] = "30d",
    limit: Annotated[
        int | None, typer.Option(min=1, help="replay so many messages at most, the newest")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Replay stored messages through a policy, and show what it would have decided otherwise."""
    with told_errors():
        settings, now = load_settings(), utc_now()
        labels = known_labels(settings)
        policy = load_policy(
            file or settings.policy, known_intents=labels.intents, known_signals=labels.signals
        )
        with closing(open_database_of(settings)) as database:
            begin, total = span(database, since_of(since, now), limit)
            with _bar() as bar:
                task = bar.add_task("replaying", total=total)
                found = replay(
                    database,
                    policy,
                    since=begin,
                    until=now,
                    on_page=lambda count: bar.advance(task, count),
                )
    if as_json:
        print_json(found.as_dict())
    else:
        _show(found)


def _show(found: Simulation) -> None:
    say(
        f"{found.replayed} messages since {found.since:%Y-%m-%d %H:%M} UTC: {found.changed} would "
        f"be decided otherwise, {found.aside} stay set aside, {found.skipped} cannot be read"
    )
    told = found.as_dict()
    print_rows(
        "routes", ["before", "after", "messages"], [[*row.values()] for row in told["routes"]]
    )
    print_rows("rules", ["rule", "before", "after"], [[*row.values()] for row in told["rules"]])
    alerts: list[Sequence[object]] = [
        [row["endpoint"], row["before"], row["after"], f"{row['more_a_week']:+g}"]
        for row in told["alerts"]
    ]
    print_rows("alerts", ["endpoint", "before", "after", "more a week"], alerts)
    for example in found.examples:
        _show_example(example)


def _show_example(example: Example) -> None:
    out.print(example.message_id, style="bold")
    for word, decision in (("was", example.before), ("would be", example.after)):
        to = ", ".join(decision.get("endpoints", ())) or "nobody"
        out.print(f"  {word:<8} {decision.get('route')} by {decision.get('rule')!r}, told to {to}")
        for reason in decision.get("reasons", ()):
            out.print(f"           {reason}", style="dim")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeRemainingColumn(), console=err, disable=not err.is_terminal)

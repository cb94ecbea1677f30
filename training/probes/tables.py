"""Tables of what the probes found, from their JSON form."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

_DASH = "–"  # noqa: RUF001  nothing was measured


def probe_tables(found: Mapping[str, Any]) -> list[Table]:
    """Make one table a probe; red where an aim is missed."""
    makers = {"robustness": _robustness, "long_text": _long_text, "fairness": _fairness}
    return [table for kind, part in found.items() for table in makers[kind](part)]


def _robustness(part: Mapping[str, Any]) -> list[Table]:
    aim = f"aim: a drop of at most {part['aim_points']:g} points"
    table = _table(
        f"High-intent recall under perturbation, as served ({aim})",
        *("perturbation", "messages", "recall plain", "perturbed", "drop, points [95 %]"),
        *("macro-F1", "false alarms"),
    )
    for name, one in part["perturbations"].items():
        plain, perturbed = one["plain"], one["perturbed"]
        table.add_row(
            name,
            str(one["messages"]),
            _of(plain["recall"]),
            _of(perturbed["recall"]),
            _drop(one),
            f"{_number(plain['macro_f1'])} → {_number(perturbed['macro_f1'])}",
            f"{_of(plain['false_alarms'])} → {_of(perturbed['false_alarms'])}",
        )
    return [table]


def _long_text(part: Mapping[str, Any]) -> list[Table]:
    table = _table(
        f"{part['messages']} short wishes in {part['tokens']:,} tokens "
        f"(aim: a drop of at most {part['aim_points']:g} points)",
        *("place", "recall [95 %]", "drop, points [95 %]", "a wrong high intent"),
    )
    table.add_row("alone", _interval(part["alone"]), _DASH, _of(part["alone_wrong_alarms"]))
    for place, one in part["places"].items():
        wrong = _of(one["wrong_alarms"])
        table.add_row(f"{float(place):.0%}", _interval(one["recall"]), _drop(one), wrong)
    worst = f"probability {part['filler_worst_probability']:.3f} at most"
    table.add_row("no message at all", _DASH, worst, _of(part["filler_alarms"]))
    return [table]


def _fairness(part: Mapping[str, Any]) -> list[Table]:
    counts = ", ".join(f"{count} {kind}" for kind, count in part["found"].items())
    aim = f"aim: at most {part['aim_ratio']:.0%} of the decisions change"
    real = f"Names, places and pronouns of {part['messages']} messages swapped ({counts}; {aim})"
    return [
        _groups(real, part["swapped"]),
        _groups(f"{part['frames']} written messages with slots ({aim})", part["framed"]),
    ]


def _groups(title: str, part: Mapping[str, Any]) -> Table:
    table = _table(title, "group", "decisions that change [95 %]", "primary", "mean shift (|…|)")
    for one in part["groups"]:
        table.add_row(
            f"{one['group']}, {one['gender']}",
            _interval(one["decisions"]),
            _of(one["primary"]),
            f"{_signed(one['mean_shift'])} ({_number(one['mean_absolute_shift'])})",
        )
    told = _interval(part["decisions"])
    table.add_row("all", told if part["holds"] else _bad(told), _of(part["primary"]), "")
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(escape(column), justify="left" if place == 0 else "right")
    return table


def _drop(one: Mapping[str, Any]) -> str:
    if one["drop"] is None:
        return _DASH
    low, high = one["drop"]["interval"]
    told = escape(f"{one['drop']['points']:+.1f} [{low:+.1f}, {high:+.1f}]")
    return told if one["holds"] else _bad(told)


def _interval(share: Mapping[str, Any]) -> str:
    """Write a share with its cases and its interval."""
    if share["interval"] is None:
        return _DASH
    low, high = share["interval"]
    return f"{_of(share)} " + escape(f"[{low:.3f}, {high:.3f}]")


def _of(share: Mapping[str, Any]) -> str:
    if share["ratio"] is None:
        return _DASH
    return f"{share['ratio']:.3f} of {share['cases']}"


def _number(value: float | None) -> str:
    return _DASH if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return _DASH if value is None else f"{value:+.4f}"


def _bad(told: str) -> str:
    return f"[red]{told}[/red]"

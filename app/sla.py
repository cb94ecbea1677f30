"""How promises of a reply were kept: time to acknowledge, and the share inside the promise."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any

from app.domain import ClockStatus
from app.errors import Refused
from app.routing.clocks import calendar_of
from app.routing.policy import Policy
from app.storage import clocks
from app.storage.clocks import Measured
from app.storage.engine import Database

MAX_CLOCKS = 200_000  # the newest ones; some 70 MB while they are counted
DEFAULT_SINCE = timedelta(days=30)

_AGO = re.compile(r"([1-9][0-9]{0,4})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_HIGH = 0.9  # of the time to acknowledge: nine of ten were not slower


class By(StrEnum):
    """What figures are given for, each beside the whole."""

    OWNER = "owner"  # whose turn it was when the message was taken, or is now
    ROUTE = "route"
    WEEK = "week"  # of ISO 8601, in UTC, in which the message came


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How some promises were kept. What a person closed, as no lead, was none."""

    promises: int
    acknowledged: int
    inside: int  # acknowledged by when the first owner had to
    open: int  # nobody has taken them yet
    overdue: int  # the open ones whose promise is broken
    lapsed: int  # nobody took them until nobody was asked any more
    closed: int  # by a person: not among the promises
    inside_ratio: float | None  # of those of which one knows; None where one knows of none
    median_s: float | None  # from the message's own time to its acknowledgement
    p90_s: float | None
    working_median_s: float | None  # the same in working time, where the clock counts that
    working_p90_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The figures of a time, and of its parts."""

    since: datetime
    until: datetime
    by: By
    whole: Figures
    groups: tuple[tuple[str | None, Figures], ...]  # by name; None: nobody was named
    truncated: bool  # there were more than MAX_CLOCKS, and the oldest are left out

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "by": self.by.value,
            "whole": asdict(self.whole),
            "groups": [{"name": name, **asdict(figures)} for name, figures in self.groups],
            "truncated": self.truncated,
        }


@dataclass(frozen=True, slots=True)
class _Taken:
    """The time it took to acknowledge one message."""

    elapsed_s: float
    working_s: float | None


def since_of(text: str, now: datetime) -> datetime:
    """Read from when on promises count: `12h`, `30d` or `8w` ago, or a date or time of ISO 8601.

    A date or time without a zone is UTC's.

    Raises:
        Refused: It is neither.
    """
    ago = _AGO.fullmatch(text)
    try:
        if ago is not None:
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
        since = datetime.fromisoformat(text)
        return (since if since.tzinfo else since.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(
            "since must be a time ago such as 12h, 30d or 8w, or a date such as 2026-11-01",
            code="bad_since",
        ) from None


def report(database: Database, policy: Policy, *, since: datetime, now: datetime, by: By) -> Report:
    """Say how the promises of messages that came since an instant were kept.

    Working time is that of the plan's calendar as the policy has them now.
    """
    with database.read() as conn:
        found = clocks.measured(conn, since=since, limit=MAX_CLOCKS + 1)
    kept = found[:MAX_CLOCKS]
    groups: dict[str | None, list[Measured]] = {}
    for clock in kept:
        groups.setdefault(_KEYS[by](clock), []).append(clock)
    in_order = sorted(groups, key=lambda name: (name is None, name or ""))
    return Report(
        since=since,
        until=now,
        by=by,
        whole=figures(kept, policy, now),
        groups=tuple((name, figures(groups[name], policy, now)) for name in in_order),
        truncated=len(found) > MAX_CLOCKS,
    )


def figures(measured: Iterable[Measured], policy: Policy, now: datetime) -> Figures:
    """Count some clocks."""
    every = list(measured)
    promises = [one for one in every if one.status is not ClockStatus.CLOSED or one.lapsed]
    acknowledged = [one for one in promises if one.status is ClockStatus.ACKNOWLEDGED]
    running = [one for one in promises if one.status is ClockStatus.RUNNING]
    inside = sum(_is_inside(one) for one in acknowledged)
    overdue = sum(one.promised_at < now for one in running)
    lapsed = len(promises) - len(acknowledged) - len(running)
    known = len(acknowledged) + lapsed + overdue
    return Figures(
        promises=len(promises),
        acknowledged=len(acknowledged),
        inside=inside,
        open=len(running),
        overdue=overdue,
        lapsed=lapsed,
        closed=len(every) - len(promises),
        inside_ratio=inside / known if known else None,
        **_times([_taken(one, policy) for one in acknowledged]),
    )


def _times(taken: Sequence[_Taken]) -> Mapping[str, float | None]:
    elapsed = sorted(one.elapsed_s for one in taken)
    working = sorted(one.working_s for one in taken if one.working_s is not None)
    return {
        "median_s": median(elapsed) if elapsed else None,
        "p90_s": _high(elapsed),
        "working_median_s": median(working) if working else None,
        "working_p90_s": _high(working),
    }


def _high(in_order: Sequence[float]) -> float | None:
    """Give the value that nine of ten do not exceed: one that was measured, none between two."""
    return in_order[math.ceil(_HIGH * len(in_order)) - 1] if in_order else None


def _is_inside(clock: Measured) -> bool:
    return clock.settled_at is not None and clock.settled_at <= clock.promised_at


def _taken(clock: Measured, policy: Policy) -> _Taken:
    start = clock.started_at
    end = max(clock.settled_at or start, start)  # a sender's time may lie ahead of ours
    plan = policy.clocks.get(clock.clock)
    calendar = plan and calendar_of(plan, policy.calendars)
    working = calendar.between(start, end).total_seconds() if calendar else None
    return _Taken((end - start).total_seconds(), working)


def _owner(clock: Measured) -> str | None:
    return clock.owner


def _route(clock: Measured) -> str:
    return clock.route


def _week(clock: Measured) -> str:
    year, week, _ = clock.started_at.astimezone(UTC).isocalendar()
    return f"{year}-W{week:02}"


_KEYS: Mapping[By, Callable[[Measured], str | None]] = {
    By.OWNER: _owner,
    By.ROUTE: _route,
    By.WEEK: _week,
}

"""What the policy says of a reply clock: how long, in which time, and who comes after whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import ClockStep, ReplyClock
from app.routing.calendars import Calendar

PLANNED_LEVELS = 50  # that last as long as the plan says
DAILY_LEVELS = 50  # that follow, a day each; then nobody is asked any more
FALLBACK = timedelta(hours=1)  # a level of a clock that the policy no longer has

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)  # the least that the database tells apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Who has it after the one before did not take it."""

    pool: str | None  # None: the pool that has it, another owner
    within: timedelta
    endpoints: tuple[str, ...] = ()  # that hear of it beside the rule's


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPlan:
    """A reply clock as the policy describes it."""

    name: str
    within: timedelta
    calendar: str | None = None  # counts its working time; None: every hour counts
    remind_at: float = 0.5  # share of the time after which the owner is reminded; 0: not at all
    levels: tuple[Level, ...] = ()  # the last one repeats until somebody takes it

    def level(self, number: int) -> Level:
        """Give the level of a number, from 1 on; without any, another owner gets the same time."""
        if not self.levels:
            return Level(pool=None, within=self.within)
        return self.levels[min(number, len(self.levels)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """When a level of a clock is over, and when something happens before; in UTC."""

    due_at: datetime
    next_at: datetime  # the reminder; the end where none comes before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is due on a reply clock."""

    step: ClockStep  # reminded, reassigned, escalated; or closed: nobody is asked any more
    level: int  # that the clock has after it
    at: datetime  # when it was due
    pool: str | None  # whose owners have it after it
    endpoints: tuple[str, ...]  # of the level, that hear of it beside the rule's
    times: Times | None  # of the clock after it; None where it is closed


def fallback(name: str) -> ClockPlan:
    """Give what a running clock goes on with when the policy no longer has its plan."""
    return ClockPlan(name=name, within=FALLBACK)


def calendar_of(plan: ClockPlan, calendars: Mapping[str, Calendar]) -> Calendar | None:
    """Give the calendar whose working time a plan counts; None where every hour counts."""
    return None if plan.calendar is None else calendars.get(plan.calendar)


def started(plan: ClockPlan, calendars: Mapping[str, Calendar], *, at: datetime) -> Times:
    """Say by when the first owner must have taken a message, from its own time on."""
    return _times(plan, calendars, at, plan.within)


def next_step(
    clock: ReplyClock, plan: ClockPlan | None, calendars: Mapping[str, Calendar], now: datetime
) -> Step | None:
    """Give the earliest step that is due on a running clock; None where none is.

    A late caller gets one step after the other, each with the time at which it was due: what a
    level lasts counts from the end of the one before, and not from when that was noticed.

    The last level of the plan repeats. From level 51 on a level lasts a day, without a reminder,
    and begins in working time; at the end of level 100 the clock is closed.

    Args:
        clock: As it is stored.
        plan: As the policy has it now; None: it is gone, and another owner gets an hour each time.
        calendars: Of the policy; where the plan's is gone, every hour counts.
        now: The present.
    """
    if clock.next_at is None or clock.next_at > now:
        return None
    plan = plan or fallback(clock.clock)
    if not clock.reminded and clock.next_at < clock.due_at:
        return _reminder(clock, plan)
    if clock.level >= PLANNED_LEVELS + DAILY_LEVELS:
        return _step(clock, ClockStep.CLOSED, clock.level, None)
    return _next_level(clock, plan, calendars)


def _reminder(clock: ReplyClock, plan: ClockPlan) -> Step:
    endpoints = plan.level(clock.level).endpoints if clock.level else ()
    times = Times(due_at=clock.due_at, next_at=clock.due_at)
    return _step(clock, ClockStep.REMINDED, clock.level, times, endpoints=endpoints)


def _next_level(clock: ReplyClock, plan: ClockPlan, calendars: Mapping[str, Calendar]) -> Step:
    number = clock.level + 1
    level = plan.level(number)
    if number > PLANNED_LEVELS:
        times = _daily(plan, calendars, clock.due_at)
    else:
        times = _times(plan, calendars, clock.due_at, level.within)
    step = ClockStep.REASSIGNED if level.pool is None else ClockStep.ESCALATED
    return _step(clock, step, number, times, pool=level.pool, endpoints=level.endpoints)


def _step(
    clock: ReplyClock,
    step: ClockStep,
    level: int,
    times: Times | None,
    *,
    pool: str | None = None,
    endpoints: tuple[str, ...] = (),
) -> Step:
    at = clock.due_at if clock.next_at is None else clock.next_at
    pool = clock.pool if pool is None else pool
    return Step(step=step, level=level, at=at, pool=pool, endpoints=endpoints, times=times)


def _times(
    plan: ClockPlan, calendars: Mapping[str, Calendar], at: datetime, within: timedelta
) -> Times:
    """Count a level's time from an instant on."""
    within = max(within, _INSTANT)  # a level without time would repeat at one instant
    due_at = _after(plan, calendars, at, within)
    if not 0 < plan.remind_at < 1:
        return Times(due_at=due_at, next_at=due_at)
    remind_at = _after(plan, calendars, at, within * plan.remind_at)
    return Times(due_at=due_at, next_at=min(remind_at, due_at))


def _daily(plan: ClockPlan, calendars: Mapping[str, Calendar], at: datetime) -> Times:
    """Give a level that lasts a day, and on to the next working time where that has a calendar."""
    due_at = at + _DAY
    calendar = calendar_of(plan, calendars)
    if calendar is not None:
        due_at = calendar.opens_at(due_at) or due_at
    return Times(due_at=due_at, next_at=due_at)


def _after(
    plan: ClockPlan, calendars: Mapping[str, Calendar], at: datetime, time: timedelta
) -> datetime:
    calendar = calendar_of(plan, calendars)
    return at + time if calendar is None else calendar.add(at, time)

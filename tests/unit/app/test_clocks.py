from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from app.domain import ClockStatus, ClockStep, ReplyClock
from app.routing.calendars import Calendar
from app.routing.clocks import ClockPlan, Level, Step, Times, next_step, started

REMINDED, REASSIGNED = ClockStep.REMINDED, ClockStep.REASSIGNED
ESCALATED, CLOSED = ClockStep.ESCALATED, ClockStep.CLOSED
HOUR, HALF = timedelta(hours=1), timedelta(minutes=30)
NEVER = datetime(2040, 1, 1, tzinfo=UTC)
OFFICE = {day: ((9 * 60, 12 * 60), (13 * 60, 18 * 60)) for day in range(5)}
BERLIN = Calendar(
    name="berlin",
    zone="Europe/Berlin",
    hours=OFFICE,
    holidays=frozenset({date(2026, 3, 31)}),
)
CALENDARS = {"berlin": BERLIN}


def at(day, hour=0, minute=0):
    """A time of March 2026 in UTC; on the 29th Berlin puts its clocks forward."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def a_plan(**changes):
    return replace(ClockPlan(name="hour", within=HOUR), **changes)


def a_clock(plan, calendars=CALENDARS, *, starts=None, **changes):
    starts = starts or at(2, 8)
    times = started(plan, calendars, at=starts)
    clock = ReplyClock(
        id="clk_1",
        message_id="msg_1",
        rule="pricing",
        route="sales",
        clock=plan.name,
        pool="sales",
        owner="ana",
        contact=None,
        account=None,
        level=0,
        started_at=starts,
        promised_at=times.due_at,
        due_at=times.due_at,
        next_at=times.next_at,
        reminded=False,
        status=ClockStatus.RUNNING,
    )
    return replace(clock, **changes)


def after(clock, step):
    return replace(
        clock,
        pool=step.pool,
        level=step.level,
        due_at=step.times.due_at,
        next_at=step.times.next_at,
        reminded=step.step is REMINDED,
    )


def run(clock, plan, now, calendars=CALENDARS):
    """Every step that is due, the late ones too, as (step, level, when it was due)."""
    steps = []
    while (step := next_step(clock, plan, calendars, now)) is not None:
        steps.append((step.step, step.level, step.at))
        if step.times is None:
            break
        clock = after(clock, step)
    return steps


def test_a_clock_of_every_hour_reminds_at_half_time():
    assert started(a_plan(), {}, at=at(7, 22)) == Times(due_at=at(7, 23), next_at=at(7, 22, 30))


def test_a_clock_of_working_time_stands_still_when_nobody_works():
    friday_evening = at(6, 16, 45)  # 17:45 in Berlin: a quarter of an hour is left
    plan = a_plan(calendar="berlin")

    times = started(plan, CALENDARS, at=friday_evening)

    assert times == Times(due_at=at(9, 8, 45), next_at=at(9, 8, 15))


def test_a_clock_follows_the_wall_when_it_is_put_forward():
    friday_evening = at(27, 16, 30)
    plan = a_plan(calendar="berlin", within=HOUR, remind_at=0)

    assert started(plan, CALENDARS, at=friday_evening).due_at == at(30, 7, 30)


def test_a_clock_counts_no_holiday():
    monday_evening = at(30, 15, 30)  # 17:30; the next day is a holiday
    plan = a_plan(calendar="berlin", remind_at=0)

    assert started(plan, CALENDARS, at=monday_evening).due_at == datetime(
        2026, 4, 1, 7, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("remind_at", [0, 1, 1.5, -1])
def test_without_a_share_between_nothing_and_all_nobody_is_reminded(remind_at):
    times = started(a_plan(remind_at=remind_at), {}, at=at(2))

    assert times.next_at == times.due_at


def test_nothing_is_due_before_its_time():
    plan = a_plan()
    clock = a_clock(plan)

    assert next_step(clock, plan, {}, clock.next_at - timedelta(microseconds=1)) is None


def test_a_settled_clock_does_nothing_any_more():
    plan = a_plan()
    settled = a_clock(plan, next_at=None, status=ClockStatus.ACKNOWLEDGED)

    assert next_step(settled, plan, {}, NEVER) is None


def test_the_reminder_leaves_the_owner_the_rest_of_the_time():
    plan = a_plan(levels=(Level(pool=None, within=HALF, endpoints=("managers",)),))
    clock = a_clock(plan)

    assert next_step(clock, plan, {}, at(2, 8, 30)) == Step(
        step=REMINDED,
        level=0,
        at=at(2, 8, 30),
        pool="sales",
        endpoints=(),
        times=Times(due_at=at(2, 9), next_at=at(2, 9)),
    )


def test_at_the_end_of_the_time_the_next_level_begins():
    plan = a_plan(levels=(Level(pool="leads", within=HALF, endpoints=("managers",)),))
    clock = a_clock(plan, reminded=True, next_at=at(2, 9))

    assert next_step(clock, plan, {}, at(2, 9)) == Step(
        step=ESCALATED,
        level=1,
        at=at(2, 9),
        pool="leads",
        endpoints=("managers",),
        times=Times(due_at=at(2, 9, 30), next_at=at(2, 9, 15)),
    )


def test_the_reminder_of_a_level_goes_to_the_endpoints_of_that_level_too():
    plan = a_plan(levels=(Level(pool="leads", within=HALF, endpoints=("managers",)),))
    clock = a_clock(plan, level=1, due_at=at(2, 9, 30), next_at=at(2, 9, 15))

    assert next_step(clock, plan, {}, at(2, 10)).endpoints == ("managers",)


def test_a_late_look_finds_every_step_in_order_and_the_last_level_again_and_again():
    plan = a_plan(levels=(Level(pool=None, within=HALF), Level(pool="leads", within=HOUR)))
    clock = a_clock(plan)

    assert run(clock, plan, at(2, 11, 30)) == [
        (REMINDED, 0, at(2, 8, 30)),
        (REASSIGNED, 1, at(2, 9)),
        (REMINDED, 1, at(2, 9, 15)),
        (ESCALATED, 2, at(2, 9, 30)),
        (REMINDED, 2, at(2, 10)),
        (ESCALATED, 3, at(2, 10, 30)),
        (REMINDED, 3, at(2, 11)),
        (ESCALATED, 4, at(2, 11, 30)),
    ]


def test_a_plan_without_levels_goes_on_with_another_owner_and_the_same_time():
    plan = a_plan(remind_at=0)

    assert run(a_clock(plan), plan, at(2, 10)) == [
        (REASSIGNED, 1, at(2, 9)),
        (REASSIGNED, 2, at(2, 10)),
    ]


def test_after_an_escalation_another_owner_is_one_of_the_pool_that_has_it():
    plan = a_plan(levels=(Level(pool="leads", within=HALF), Level(pool=None, within=HALF)))
    clock = a_clock(plan, level=1, pool="leads", reminded=True, due_at=at(2, 9), next_at=at(2, 9))

    step = next_step(clock, plan, {}, at(2, 9))

    assert (step.step, step.pool) == (REASSIGNED, "leads")


def test_levels_count_working_time_from_the_end_of_the_one_before():
    plan = a_plan(calendar="berlin", levels=(Level(pool=None, within=HOUR),), remind_at=0)
    clock = a_clock(plan, starts=at(6, 16))  # due at 18:00 on a Friday, when work ends

    assert run(clock, plan, at(9, 10)) == [
        (REASSIGNED, 1, at(6, 17)),
        (REASSIGNED, 2, at(9, 9)),
        (REASSIGNED, 3, at(9, 10)),
    ]


def test_after_fifty_levels_a_level_lasts_a_day_without_a_reminder():
    plan = a_plan()
    clock = a_clock(plan, level=50, reminded=True, due_at=at(2, 9), next_at=at(2, 9))

    assert run(clock, plan, at(4, 9)) == [
        (REASSIGNED, 51, at(2, 9)),
        (REASSIGNED, 52, at(3, 9)),
        (REASSIGNED, 53, at(4, 9)),
    ]


def test_a_day_ends_in_working_time():
    plan = a_plan(calendar="berlin")
    clock = a_clock(plan, level=50, reminded=True, due_at=at(6, 9), next_at=at(6, 9))

    assert run(clock, plan, at(10, 12)) == [
        (REASSIGNED, 51, at(6, 9)),
        (REASSIGNED, 52, at(9, 8)),
        (REASSIGNED, 53, at(10, 8)),
    ]


def test_a_clock_that_nobody_ever_takes_is_closed_in_the_end():
    plan = a_plan()
    steps = run(a_clock(plan), plan, NEVER)

    assert [step for step, *_ in steps].count(REASSIGNED) == 100
    assert [step for step, *_ in steps].count(REMINDED) == 51
    assert steps[-1] == (CLOSED, 100, at(2, 8) + timedelta(hours=51, days=50))


def test_without_its_plan_a_clock_keeps_its_times_and_goes_on_hour_by_hour():
    clock = a_clock(a_plan(within=timedelta(hours=4)))

    assert run(clock, None, at(2, 13)) == [
        (REMINDED, 0, at(2, 10)),
        (REASSIGNED, 1, at(2, 12)),
        (REMINDED, 1, at(2, 12, 30)),
        (REASSIGNED, 2, at(2, 13)),
    ]


def test_without_its_calendar_every_hour_counts():
    plan = a_plan(calendar="berlin")

    assert started(plan, {}, at=at(7, 22)).due_at == at(7, 23)


def test_a_level_without_time_does_not_stay_at_one_instant():
    plan = a_plan(levels=(Level(pool=None, within=timedelta()),))
    clock = a_clock(plan, reminded=True, next_at=at(2, 9))

    step = next_step(clock, plan, {}, at(2, 9))

    assert step.times.due_at > at(2, 9)

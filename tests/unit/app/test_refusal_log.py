import asyncio

import pytest
import structlog

from app.api.refusal_log import RefusalLog


@pytest.fixture
def logged():
    with structlog.testing.capture_logs() as events:
        yield events


def noted(times, *, pause_s=0.3, every_s=0.1):
    async def note():
        refusals = RefusalLog(every_s)
        firsts = []
        for count in times:
            firsts.append([refusals.is_first() for _ in range(count)])
            await asyncio.sleep(pause_s)
        return firsts

    return asyncio.run(note())


def test_the_first_refusal_has_its_own_line_and_the_others_are_told_as_a_number(logged):
    assert noted([3]) == [[True, False, False]]

    assert logged == [
        {
            "event": "more_requests_refused",
            "code": "overloaded",
            "count": 2,
            "log_level": "info",
        }
    ]


def test_a_lone_refusal_is_told_once(logged):
    assert noted([1, 1]) == [[True], [True]]
    assert logged == []


def test_each_stretch_of_time_begins_anew(logged):
    assert noted([2, 3]) == [[True, False], [True, False, False]]
    assert [line["count"] for line in logged] == [1, 2]


def test_a_loop_that_ended_before_it_told_keeps_no_later_refusal_quiet(logged):
    refusals = RefusalLog(0.01)

    async def note():
        return refusals.is_first()

    first = asyncio.run(note())
    asyncio.run(asyncio.sleep(0.05))

    assert (first, asyncio.run(note())) == (True, True)

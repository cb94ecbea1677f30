"""Who may watch the inbox at once."""

import asyncio
from contextlib import ExitStack

import pytest

from app.dashboard.watching import Found, Watch
from app.errors import Overloaded


def a_watch(**changes):
    def look(_place):
        return Found(news=None, place=0, sessions=frozenset({"ana", "bo"}))

    return Watch(look=look, is_stopping=lambda: False, every_s=0.01, **changes)


async def refused(watch, session, watching):
    """Whether a session may not watch once more, beside those that do."""
    with ExitStack() as stack:
        for one in watching:
            stack.enter_context(watch.joined(one))
        await watch.ready()
        try:
            watch.check_room(session)
        except Overloaded:
            return True
        return False


@pytest.mark.parametrize(
    ("session", "watching", "is_refused"),
    [
        ("ana", ["ana"] * 19, False),
        ("ana", ["ana"] * 20, True),
        ("bo", ["ana"] * 20, False),
    ],
)
def test_a_session_watches_in_twenty_tabs_at_most_and_leaves_room_for_others(
    session, watching, is_refused
):
    assert asyncio.run(refused(a_watch(), session, watching)) is is_refused


def test_no_more_may_watch_than_a_process_has_room_for():
    assert asyncio.run(refused(a_watch(most=2), "bo", ["ana", "bo"])) is True

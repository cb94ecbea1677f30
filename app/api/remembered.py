"""Answers of a slow look-up, remembered for seconds and looked up again beside their use."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from starlette.concurrency import run_in_threadpool

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")

REMEMBER_S = 5.0  # so long an answer may be used
RENEW_S = 2.5  # from here on it is looked up again, while calls go on with what is known


class Remembered(Generic[_Key, _Value]):
    """Used by the event loop's thread alone; only look-ups run in other threads.

    Whoever asks for what is known waits for nothing. Where something must be waited for, all who
    ask for the same wait for one look-up.
    """

    def __init__(
        self, look_up: Callable[[_Key], _Value], *, most: int, monotonic: Callable[[], float]
    ) -> None:
        """Begin with nothing known.

        Args:
            look_up: May block; runs in a thread.
            most: Answers that are kept; the one read longest ago is forgotten first.
            monotonic: The clock, in seconds.
        """
        self._look_up = look_up
        self._most = most
        self._monotonic = monotonic
        self._known: dict[_Key, tuple[float, _Value]] = {}
        self._looking: dict[_Key, asyncio.Task[_Value]] = {}

    async def get(self, key: _Key) -> _Value:
        """Give the answer for a key, at most REMEMBER_S old.

        Raises:
            AppError: What the look-up raised, where it had to be waited for.
        """
        known = self._known.get(key)
        age_s = self._monotonic() - known[0] if known else float("inf")
        if known is None or age_s > REMEMBER_S:
            return await asyncio.shield(self._looked_up(key))  # one caller's end is not the others'
        if age_s > RENEW_S:
            self._looked_up(key)
        return known[1]

    def _looked_up(self, key: _Key) -> asyncio.Task[_Value]:
        """Give the look-up of a key that is under way, or begin one."""
        task = self._looking.get(key)
        if task is None or task.done():
            task = asyncio.get_running_loop().create_task(self._look(key))
            task.add_done_callback(_taken_note_of)
            self._looking[key] = task
        return task

    async def _look(self, key: _Key) -> _Value:
        began_s = self._monotonic()
        try:
            value = await run_in_threadpool(self._look_up, key)
        finally:
            self._looking.pop(key, None)
        self._known.pop(key, None)
        if len(self._known) >= self._most:
            del self._known[next(iter(self._known))]
        self._known[key] = (began_s, value)
        return value


def _taken_note_of(task: asyncio.Task[_Value]) -> None:
    """Let a failed look-up that nobody waited for end in silence: the next one is waited for."""
    if not task.cancelled():
        task.exception()

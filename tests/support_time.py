"""How the time of some work grows, on a machine that may do other things beside it."""

import time
from collections.abc import Callable

ROUNDS = 25
FLOOR_S = 0.01  # below it, times are noise


def growth(work: Callable[[str], object], once: str, more: str, *, at_most: float) -> float:
    """Divide the least time of a longer text by that of a shorter one.

    They take turns, since a machine may change its speed between two blocks of measurements, and
    end as soon as the figure is small enough: one that stays too large after all rounds is meant.
    """
    short_s, long_s, ratio = float("inf"), float("inf"), float("inf")
    for _ in range(ROUNDS):
        short_s = min(short_s, max(_seconds(work, once), FLOOR_S))
        long_s = min(long_s, _seconds(work, more))
        ratio = long_s / short_s
        if ratio <= at_most:
            break
    return ratio


def _seconds(work: Callable[[str], object], text: str) -> float:
    """Of this thread: others of the process may still be about something."""
    started_s = time.thread_time()
    work(text)
    return time.thread_time() - started_s

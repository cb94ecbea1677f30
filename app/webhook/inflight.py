"""Attempts under way: how many threads there are, and who may still say what came of one."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

THREAD_NAME = "in-flight"

Item = TypeVar("Item")


class InFlight(Generic[Item]):
    """Runs one thread for each item, at most so many, and lets every item be settled once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._changed = threading.Condition()
        self._unsettled: dict[int, Item] = {}  # by identity: one may be claimed twice
        self._threads: Counter[str] = Counter()  # by group
        self._ended = 0
        self._woken = False

    def free(self) -> int:
        """Say how many more items may be started."""
        with self._changed:
            return self._limit - self._threads.total()

    def by_group(self) -> Mapping[str, int]:
        """Say how many of each group are under way."""
        with self._changed:
            return +self._threads

    def ended(self) -> int:
        """Say how many have ended so far, for `wait_for_end`."""
        with self._changed:
            return self._ended

    def start(self, item: Item, work: Callable[[Item], None], *, group: str) -> None:
        """Do the work in a thread of its own; at exit, it is not waited for."""
        with self._changed:
            self._unsettled[id(item)] = item
            self._threads[group] += 1
        args = (item, work, group)
        threading.Thread(target=self._run, args=args, daemon=True, name=THREAD_NAME).start()

    def settle(self, item: Item) -> bool:
        """Take the right to record an item; False where it was taken before."""
        with self._changed:
            return self._unsettled.pop(id(item), None) is not None

    def settle_rest(self) -> list[Item]:
        """Take the right to all that is unsettled."""
        with self._changed:
            rest = list(self._unsettled.values())
            self._unsettled.clear()
            return rest

    def wait_below(self, threads: int, timeout_s: float) -> bool:
        """Wait until fewer threads are under way; False where they still are."""
        with self._changed:
            return self._changed.wait_for(lambda: self._threads.total() < threads, timeout_s)

    def wait_for_end(self, ended: int, timeout_s: float) -> bool:
        """Wait until more have ended than `ended`; False where none is left that could."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._ended > ended or not self._threads.total(), timeout_s
            )
            return self._ended > ended

    def wait_for_wake(self, timeout_s: float) -> None:
        """Wait for a wake-up or the end of any item since the last wait."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken, timeout_s)
            self._woken = False

    def wake(self) -> None:
        """End the wait, or the next one."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def _run(self, item: Item, work: Callable[[Item], None], group: str) -> None:
        try:
            work(item)
        finally:
            with self._changed:
                self._unsettled.pop(id(item), None)
                self._threads[group] -= 1
                self._ended += 1
            self.wake()

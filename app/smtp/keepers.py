"""Threads that keep mails, so that connections go on while the database works."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Generic, TypeVar

_KEEPERS = 8  # PostgreSQL commits so many at once; of SQLite's they wait for one another
_Item = TypeVar("_Item")


class Keepers(Generic[_Item]):
    """Daemon threads: a database that hangs does not hold up the end of the process.

    The queue needs no bound of its own: a connection puts in one mail at a time.
    """

    def __init__(self, keep: Callable[[_Item], str]) -> None:
        self._keep = keep
        self._waiting: SimpleQueue[tuple[_Item, Future[str]] | None] = SimpleQueue()
        for number in range(_KEEPERS):
            threading.Thread(target=self._run, name=f"keeper-{number}", daemon=True).start()

    def submit(self, item: _Item) -> Future[str]:
        """Have something kept, and give what will be its id; cancelled, it may be kept or not."""
        future: Future[str] = Future()
        self._waiting.put((item, future))
        return future

    def close(self) -> None:
        """Let the threads end when they have kept what waits."""
        for _ in range(_KEEPERS):
            self._waiting.put(None)

    def _run(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            item, future = waiting
            if not future.set_running_or_notify_cancel():
                continue  # the client has left, and will send it again
            try:
                future.set_result(self._keep(item))
            except Exception as error:  # noqa: BLE001  who waits for it gets it; the thread lives
                future.set_exception(error)

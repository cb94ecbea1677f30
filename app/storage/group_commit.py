"""Group commit: the writes of threads that wait for their turn go into one transaction.

A commit that is on the disk when it returns takes longer than what most writes do before it, and
SQLite has one writer. Nobody waits for company: a group is who came while the last one committed.

Source:
    DeWitt et al. 1984, "Implementation Techniques for Main Memory Database Systems", on recovery.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from sqlalchemy import Connection

from app.errors import StorageDown
from app.storage.failure import translated

_T = TypeVar("_T")
MOST = 64  # writes of one transaction


class _Write(Generic[_T]):
    """What one thread wants written, and the future that tells it how that went."""

    def __init__(self, work: Callable[[Connection], _T]) -> None:
        self._work = work
        self._outcome: Future[_T] = Future()  # known before it may be told
        self.future: Future[_T] = Future()

    def run_alone(self, conn: Connection) -> None:
        """Do it; what it raises undoes the transaction."""
        self._outcome.set_result(self._work(conn))

    def run_beside_others(self, conn: Connection) -> None:
        """Do it. What it raises is undone and leaves the others alone, unless the database failed.

        Raises:
            StorageDown: Nothing of the transaction may be trusted.
        """
        try:
            with translated(), conn.begin_nested():
                answer = self._work(conn)
        except StorageDown:
            raise
        except Exception as error:  # noqa: BLE001  who asked for it gets it
            self._outcome.set_exception(error)
        else:
            self._outcome.set_result(answer)

    def settle(self) -> None:
        """Tell the thread that waits: the transaction is on the disk."""
        error = self._outcome.exception()
        if error is None:
            self.future.set_result(self._outcome.result())
        else:
            self.future.set_exception(error)


class GroupCommit:
    """Used by any number of threads; one of those that wait writes for all."""

    def __init__(
        self, begin: Callable[[], AbstractContextManager[Connection]], *, timeout_s: float
    ) -> None:
        """Begin with nobody waiting.

        Args:
            begin: Gives a transaction that is durable when its block is left.
            timeout_s: For the groups before one's own.
        """
        self._begin = begin
        self._timeout_s = timeout_s
        self._turn = threading.Lock()
        self._waiting: deque[_Write] = deque()  # type: ignore[type-arg]  # each has its own

    def run(self, work: Callable[[Connection], _T]) -> _T:
        """Do some work in a transaction, and give its answer when that is on the disk.

        Raises:
            StorageDown: The database did not take it, or not in time.
        """
        write = _Write(work)
        self._waiting.append(write)
        if not self._turn.acquire(timeout=self._timeout_s):
            return self._late(write)
        try:
            while not write.future.done():
                self._write_group()
        finally:
            self._turn.release()
        return write.future.result()

    def _write_group(self) -> None:
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST))]
        try:
            with self._begin() as conn:
                if len(group) == 1:
                    group[0].run_alone(conn)  # a savepoint would be a tenth of the time
                else:
                    for write in group:
                        write.run_beside_others(conn)
        except BaseException as error:
            for write in group:  # nothing of it stands
                write.future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for write in group:
                write.settle()

    def _late(self, write: _Write[_T]) -> _T:
        """Take a write back that had no turn; one that is in hand is waited for once more."""
        try:
            self._waiting.remove(write)
        except ValueError:
            try:
                return write.future.result(self._timeout_s)
            except TimeoutError:
                raise StorageDown("a write was not confirmed in time") from None
        raise StorageDown("other writers of this process keep the database busy")

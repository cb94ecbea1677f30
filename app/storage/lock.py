"""One writer at a time among all threads of all processes that write to one SQLite file."""

import fcntl
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import StorageDown

_TRY_AGAIN_S = (0.0005, 0.003)  # drawn anew each time, so that no process always comes second


class FileLock:
    """A lock file that one thread of one process holds; a holder that dies lets it go."""

    def __init__(self, path: Path, *, timeout_s: float) -> None:
        self._path = path
        self._timeout_s = timeout_s
        self._threads = threading.Lock()  # the threads of this process queue here, without polling

    @contextmanager
    def held(self, timeout_s: float | None = None) -> Iterator[None]:
        """Hold the lock while the block runs; raise StorageDown where it is not had in time."""
        timeout_s = self._timeout_s if timeout_s is None else timeout_s
        deadline = time.monotonic() + timeout_s
        if not self._threads.acquire(timeout=timeout_s):
            raise StorageDown("other writers of this process keep the database busy")
        try:
            # Opened anew each time: one kept over a fork would let both processes in.
            lock_file = _open(self._path)
            try:
                _wait_for(lock_file, deadline)
                yield
            finally:
                fcntl.flock(lock_file, fcntl.LOCK_UN)
                os.close(lock_file)
        finally:
            self._threads.release()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageDown("the database's lock file cannot be opened") from error


def _wait_for(lock_file: int, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise StorageDown("another process keeps the database busy") from None
            time.sleep(random.uniform(*_TRY_AGAIN_S))
        except OSError as error:
            raise StorageDown("the database's lock file cannot be locked") from error

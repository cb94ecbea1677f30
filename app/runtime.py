"""What runs beside the requests: started with the server, stopped in good order."""

import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import structlog
from fastapi import FastAPI

from app.batching import Batcher
from app.errors import StorageDown
from app.storage.engine import Database

STOP_S = 17.0  # from the signal on; covers the worker's own grace, and supervisors give 20 to 30

log = structlog.get_logger(__name__)


class Loop(Protocol):
    """Work that goes round in a thread of its own."""

    @property
    def alive(self) -> bool:
        """Whether it runs and was seen lately."""

    def run(self, stop: threading.Event) -> None:
        """Go round until told to stop."""

    def wake(self) -> None:
        """Go round now; after the stop was set, end now."""


class Runtime:
    """The parts of a service that are started and stopped with its server."""

    def __init__(
        self, *, database: Database, batcher: Batcher, loops: Sequence[tuple[str, Loop]]
    ) -> None:
        self.database = database
        self.batcher = batcher
        self._loops = loops
        self._stopping = threading.Event()
        self._stop_by_s = float("inf")

    @asynccontextmanager
    async def lifespan(self, _app: FastAPI) -> AsyncIterator[None]:
        """Deliver while the server runs; then finish what is in hand and let go."""
        threads = [
            threading.Thread(target=loop.run, args=(self._stopping,), name=name, daemon=True)
            for name, loop in self._loops
        ]
        for thread in threads:
            thread.start()
        yield
        self.begin_stop()
        self.batcher.close(self._left_s())
        for thread in threads:
            thread.join(self._left_s())
        self._close_database()

    def begin_stop(self) -> None:
        """Let the loops finish while the server still answers the requests that it has."""
        if self._stopping.is_set():
            return
        self._stop_by_s = time.monotonic() + STOP_S
        self._stopping.set()
        for _, loop in self._loops:
            loop.wake()

    def is_stopping(self) -> bool:
        """Whether the process ends: what would go on for ever must end, too."""
        return self._stopping.is_set()

    def _left_s(self) -> float:
        return max(0.0, self._stop_by_s - time.monotonic())

    def _close_database(self) -> None:
        try:
            self.database.close()
        except StorageDown:  # another process writes; what we wrote is durable all the same
            log.warning("database_left_open")

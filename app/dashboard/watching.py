"""What comes into the inbox, looked for once for all who watch it in this process.

Replicas share nothing but the database, so each looks there. While nobody watches, nobody looks.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import anyio.to_thread
import structlog

from app.errors import Overloaded

LOOK_EVERY_S = 0.5
MOST = 200  # who watch at once, in a process
_MOST_OF_ONE = 20  # of one session: tabs, so that nobody takes the room of all
_MOST_WAITING = 20  # pieces of news for one of them; who falls behind begins anew
_READY_S = 15.0  # until the first look must be over

log = structlog.get_logger(__name__)

_News = TypeVar("_News")
_Place = TypeVar("_Place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[_News, _Place]):
    """What one look found."""

    news: _News | None  # None: nothing new
    place: _Place  # from which the next look goes on
    sessions: frozenset[str]  # that hold
    more: bool = False  # there is more to find at once


class Watcher(Generic[_News]):
    """One who watches; used by the event loop's thread alone."""

    def __init__(self, session: str) -> None:
        self.session = session
        self._waiting: asyncio.Queue[_News | None] = asyncio.Queue(_MOST_WAITING)

    def tell(self, news: _News) -> None:
        """Let news wait; who has too much waiting is told to end."""
        try:
            self._waiting.put_nowait(news)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Let it end, whatever waits."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self, timeout_s: float) -> _News | None:
        """Give the next news; None: this is the end.

        Raises:
            TimeoutError: Nothing came.
        """
        async with asyncio.timeout(timeout_s):
            return await self._waiting.get()


@dataclass(eq=False)
class Watch(Generic[_News, _Place]):
    """Looks again and again while anybody watches; used by the event loop's thread alone."""

    look: Callable[[_Place | None], Found[_News, _Place]]  # blocks; from None on: from now
    is_stopping: Callable[[], bool]  # whether the process ends, and so must everybody
    every_s: float = LOOK_EVERY_S
    most: int = MOST
    _watchers: set[Watcher[_News]] = field(default_factory=set)
    _going: asyncio.Task[None] | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def watching(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def check_room(self, session: str) -> None:
        """Raise Overloaded where as many watch as may, all or of a session, or the process ends."""
        own = sum(watcher.session == session for watcher in self._watchers)
        if self.watching >= self.most or own >= _MOST_OF_ONE or self.is_stopping():
            raise Overloaded("too many watch the inbox; load the page again", retry_after_s=5)

    @contextmanager
    def joined(self, session: str) -> Iterator[Watcher[_News]]:
        """Watch while the block runs; `ready` says from when on nothing is missed."""
        watcher = Watcher[_News](session)
        self._watchers.add(watcher)
        if self._going is None:
            self._ready = asyncio.Event()
            self._going = asyncio.get_running_loop().create_task(self._go_round())
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def ready(self) -> Awaitable[bool]:
        """Wait for the first look; raises TimeoutError where the database does not answer."""
        return asyncio.wait_for(self._ready.wait(), _READY_S)

    async def _go_round(self) -> None:
        threads = anyio.CapacityLimiter(1)
        place: _Place | None = None
        while self._watchers and not self.is_stopping():
            found = await self._looked(place, threads)
            if found is not None:
                place = found.place
                self._ready.set()
                self._tell(found)
            await asyncio.sleep(0 if found is not None and found.more else self.every_s)
        self._going = None
        for watcher in self._watchers:
            watcher.end()

    async def _looked(
        self, place: _Place | None, threads: anyio.CapacityLimiter
    ) -> Found[_News, _Place] | None:
        try:
            return await anyio.to_thread.run_sync(self.look, place, limiter=threads)
        except Exception as error:  # noqa: BLE001  who watch go on: the database may come back
            log.warning("inbox_not_looked_at", error_type=type(error).__qualname__)
            return None

    def _tell(self, found: Found[_News, _Place]) -> None:
        for watcher in self._watchers:
            if watcher.session not in found.sessions:
                watcher.end()
            elif found.news is not None:
                watcher.tell(found.news)

"""One log line a second for what is refused by the hundred: a flood must not fill the disk."""

import asyncio

import structlog

EVERY_S = 1.0

log = structlog.get_logger(__name__)


class RefusalLog:
    """Used in the event loop. Writing a line takes half the time of all else in a refusal."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._more = 0
        self._timer: asyncio.TimerHandle | None = None

    def is_first(self) -> bool:
        """Whether this refusal gets a line of its own; further ones of its second are counted."""
        loop = asyncio.get_running_loop()
        if self._timer is None or self._timer.when() < loop.time() - self._every_s:
            self._timer = loop.call_later(self._every_s, self._tell)
            return True
        self._more += 1
        return False

    def _tell(self) -> None:
        self._timer = None
        if self._more:
            log.info("more_requests_refused", code="overloaded", count=self._more)
        self._more = 0

"""Background time: does what is due on reply clocks, when it is due."""

import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from app.errors import StorageDown
from app.replies.telling import Moment, Telling
from app.replies.ticking import tick
from app.routing.policy import Policy
from app.storage import clocks
from app.storage.engine import Database

STALE_S = 10.0  # a loop that was not seen for so long counts as dead
LOOK_EVERY_S = 5.0  # at the latest: others start clocks too

_BATCH = 20  # steps until the loop shows that it lives
_AGAIN_S = 1.0  # where something is due that others do just now, or that failed
_BACKOFF_S = (0.5, 1.0, 2.0, 5.0)  # while the database is down; the last one for ever

log = structlog.get_logger(__name__)


def _nothing() -> None:
    """Stand in for a hook that nobody set."""


class Timekeeper:
    """Keeps the reply clocks of a database; any number of them may share it.

    Nothing of it is kept in memory: a clock's row says what happens next, and one transaction
    does it. One thread calls `run` or `run_once`; all else may be called from any.
    """

    def __init__(
        self,
        database: Database,
        policy: Callable[[], Policy],
        *,
        now: Callable[[], datetime],
        telling: Telling,
        on_enqueued: Callable[[], object] = _nothing,
    ) -> None:
        """Set what is kept and how.

        Args:
            database: Where the clocks are.
            policy: The one in force now.
            now: The wall clock.
            telling: How much receivers are told.
            on_enqueued: Called after steps, which may have left deliveries waiting.
        """
        self._database = database
        self._policy = policy
        self._now = now
        self._telling = telling
        self._on_enqueued = on_enqueued
        self._changed = threading.Condition()
        self._woken = False
        self._running = False
        self._beat_s = float("-inf")
        self.last_beat_at: datetime | None = None  # when the loop last came round

    @property
    def alive(self) -> bool:
        """Whether the loop runs and was seen lately."""
        return self._running and time.monotonic() - self._beat_s < STALE_S

    def wake(self) -> None:
        """Let the loop look at the clocks now."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def run_once(self) -> int:
        """Do what is due now, a batch at most, and say how many steps that was.

        Raises:
            StorageDown: No more could be done; what was is stored.
        """
        moment = Moment(now=self._now(), policy=self._policy(), telling=self._telling)
        steps = tick(self._database, moment, limit=_BATCH)
        if steps:
            self._on_enqueued()
        return steps

    def run(self, stop: threading.Event) -> None:
        """Keep time until told to stop; ends within LOOK_EVERY_S, at once if woken."""
        self._running = True
        failures = 0
        try:
            while not stop.is_set():
                failures = 0 if self._step(stop) else failures + 1
                if failures:
                    stop.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])
        finally:
            self._running = False

    def _step(self, stop: threading.Event) -> bool:
        """Come round once; False where the database, or we ourselves, failed."""
        self._beat()
        try:
            if not self.run_once() and not stop.is_set():
                self._wait(self._idle_s())
        except StorageDown as error:
            log.warning("clocks_unavailable", error_code=error.code)
            return False
        except Exception:  # the loop's outermost frame: the clocks must go on
            log.exception("timekeeper_step_failed")
            return False
        return True

    def _beat(self) -> None:
        self._beat_s = time.monotonic()
        self.last_beat_at = self._now()

    def _idle_s(self) -> float:
        """Say how long nothing is to be done, as far as we know."""
        with self._database.read() as conn:
            next_at = clocks.next_at(conn)
        if next_at is None:
            return LOOK_EVERY_S
        left_s = (next_at - self._now()).total_seconds()
        return min(left_s, LOOK_EVERY_S) if left_s > 0 else _AGAIN_S

    def _wait(self, timeout_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._woken, timeout_s)
            self._woken = False

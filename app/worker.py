"""Background delivery: takes what is due, tries it, and records what came of it."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from app.claiming import Claimer
from app.domain import Answer
from app.errors import StorageDown
from app.recording import Recorder
from app.storage.claims import Claim
from app.storage.engine import Database
from app.storage.outbox import LONGEST_LEASE_S
from app.webhook.attempt import Begin, attempt
from app.webhook.breaker import Transition
from app.webhook.inflight import InFlight

LEASE_MARGIN_S = 30.0  # for the commits before and after an attempt, each up to 10 s
LEAST_MARGIN_S = 5.0  # RELIABILITY.md P10
STALE_S = 10.0  # a loop that was not seen for so long counts as dead

_BACKOFF_S = (0.5, 1.0, 2.0, 5.0)  # while the database is down; the last one for ever
_RECORDING_S = 5.0  # what has an answer when the worker stops gets so long to be recorded

log = structlog.get_logger(__name__)


def _nothing(*_: object) -> None:
    """Stand in for a hook that nobody set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a worker does at a time, and how long it waits."""

    batch: int = 20  # deliveries that one run_once() takes
    concurrency: int = 64  # attempts in flight; of one endpoint, its own max_in_flight
    idle_wait_s: float = 1.0  # until the next look for what is due, unless woken
    grace_s: float = 10.0  # for attempts in flight when the worker stops

    def __post_init__(self) -> None:
        if self.batch < 1 or self.concurrency < 1 or not 0 < self.idle_wait_s < STALE_S:
            raise ValueError(f"need batch and concurrency >= 1, idle_wait_s in (0, {STALE_S})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What others want to hear from, or have done by, a worker; all are called in its threads."""

    on_attempt: Callable[[Answer], object] = _nothing  # metrics
    on_transition: Callable[[Transition], object] = _nothing  # of an endpoint's circuit
    housekeeping: Callable[[], object] = _nothing  # deletes what has had its time
    housekeeping_every_s: float = 3_600.0
    spread: Callable[[], float] = lambda: random.uniform(-1.0, 1.0)
    monotonic: Callable[[], float] = time.monotonic  # for rates


class Worker:
    """Delivers what waits in the outbox; any number of them may share a database.

    A delivery is claimed only when a thread is free for it and its endpoint has room, so that the
    lease has to cover one attempt and no queue, and a slow endpoint holds no more threads than its
    own. One thread calls `run` or `run_once`; all else may be called from any.
    """

    def __init__(
        self,
        database: Database,
        begin: Begin,
        *,
        now: Callable[[], datetime],
        timeout_s: float,
        limits: Limits | None = None,
        hooks: Hooks | None = None,
    ) -> None:
        """Set what is delivered and how.

        Args:
            database: Where the outbox is.
            begin: Begins an attempt that never takes longer than `timeout_s`: Sender.begin.
            now: The wall clock.
            timeout_s: The total deadline of one attempt, in seconds; at most 60.
            limits: How much at a time.
            hooks: Who else is called.

        Raises:
            ValueError: The lease would not cover an attempt, or be longer than replays expect.
        """
        self._begin = begin
        self._now = now
        self._timeout_s = timeout_s
        if not timeout_s + LEAST_MARGIN_S < self.lease_s <= LONGEST_LEASE_S:
            raise ValueError(f"a lease of {self.lease_s} s does not fit attempts of {timeout_s} s")
        self._limits = limits or Limits()
        self._hooks = hooks or Hooks()
        self._claimer = Claimer(
            database, now=now, monotonic=self._hooks.monotonic, lease_s=self.lease_s
        )
        self._recorder = Recorder(
            database,
            now=now,
            spread=self._hooks.spread,
            on_attempt=self._hooks.on_attempt,
            on_transition=self._hooks.on_transition,
        )
        self._in_flight: InFlight[Claim] = InFlight(self._limits.concurrency)
        self._running = False
        self._beat_s = float("-inf")
        self._clean_at_s = float("-inf")
        self.last_beat_at: datetime | None = None  # when the loop last came round

    @property
    def lease_s(self) -> float:
        """How long a claim holds: always longer than the attempt that it covers."""
        return self._timeout_s + LEASE_MARGIN_S

    @property
    def alive(self) -> bool:
        """Whether the loop runs and was seen lately."""
        return self._running and time.monotonic() - self._beat_s < STALE_S

    def wake(self) -> None:
        """Let the loop look for due deliveries now."""
        self._in_flight.wake()

    def run_once(self) -> int:
        """Try what is due now, a batch at most, wait for all of it, and say how many there were.

        Raises:
            StorageDown: No more could be claimed; what was is tried and recorded.
        """
        taken = 0
        try:
            while taken < self._limits.batch:
                ended = self._in_flight.ended()
                found = self._take(self._limits.batch - taken)
                taken += found
                if not found and not self._in_flight.wait_for_end(ended, self.lease_s):
                    break  # nothing is due that an endpoint or a thread has room for
        finally:
            self._in_flight.wait_below(1, self.lease_s)
        return taken

    def run(self, stop: threading.Event) -> None:
        """Deliver until told to stop; then finish or give back what is in flight.

        Ends within `idle_wait_s` (at once if woken) plus `grace_s` plus a few seconds.
        """
        self._running = True
        failures = 0
        try:
            while not stop.is_set():
                failures = 0 if self._step() else failures + 1
                if failures:
                    stop.wait(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])
            self._drain()
        finally:
            self._running = False

    def _step(self) -> bool:
        """Come round once; False where the database, or we ourselves, failed."""
        self._beat()
        try:
            self._keep_house()
            if not self._take(self._limits.concurrency):
                self._in_flight.wait_for_wake(self._limits.idle_wait_s)
        except StorageDown as error:
            log.warning("outbox_unavailable", error_code=error.code)
            return False
        except Exception:  # the loop's outermost frame: delivery must go on
            log.exception("worker_step_failed")
            return False
        return True

    def _beat(self) -> None:
        self._beat_s = time.monotonic()
        self.last_beat_at = self._now()

    def _keep_house(self) -> None:
        if time.monotonic() >= self._clean_at_s:
            self._clean_at_s = time.monotonic() + self._hooks.housekeeping_every_s
            self._hooks.housekeeping()

    def _take(self, limit: int) -> int:
        """Claim what is due for the threads that are free, and start them; say how many."""
        free = min(limit, self._in_flight.free())
        if free <= 0:
            return 0
        claims = self._claimer.take(free, self._in_flight.by_group())
        for claim in claims:
            self._in_flight.start(claim, self._deliver, group=claim.endpoint.id)
        return len(claims)

    def _deliver(self, claim: Claim) -> None:
        try:
            started_at = self._now()
            if (claim.delivery.next_attempt_at - started_at).total_seconds() < self._timeout_s:
                self._recorder.give_back([claim])  # claiming took too long: the lease covers no try
                return
            answer = self._attempt(claim, started_at)
            if self._in_flight.settle(claim):
                self._recorder.record(claim, started_at, answer)
        except Exception:  # the thread's outermost frame: the lease runs out
            log.exception("delivery_failed", delivery_id=claim.delivery.id)

    def _attempt(self, claim: Claim, started_at: datetime) -> Answer:
        delivery = claim.delivery
        try:
            return attempt(
                self._begin,
                claim.endpoint,
                webhook_id=delivery.id,
                body=delivery.body,
                sent_at=started_at,
            )
        except Exception:  # counts as an attempt, so that a poison delivery dies
            log.exception("attempt_failed", delivery_id=delivery.id)
            return Answer(status_code=None, error_code="internal_error")

    def _drain(self) -> None:
        """Wait for what is in flight, give back what stays unanswered, let the rest be recorded."""
        self._in_flight.wait_below(1, self._limits.grace_s)
        unanswered = self._in_flight.settle_rest()
        if unanswered:
            self._recorder.give_back(unanswered)
        self._in_flight.wait_below(len(unanswered) + 1, _RECORDING_S)

"""What came of attempts, written down in one transaction: delivery, endpoint and what it stops."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from app.domain import Answer, Attempt
from app.errors import StorageDown
from app.storage import health, outbox
from app.storage.claims import Claim
from app.storage.engine import Connection, Database
from app.webhook import breaker, retry
from app.webhook.breaker import Transition

_RECORD_AGAIN_S = (0.2, 1.0)

log = structlog.get_logger(__name__)


class Recorder:
    """Records for one worker, in the threads of its attempts."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        spread: Callable[[], float],
        on_attempt: Callable[[Answer], object],
        on_transition: Callable[[Transition], object],
    ) -> None:
        self._database = database
        self._now = now
        self._spread = spread
        self._on_attempt = on_attempt
        self._on_transition = on_transition

    def record(self, claim: Claim, started_at: datetime, answer: Answer) -> None:
        """Keep an attempt and let what follows from it stand, unless a later claim owns it.

        Raises:
            StorageDown: Nothing was recorded, with some patience; the lease repeats the attempt.
        """
        delivery = claim.delivery
        made = Attempt(
            delivery_id=delivery.id,
            number=delivery.attempts,
            started_at=started_at,
            answer=answer,
        )
        outcome = retry.after(answer, attempts=made.number, now=self._now(), spread=self._spread())
        stands = self._write(claim, made, outcome)
        log.info(
            "attempt",
            delivery_id=delivery.id,
            message_id=delivery.message_id,
            endpoint_id=delivery.endpoint_id,
            number=made.number,
            status_code=answer.status_code,
            error_code=answer.error_code,
            duration_ms=answer.duration_ms,
            outcome=outcome.status.value if stands else "too_late",
        )
        self._on_attempt(answer)

    def give_back(self, claims: Sequence[Claim]) -> None:
        """Let others have what was not tried to the end; it does not count as an attempt."""
        try:
            with self._database.write() as conn:
                for claim in claims:
                    outbox.release(conn, claim.delivery, now=self._now())
        except StorageDown:  # then its lease runs out
            log.warning("release_failed", deliveries=len(claims))
        else:
            log.info("released", deliveries=len(claims))

    def _write(self, claim: Claim, made: Attempt, outcome: retry.Outcome) -> bool:
        for pause_s in _RECORD_AGAIN_S:
            try:
                return self._write_once(claim, made, outcome)
            except StorageDown:
                time.sleep(pause_s)
        return self._write_once(claim, made, outcome)

    def _write_once(self, claim: Claim, made: Attempt, outcome: retry.Outcome) -> bool:
        endpoint_id = claim.endpoint.id

        def write(conn: Connection) -> tuple[Transition | None, bool, int]:
            transition = self._judge(conn, claim, made.answer, outcome)
            stands = outbox.record(
                conn, made, status=outcome.status, next_attempt_at=outcome.next_attempt_at
            )
            disabled = transition is Transition.DISABLED
            return transition, stands, outbox.suppress(conn, endpoint_id) if disabled else 0

        transition, stands, suppressed = self._database.write_in_group(write)
        if transition is not None:
            self._tell(transition, endpoint_id, suppressed)
        return stands

    def _judge(
        self, conn: Connection, claim: Claim, answer: Answer, outcome: retry.Outcome
    ) -> Transition | None:
        """Change the endpoint's health; where all is well, its row is only read."""
        endpoint_id = claim.endpoint.id
        seen = health.of_endpoint(conn, endpoint_id, to_change=not answer.delivered)
        if answer.delivered and seen.failures:
            seen = health.of_endpoint(conn, endpoint_id, to_change=True)
        verdict = breaker.after(
            seen, answer, now=self._now(), spread=self._spread(), probe=claim.probe
        )
        if verdict.health != seen:
            health.keep(conn, endpoint_id, verdict.health)
        if outcome.disable_endpoint or verdict.transition is Transition.DISABLED:
            return Transition.DISABLED if health.disable(conn, endpoint_id) else None
        return verdict.transition

    def _tell(self, transition: Transition, endpoint_id: str, suppressed: int) -> None:
        """Say once that an endpoint was left alone, or is well again."""
        if transition is Transition.DISABLED:
            log.warning("endpoint_disabled", endpoint_id=endpoint_id, suppressed=suppressed)
        elif transition is Transition.OPENED:
            log.warning("circuit_opened", endpoint_id=endpoint_id)
        else:
            log.info("circuit_closed", endpoint_id=endpoint_id)
        self._on_transition(transition)

"""What is due on reply clocks, done: each step with its events in one transaction, exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import structlog

from app.domain import (
    ClockEvent,
    ClockStatus,
    ClockStep,
    ReplyClock,
    Stored,
)
from app.errors import StorageDown
from app.replies.naming import name_another, wish_of
from app.replies.telling import EVENT_TYPES, Moment, context_of_stored, reply_event
from app.routing.clocks import Step, next_step
from app.storage import clocks, endpoints, messages, outbox
from app.storage.engine import Connection, Database

_MAX_FAILED = 200  # clocks that one call tries in vain

log = structlog.get_logger(__name__)


def tick(database: Database, moment: Moment, *, limit: int) -> int:
    """Do what is due on reply clocks, the longest due first, and say how many steps that was.

    One transaction takes one step: it holds the clock's row, names the owner, enqueues the events
    and moves the clock. So a step is taken once, however many do this at the same time and
    wherever one of them dies. A clock whose step fails keeps no other one waiting, and is tried
    again by the next call.

    Args:
        database: Where the clocks are.
        moment: The present, the policy in force, and how much receivers are told.
        limit: Steps, at most.

    Raises:
        StorageDown: No more could be done; what was is stored.
    """
    with database.read() as conn:
        next_at = clocks.next_at(conn)
    if next_at is None or next_at > moment.now:
        return 0
    round_ = _Round(database, moment)
    while round_.done < limit and len(round_.failed) < _MAX_FAILED and round_.take_one():
        pass
    return round_.done


@dataclass(slots=True)
class _Round:
    """One call of tick."""

    database: Database
    moment: Moment
    done: int = 0
    failed: set[str] = field(default_factory=set)  # clocks

    def take_one(self) -> bool:
        """Take the step that is due longest; False where none is left."""
        claimed: list[ReplyClock] = []
        try:
            with self.database.write() as conn:
                now, failed = self.moment.now, self.failed
                claimed = clocks.claim_due(conn, now=now, limit=1, without=failed)
                for clock in claimed:
                    _take_step(conn, clock, self.moment)
            self.done += len(claimed)
        except StorageDown:
            raise
        except Exception:
            if not claimed:
                raise
            log.exception("reply_step_failed", clock_id=claimed[0].id)  # the others must go on
            self.failed.add(claimed[0].id)
        return bool(claimed)


def _take_step(conn: Connection, clock: ReplyClock, moment: Moment) -> None:
    policy = moment.policy
    step = next_step(clock, policy.clocks.get(clock.clock), policy.calendars, moment.now)
    if step is None:
        return
    if step.times is None:
        by, at = clocks.LAPSED, step.at
        clocks.settle(conn, clock.message_id, status=ClockStatus.CLOSED, by=by, at=at)
        log.warning("reply_clock_lapsed", clock_id=clock.id, message_id=clock.message_id)
        return
    stored = messages.find(conn, clock.message_id)
    if stored is None:
        raise LookupError("a reply clock stands without its message")
    after = _after(conn, clock, step, stored, moment)
    promised = tell_of_step(conn, after, step, stored, moment)
    event = ClockEvent(
        clock_id=clock.id, step=step.step, level=step.level, at=step.at, owner=after.owner
    )
    clocks.write_step(conn, after, event, promised=promised)
    log.info(
        "reply_step",
        clock_id=clock.id,
        message_id=clock.message_id,
        step=step.step.value,
        level=step.level,
        deliveries=promised,
    )


def _after(
    conn: Connection, clock: ReplyClock, step: Step, stored: Stored, moment: Moment
) -> ReplyClock:
    """Give the clock as it is after a step."""
    assert step.times is not None
    is_reminder = step.step is ClockStep.REMINDED
    owner = clock.owner if is_reminder else _next_owner(conn, clock, step, stored, moment)
    return replace(
        clock,
        pool=step.pool,
        owner=owner,
        level=step.level,
        due_at=step.times.due_at,
        next_at=step.times.next_at,
        reminded=is_reminder,
    )


def _next_owner(
    conn: Connection, clock: ReplyClock, step: Step, stored: Stored, moment: Moment
) -> str | None:
    """Name who has it after a step; where nobody can be named, who has it keeps it."""
    if step.pool is None:
        return clock.owner
    past = [event.owner for event in clocks.events_of(conn, clock.id) if event.owner is not None]
    had = [*dict.fromkeys(owner for owner in past if owner != clock.owner)]
    context = context_of_stored(stored)
    wish = wish_of(context, stored.prediction.get("language"), at=moment.now)
    if clock.owner is not None:
        had.append(clock.owner)
    choice = name_another(conn, moment.policy, step.pool, context, wish, had=had)
    return choice.owner or clock.owner


def tell_of_step(
    conn: Connection, clock: ReplyClock, step: Step, stored: Stored, moment: Moment
) -> int:
    """Let everybody who heard of the message, and the level's endpoints, hear of a step.

    Returns:
        How many deliveries that makes.
    """
    rule = moment.policy.rule(clock.rule)
    told: Sequence[str] = rule.endpoints if rule else stored.decision["endpoints"]
    names = dict.fromkeys((*told, *step.endpoints))
    receivers = [one for one in endpoints.by_names(conn, names) if one.enabled]
    if not receivers:
        return 0
    made = outbox.tell(
        conn,
        receivers,
        message_id=clock.message_id,
        event_type=EVENT_TYPES[step.step],
        body=reply_event(conn, moment, stored, clock, step.step),
        now=moment.now,
    )
    return len(made)

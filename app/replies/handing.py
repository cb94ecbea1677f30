"""How a person gives a message to another owner: the promise stays, its receivers hear of it."""

from dataclasses import replace

from app.domain import ClockStep, ReplyClock
from app.replies.telling import Moment
from app.replies.ticking import tell_of_step
from app.routing.clocks import Step
from app.storage import clocks, inbox_keeping, messages
from app.storage.engine import Connection


def hand_to(conn: Connection, message_id: str, owner: str, moment: Moment) -> bool:
    """Let somebody else answer a message that nobody took; by when stays as it was promised.

    Args:
        conn: A writing transaction.
        message_id: What is handed over.
        owner: One of the policy's, by their id, or whoever takes it for themselves.
        moment: The present, the policy in force, and how much receivers are told.

    Returns:
        False where nothing changed: it is theirs, somebody took it, it is done, or not there.
    """
    clock = clocks.hold(conn, message_id)
    if clock is None:
        return inbox_keeping.hand_over(conn, message_id, owner)
    stored = messages.find(conn, message_id)
    if stored is None or clock.owner == owner:
        return False
    after = replace(clock, owner=owner)
    promised = tell_of_step(conn, after, _handing(after, moment), stored, moment)
    clocks.write_handing(conn, after, at=moment.now, promised=promised)
    return True


def _handing(clock: ReplyClock, moment: Moment) -> Step:
    return Step(
        step=ClockStep.REASSIGNED,
        level=clock.level,
        at=moment.now,
        pool=clock.pool,
        endpoints=(),
        times=None,
    )

"""How a message gets its owner and its reply clock, in the transaction that stores it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain import ClockStatus, Decision, ReplyClock, new_id
from app.replies.naming import name_owner, wish_of
from app.routing.clocks import fallback, started
from app.routing.context import Context
from app.routing.owners import Owner
from app.routing.policy import Policy
from app.storage import clocks
from app.storage.engine import Connection

STALE = timedelta(
    days=7
)  # an own time that is further back is not believed: no provider tries so long


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A message that somebody has to answer."""

    message_id: str
    decision: Decision
    context: Context  # its `at` is when the clock starts, unless that lies ahead
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """Who answers a message, and by when."""

    owner: Owner | None  # None: no pool was asked, or nobody of it is there
    why: str  # this one, for a person; empty where no pool was asked
    clock: ReplyClock | None  # None: the decision starts none


def start(conn: Connection, policy: Policy, owed: Owed, *, now: datetime) -> Assigned:
    """Name who answers a message, and start the clock that its decision asks for.

    A decision with a pool and no clock names an owner all the same; with a clock and no pool,
    nobody is named, and the clock runs. A clock that the policy does not have gives an hour.

    Args:
        conn: The transaction that stores the message, after the message is in it.
        policy: The one that decided.
        owed: The message.
        now: The present.

    Raises:
        Duplicate: The message has a clock already.
    """
    pool, owner, why = owed.decision.pool, None, ""
    if pool is not None:
        wish = wish_of(owed.context, owed.language, at=now)
        choice = name_owner(conn, policy, pool, owed.context, wish)
        owner, why = choice.owner, choice.why
    clock = None
    if owed.decision.clock is not None:
        clock = _clock(policy, owed, owed.decision.clock, owner, now)
        clocks.add(conn, clock)
    return Assigned(owner=policy.owners.get(owner or ""), why=why, clock=clock)


def _clock(policy: Policy, owed: Owed, name: str, owner: str | None, now: datetime) -> ReplyClock:
    """Promise from the message's own time on; whoever hears of it late still gets the whole time.

    The time of a mail is its sender's to choose: one that lies ahead, or is STALE, is not believed.
    Without a second count from now on, a late message would take all its steps in one instant.
    """
    context, decision = owed.context, owed.decision
    plan = policy.clocks.get(name) or fallback(name)
    started_at = context.at if now - STALE <= context.at <= now else now
    promise = started(plan, policy.calendars, at=started_at)
    times = promise if promise.due_at > now else started(plan, policy.calendars, at=now)
    reminded = times.next_at <= now  # who is told just now need not be reminded
    return ReplyClock(
        id=new_id("clk", now),
        message_id=owed.message_id,
        rule=decision.rule,
        route=decision.route,
        clock=name,
        pool=decision.pool,
        owner=owner,
        contact=context.contact.name,
        account=context.account.name,
        level=0,
        started_at=started_at,
        promised_at=promise.due_at,
        due_at=times.due_at,
        next_at=times.due_at if reminded else times.next_at,
        reminded=reminded,
        status=ClockStatus.RUNNING,
    )

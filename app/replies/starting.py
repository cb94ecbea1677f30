"""How a message gets its owner and its reply clock, in the transaction that stores it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from app.domain import ClockStatus, Decision, ReplyClock, new_id
from app.replies.naming import name_owner, wish_of
from app.routing.clocks import fallback, started
from app.routing.context import Context
from app.routing.owners import Owner
from app.routing.policy import Policy
from app.storage import clocks

IMPORTED = timedelta(days=7)  # so long no provider tries: an older message was not sent just now


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
    nobody is named, and the clock runs. A clock that the policy does not have gives an hour. What
    is older than IMPORTED gets no clock: all its steps would be due at once, and told at once.

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
    if owed.decision.clock is not None and now - owed.context.at <= IMPORTED:
        clock = _clock(policy, owed, owed.decision.clock, owner, now)
        clocks.add(conn, clock)
    return Assigned(owner=policy.owners.get(owner or ""), why=why, clock=clock)


def _clock(policy: Policy, owed: Owed, name: str, owner: str | None, now: datetime) -> ReplyClock:
    context, decision = owed.context, owed.decision
    plan = policy.clocks.get(name) or fallback(name)
    started_at = min(context.at, now)  # nobody wrote later than now, whatever their clock says
    times = started(plan, policy.calendars, at=started_at)
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
        promised_at=times.due_at,
        due_at=times.due_at,
        next_at=times.next_at,
        reminded=False,
        status=ClockStatus.RUNNING,
    )

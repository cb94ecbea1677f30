"""Reply clocks to start from, stored with the messages that they are about."""

import json
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from support import DECISION, PREDICTION, START, a_message, an_endpoint
from support_predict import predict_by_word

from app.contexts import context_of
from app.domain import ClockStatus, Decision, ReplyClock
from app.replies.starting import Owed, start
from app.replies.telling import Moment, Telling
from app.replies.ticking import tick
from app.routing.clocks import ClockPlan, Level
from app.routing.owners import Owner, Pool
from app.routing.policy import Policy, Rule
from app.storage import clocks, endpoints, messages, tables

HOUR = timedelta(hours=1)
LEVELS = (
    Level(pool=None, within=HOUR / 2),
    Level(pool="leads", within=HOUR / 2, endpoints=("managers",)),
)
RUNNING, ACKNOWLEDGED = ClockStatus.RUNNING, ClockStatus.ACKNOWLEDGED
CLOSED = ClockStatus.CLOSED


def a_clock(number=1, **changes):
    """The clock of message `msg_<number>`, an hour long; half of it is over at next_at."""
    clock = ReplyClock(
        id=f"clk_{number}",
        message_id=f"msg_{number}",
        rule="pricing",
        route="sales",
        clock="hour",
        pool="sales",
        owner="ana",
        contact="ada@example.com",
        account="example.com",
        level=0,
        started_at=START,
        promised_at=START + HOUR,
        due_at=START + HOUR,
        next_at=START + HOUR / 2,
        reminded=False,
        status=RUNNING,
    )
    return replace(clock, **changes)


def taken(number, after, **changes):
    """A clock whose message was taken so long after it began."""
    clock = a_clock(number, **changes)
    settled_at = clock.started_at + after
    settled = {"settled_at": settled_at, "settled_by": clock.owner, "next_at": None}
    return replace(clock, **{"status": ACKNOWLEDGED, **settled, **changes})


def fill(database, *some):
    """Store clocks, each with its message."""
    with database.write() as conn:
        for clock in some:
            message = a_message(id=clock.message_id)
            messages.add(conn, message, prediction=PREDICTION, decision=DECISION)
            clocks.add(conn, clock)


def the_clock(database, number=1):
    with database.read() as conn:
        return clocks.of_message(conn, f"msg_{number}")


def the_events(database, number=1):
    with database.read() as conn:
        return clocks.events_of(conn, f"clk_{number}")


def a_policy(**changes):
    """Sales of two, leads of one, and a clock of an hour whose levels last half an hour."""
    rule = Rule(
        name="pricing",
        intents={"pricing": None},
        route="sales",
        endpoints=("sales",),
        event_type="lead.detected",
        pool="sales",
        clock="hour",
        history=2,
    )
    values = {
        "rules": (rule,),
        "otherwise": replace(rule, name="otherwise", intents={}, pool=None, clock=None),
        "sha256": "",
        "owners": {name: Owner(id=name, name=name.title()) for name in ("ana", "ben", "eve")},
        "pools": {
            "sales": Pool(name="sales", weights={"ana": 1.0, "ben": 1.0}),
            "leads": Pool(name="leads", weights={"eve": 1.0}),
        },
        "clocks": {"hour": ClockPlan(name="hour", within=HOUR, levels=LEVELS)},
    }
    return Policy(**{**values, **changes})


def a_decision(**changes):
    decision = Decision(
        route="sales",
        rule="pricing",
        reasons=("pricing 0.93 reaches the model's threshold",),
        endpoints=("sales",),
        event_type="lead.detected",
        policy_sha256="",
        pool="sales",
        clock="hour",
    )
    return replace(decision, **changes)


def store(database, number=1, *, policy=None, now=START, message=None, **decided):
    """Store a message as the intake does, with the owner and the clock that it gets."""
    message = message or a_message(id=f"msg_{number}", received_at=START)
    decision = a_decision(**decided)
    said = predict_by_word(["What is the price?"])[0].as_dict()
    with database.write() as conn:
        context = context_of(conn, message, None, now=now)
        messages.add(conn, message, prediction=said, decision=decision.as_dict())
        owed = Owed(message_id=message.id, decision=decision, context=context, language="en")
        return start(conn, policy or a_policy(), owed, now=now)


def add_endpoints(database, *names):
    with database.write() as conn:
        for name in names:
            endpoints.add(conn, an_endpoint(id=f"ep_{name}", name=name))


def sent(database):
    """Every event that waits, as it is due: its type, for whom, and what it says."""
    deliveries = tables.deliveries
    query = select(deliveries).order_by(deliveries.c.next_attempt_at, deliveries.c.endpoint_id)
    with database.read() as conn:
        rows = conn.execute(query).mappings()
        return [(row["event_type"], row["endpoint_id"], json.loads(row["body"])) for row in rows]


def tick_at(database, now, *, policy=None, limit=1_000, **telling):
    telling = Telling(**{"personal_data": False, **telling})
    moment = Moment(now=now, policy=policy or a_policy(), telling=telling)
    return tick(database, moment, limit=limit)

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from support import START, a_message, race
from support_clocks import (
    HOUR,
    RUNNING,
    a_clock,
    a_policy,
    add_endpoints,
    sent,
    store,
    the_clock,
    tick_at,
)

from app.domain import ClockStatus, ClockStep, Sender
from app.errors import StorageDown
from app.replies.settling import acknowledge
from app.replies.starting import Assigned
from app.routing.calendars import Calendar
from app.routing.clocks import ClockPlan
from app.routing.owners import Absence, Owner, Pool
from app.storage import clocks, tables
from app.webhook.alert import Links

HALF = HOUR / 2
STARTED, REMINDED = ClockStep.STARTED, ClockStep.REMINDED
REASSIGNED, ESCALATED = ClockStep.REASSIGNED, ClockStep.ESCALATED


def steps(database, number=1):
    """What happened on a message's clock: step, level, hours after its start, who has it then."""
    clock = the_clock(database, number)
    with database.read() as conn:
        events = clocks.events_of(conn, clock.id)
    return [(one.step, one.level, (one.at - START) / HOUR, one.owner) for one in events]


def types(database):
    return [event_type for event_type, _, _ in sent(database)]


def promised(database):
    with database.read() as conn:
        query = select(tables.clock_events.c.promised).where(tables.clock_events.c.promised > 0)
        return sorted(conn.execute(query).scalars())


def test_a_message_gets_an_owner_and_a_clock_from_its_own_time_on(database):
    assigned = store(database)

    assert assigned == Assigned(
        owner=Owner(id="ana", name="Ana"), why="next of 2 at work", clock=the_clock(database)
    )
    expected = a_clock(id=assigned.clock.id, contact="ada@example.com", account="example.com")
    assert assigned.clock == expected
    assert steps(database) == [(STARTED, 0, 0.0, "ana")]


@pytest.mark.parametrize(
    ("own", "believed"),
    [(-timedelta(days=7), True), (-timedelta(days=8), False), (timedelta(hours=5), False)],
)
def test_a_senders_clock_is_believed_for_seven_days_back_and_not_ahead(database, own, believed):
    clock = store(database, now=START - own).clock

    assert clock.started_at == (START if believed else START - own)


def test_messages_are_shared_out_by_turns(database):
    owners = [store(database, number).owner.id for number in range(1, 5)]

    assert owners == ["ana", "ben", "ana", "ben"]


def test_messages_that_come_at_once_are_shared_out_by_turns_too(database):
    owners = race(8, lambda number: store(database, number).owner.id)

    assert sorted(owners) == ["ana"] * 4 + ["ben"] * 4


def test_a_decision_with_a_pool_and_no_clock_names_an_owner(database):
    assigned = store(database, clock=None)

    assert (assigned.owner.id, assigned.clock) == ("ana", None)
    assert the_clock(database) is None


def test_a_decision_with_a_clock_and_no_pool_names_nobody(database):
    assigned = store(database, pool=None)

    assert (assigned.owner, assigned.why) == (None, "")
    assert (assigned.clock.owner, assigned.clock.pool) == (None, None)


def test_a_decision_that_asks_for_nothing_gets_nothing(database):
    assert store(database, pool=None, clock=None) == Assigned(owner=None, why="", clock=None)


def test_a_pool_or_a_clock_that_the_policy_does_not_have_stops_nobody(database):
    assigned = store(database, policy=a_policy(pools={}, clocks={}))

    assert assigned.owner is None
    assert assigned.clock.due_at == START + HOUR


def test_a_clock_counts_working_time(database):
    office = Calendar(name="night", zone="UTC", hours=dict.fromkeys(range(7), ((0, 60),)))
    plan = ClockPlan(name="hour", within=HOUR, calendar="night")
    policy = a_policy(calendars={"night": office}, clocks={"hour": plan})

    clock = store(database, policy=policy).clock

    assert clock.next_at == datetime(2026, 11, 26, 0, 30, tzinfo=UTC)
    assert clock.promised_at == clock.due_at == datetime(2026, 11, 26, 1, tzinfo=UTC)


def test_nothing_happens_before_its_time(database):
    store(database)

    assert tick_at(database, START + HALF - timedelta(microseconds=1)) == 0
    assert steps(database) == [(STARTED, 0, 0.0, "ana")]


def test_at_half_time_the_owner_is_reminded_once(database):
    add_endpoints(database, "sales")
    store(database)

    assert [tick_at(database, START + HALF), tick_at(database, START + HALF)] == [1, 0]
    [(event_type, endpoint_id, body)] = sent(database)
    assert (event_type, endpoint_id) == ("reply.reminder", "ep_sales")
    assert body["data"]["owner"]["id"] == "ana"
    assert body["data"]["reply"]["minutes_left"] == 30
    assert the_clock(database).reminded


def test_in_the_end_another_owner_has_it_and_then_the_next_level(database):
    add_endpoints(database, "managers", "sales")
    store(database)

    for quarter in range(1, 9):
        tick_at(database, START + quarter * HALF / 2)

    assert steps(database) == [
        (STARTED, 0, 0.0, "ana"),
        (REMINDED, 0, 0.5, "ana"),
        (REASSIGNED, 1, 1.0, "ben"),
        (REMINDED, 1, 1.25, "ben"),
        (ESCALATED, 2, 1.5, "eve"),
        (REMINDED, 2, 1.75, "eve"),
        (ESCALATED, 3, 2.0, "eve"),
    ]
    assert [(event_type, endpoint_id) for event_type, endpoint_id, _ in sent(database)] == [
        ("reply.reminder", "ep_sales"),
        ("reply.reassigned", "ep_sales"),
        ("reply.reminder", "ep_sales"),
        *[("reply.escalated", "ep_managers"), ("reply.escalated", "ep_sales")],
        *[("reply.reminder", "ep_managers"), ("reply.reminder", "ep_sales")],
        *[("reply.escalated", "ep_managers"), ("reply.escalated", "ep_sales")],
    ]
    assert promised(database) == [1, 1, 1, 2, 2, 2]


def test_an_event_says_who_has_it_now_and_by_when(database):
    add_endpoints(database, "sales")
    store(database)
    tick_at(database, START + HALF)

    tick_at(database, START + HOUR + timedelta(minutes=4))

    event_type, _, body = sent(database)[-1]
    assert event_type == body["type"] == "reply.reassigned"
    assert body["data"]["owner"] == {"id": "ben", "name": "Ben", "email": None, "mention": None}
    assert body["data"]["reply"] == {
        "clock": "hour",
        "started_at": "2026-11-25T12:00:00.123456Z",
        "promised_at": "2026-11-25T13:00:00.123456Z",
        "due_at": "2026-11-25T13:30:00.123456Z",
        "minutes_left": 26,
        "level": 1,
    }
    assert body["data"]["primary"] == "pricing"


def test_without_personal_data_nobody_hears_who_wrote(database):
    add_endpoints(database, "sales")
    store(database)

    tick_at(database, START + HALF)

    [(_, _, body)] = sent(database)
    assert not {"sender", "subject", "excerpt", "contact", "history"} & body["data"].keys()


def test_with_personal_data_they_hear_of_earlier_messages_and_of_other_promises(database):
    add_endpoints(database, "sales")
    earlier = a_message(id="msg_2", subject="Before", received_at=START - HOUR)
    store(database, 2, message=earlier)
    store(database, 1)
    with database.write() as conn:
        acknowledge(conn, "msg_2", by="ana", now=START)
    store(database, 3, now=START + HALF, message=a_message(id="msg_3", received_at=START + HALF))

    tick_at(database, START + HALF, personal_data=True)

    [(_, _, body)] = sent(database)
    assert body["data"]["sender"]["email"] == "ada@example.com"
    assert [one["subject"] for one in body["data"]["history"]] == ["Before"]
    assert [one["message_id"] for one in body["data"]["promises"]] == ["msg_3"]


def test_the_links_of_an_event_are_its_owners(database):
    add_endpoints(database, "sales")
    store(database)

    def links(message_id, owner, now):
        return Links(mine=f"{message_id}/{owner}", wrong_label="", not_a_lead=f"{now.minute}")

    tick_at(database, START + HALF, links=links)

    [(_, _, body)] = sent(database)
    assert body["data"]["links"] == {"mine": "msg_1/ana", "wrong_label": "", "not_a_lead": "30"}


def test_a_message_that_came_too_late_breaks_the_promise_and_gives_its_owner_the_whole_time(
    database,
):
    add_endpoints(database, "sales")
    clock = store(database, now=START + 3 * HOUR).clock

    assert (clock.started_at, clock.promised_at) == (START, START + HOUR)
    assert (clock.next_at, clock.due_at) == (START + 3.5 * HOUR, START + 4 * HOUR)
    assert tick_at(database, START + 3 * HOUR) == 0
    assert tick_at(database, START + 4 * HOUR) == 2
    assert steps(database) == [
        (STARTED, 0, 0.0, "ana"),
        (REMINDED, 0, 3.5, "ana"),
        (REASSIGNED, 1, 4.0, "ben"),
    ]


def test_who_is_told_after_half_of_the_time_is_not_reminded_in_the_same_instant(database):
    clock = store(database, now=START + 0.75 * HOUR).clock

    assert (clock.reminded, clock.next_at, clock.due_at) == (True, START + HOUR, START + HOUR)


def test_a_service_that_was_off_for_hours_takes_every_step_in_order(database):
    add_endpoints(database, "sales")
    store(database)

    assert tick_at(database, START + 3 * HOUR) == 10
    assert steps(database)[:5] == [
        (STARTED, 0, 0.0, "ana"),
        (REMINDED, 0, 0.5, "ana"),
        (REASSIGNED, 1, 1.0, "ben"),
        (REMINDED, 1, 1.25, "ben"),
        (ESCALATED, 2, 1.5, "eve"),
    ]
    assert [at for _, _, at, _ in steps(database)[5:]] == [1.75, 2.0, 2.25, 2.5, 2.75, 3.0]
    assert types(database) == [
        *["reply.reminder", "reply.reassigned", "reply.reminder", "reply.escalated"],
        *["reply.reminder", "reply.escalated"] * 3,
    ]


def test_a_tick_takes_no_more_steps_than_it_may(database):
    store(database)

    taken = [tick_at(database, START + 3 * HOUR, limit=4) for _ in range(4)]

    assert taken == [4, 4, 2, 0]


def test_what_is_taken_reminds_nobody(database):
    add_endpoints(database, "sales")
    store(database)
    with database.write() as conn:
        acknowledge(conn, "msg_1", by="ana", now=START + 2 * HOUR)

    assert tick_at(database, START + 3 * HOUR) == 0
    assert sent(database) == []


def test_an_endpoint_that_is_not_there_or_disabled_gets_nothing(database):
    store(database)

    assert tick_at(database, START + HALF) == 1
    assert (sent(database), promised(database)) == ([], [])


def test_a_rule_that_is_gone_leaves_the_endpoints_that_heard_of_the_message(database):
    add_endpoints(database, "first", "sales")
    store(database, endpoints=("first",))

    tick_at(database, START + HALF)
    tick_at(database, START + HOUR, policy=a_policy(rules=()))

    assert [endpoint_id for _, endpoint_id, _ in sent(database)] == ["ep_sales", "ep_first"]


def test_a_clock_goes_on_without_its_plan_and_its_pool(database):
    store(database)
    empty = a_policy(rules=(), owners={}, pools={}, clocks={})

    tick_at(database, START + 2 * HOUR, policy=empty)

    assert steps(database) == [
        (STARTED, 0, 0.0, "ana"),
        (REMINDED, 0, 0.5, "ana"),
        (REASSIGNED, 1, 1.0, "ana"),
        (REMINDED, 1, 1.5, "ana"),
        (REASSIGNED, 2, 2.0, "ana"),
    ]


def test_who_had_it_gets_it_again_only_when_everybody_had_it(database):
    trio = Pool(name="sales", weights={"ana": 1.0, "ben": 1.0, "eve": 1.0})
    plan = ClockPlan(name="hour", within=HOUR, remind_at=0)
    policy = a_policy(pools={"sales": trio}, clocks={"hour": plan})
    store(database, policy=policy)

    tick_at(database, START + 7 * HOUR, policy=policy)

    owners = [owner for *_, owner in steps(database)]
    assert set(owners[:3]) == {"ana", "ben", "eve"}
    assert all(one != other for one, other in pairwise(owners))


def test_where_nobody_else_is_there_who_has_it_keeps_it(database):
    away = Absence(START.date(), START.date())
    owners = a_policy().owners
    policy = a_policy(owners={**owners, "ben": replace(owners["ben"], absences=(away,))})
    store(database, policy=policy)

    tick_at(database, START + HOUR, policy=policy)

    assert steps(database)[-1] == (REASSIGNED, 1, 1.0, "ana")


def test_a_clock_that_nobody_ever_takes_lapses(database):
    store(database)

    tick_at(database, START + timedelta(days=60))

    clock = the_clock(database)
    assert (clock.status, clock.level, clock.settled_by) == (ClockStatus.CLOSED, 100, "lapsed")
    assert clock.settled_at == START + timedelta(days=50) + 26 * HOUR


def test_a_clock_whose_step_fails_keeps_no_other_one_waiting(database):
    add_endpoints(database, "sales")
    store(database, 1, message=a_message(id="msg_1", received_at=START - HOUR))
    store(database, 2)
    with database.write() as conn:
        broken = tables.messages.update().where(tables.messages.c.id == "msg_1")
        conn.execute(broken.values(prediction={"intents": "none"}))

    assert tick_at(database, START + HALF) == 1

    assert [body["data"]["message_id"] for _, _, body in sent(database)] == ["msg_2"]
    assert the_clock(database, 1).status is RUNNING
    assert not the_clock(database, 1).reminded


class Dying:
    """A database in which every so many transactions end before their commit."""

    def __init__(self, database, *, every):
        self._database, self._every, self._count = database, every, 0
        self.read = database.read

    def write(self):
        self._count += 1
        return _Dies(self._database.write(), dies=self._count % self._every == 0)


class _Dies:
    def __init__(self, transaction, *, dies):
        self._transaction, self._dies = transaction, dies

    def __enter__(self):
        return self._transaction.__enter__()

    def __exit__(self, *error):
        if not self._dies or error[0] is not None:
            return self._transaction.__exit__(*error)
        death = StorageDown("died before the commit")
        self._transaction.__exit__(StorageDown, death, None)
        raise death


def test_a_step_that_dies_before_its_commit_is_taken_by_the_next_one(database):
    add_endpoints(database, "sales")
    store(database)
    dying = Dying(database, every=2)

    for _ in range(10):
        with pytest.raises(StorageDown):
            tick_at(dying, START + 3 * HOUR)

    assert tick_at(dying, START + 3 * HOUR) == 0
    assert len(steps(database)) == 11
    assert len(sent(database)) == sum(promised(database)) == 10


def test_many_who_tick_at_once_take_each_step_once(database):
    add_endpoints(database, "sales")
    for number in range(1, 7):
        store(database, number)

    taken = race(4, lambda _: tick_at(database, START + 3 * HOUR))
    rest = tick_at(database, START + 3 * HOUR)

    assert sum(taken) + rest == 6 * 10
    assert len(sent(database)) == sum(promised(database)) == 6 * 10


def test_a_clock_is_told_under_the_language_and_domain_of_its_message(database):
    owners = {
        "ana": Owner(id="ana", name="Ana"),
        "ben": Owner(id="ben", name="Ben", languages=frozenset({"de"})),
        "eve": Owner(id="eve", name="Eve", territories=frozenset({"at"})),
        "kim": Owner(id="kim", name="Kim", territories=frozenset({"com"})),
    }
    pool = Pool(name="sales", weights=dict.fromkeys(owners, 1.0))
    policy = a_policy(owners=owners, pools={"sales": pool})
    message = a_message(received_at=START, sender=Sender("max@firma.at", None))
    assigned = store(database, policy=policy, message=message)

    tick_at(database, START + HOUR, policy=policy)

    assert "ben" not in [owner for *_, owner in steps(database)]
    assert assigned.owner.id in ("ana", "eve")

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from support import START, a_message
from support_clocks import HOUR, a_clock
from support_inbox import keep, listed, numbers, prediction_of

from app.domain import Channel, ClockEvent, ClockStatus, ClockStep, InboxState, Sender
from app.storage import clocks, inbox, inbox_keeping, inbox_tables, messages
from app.storage.engine import open_database
from app.storage.inbox import NO_INTENT, Cursor, Filters, InboxRow

OPEN, WAITING, TAKEN, DONE = InboxState
EMAIL, CHAT = Channel.EMAIL, Channel.CHAT


def row_of(database, number=1):
    with database.read() as conn:
        return inbox.find(conn, f"msg_{number}")


def keep_with_clock(database, number, *labels, **changes):
    """Store a message with its clock, the way the service does."""
    clock = a_clock(number, **changes)
    keep(database, number, *labels, owner=clock.owner, clock=clock)
    with database.write() as conn:
        clocks.add(conn, clock)


def settle(database, number, status):
    with database.write() as conn:
        clocks.settle(conn, f"msg_{number}", status=status, by="ben", at=START + HOUR)


def mark(database, number, state):
    with database.write() as conn:
        return inbox_keeping.mark(conn, f"msg_{number}", state, by="ana")


def remove(database, *message_ids):
    with database.write() as conn:
        return inbox_keeping.remove(conn, message_ids)


def test_a_message_is_shown_with_who_wrote_and_what_they_want(database):
    keep(database, 1, "pricing", "demo_request", text=" Was \n kostet\tdas? " + "a" * 200)

    assert row_of(database) == InboxRow(
        number=1 if database.dialect == "sqlite" else row_of(database).number,
        message_id="msg_1",
        revision=row_of(database).revision,
        received_at=START + timedelta(minutes=1),
        route="sales",
        channel=EMAIL,
        primary_intent="pricing",
        intents=("demo_request", "pricing"),
        confidence=0.9,
        abstained=False,
        state=OPEN,
        owner=None,
        due_at=None,
        settled_by=None,
        contact="ada@example.com",
        account="example.com",
        sender="Ada Lovelace",
        subject="Angebot für 20 Plätze",
        excerpt="Was kostet das? " + "a" * 144,
    )


def test_a_message_without_a_name_is_shown_with_its_address_or_with_nothing(database):
    keep(database, 1, sender=Sender("ada@example.com", None))
    keep(database, 2, sender=Sender())

    assert [row_of(database, 1).sender, row_of(database, 2).sender] == ["ada@example.com", ""]


def test_a_message_of_which_no_intent_counts_is_abstained_with_its_most_probable(database):
    keep(database, 1)

    row = row_of(database)
    assert (row.primary_intent, row.confidence, row.intents) == ("support", 0.3, ())
    assert row.abstained


def test_a_time_that_lies_ahead_does_not_keep_a_message_on_top(database):
    keep(database, 1, received_at=START + timedelta(days=1))
    keep(database, 2)

    assert listed(database) == [2, 1]


def test_what_is_not_there_is_not_found(database):
    assert row_of(database) is None
    assert listed(database) == []


def test_a_message_waits_while_its_clock_runs(database):
    keep_with_clock(database, 1, "pricing")

    row = row_of(database)
    assert (row.state, row.owner, row.due_at) == (WAITING, "ana", START + HOUR)


@pytest.mark.parametrize(
    ("status", "state"), [(ClockStatus.ACKNOWLEDGED, TAKEN), (ClockStatus.CLOSED, DONE)]
)
def test_a_message_whose_clock_stops_is_taken_or_done(database, status, state):
    keep_with_clock(database, 1, "pricing")

    settle(database, 1, status)

    row = row_of(database)
    assert (row.state, row.owner, row.settled_by) == (state, "ana", "ben")
    assert listed(database, states=(state,)) == listed(database, intent="pricing") == [1]
    assert listed(database, intent="pricing", states=(WAITING,)) == []


def test_a_message_follows_its_clock_to_another_owner(database):
    keep_with_clock(database, 1)
    moved = replace(a_clock(), owner="ben", level=1, due_at=START + 2 * HOUR)
    event = ClockEvent(
        clock_id="clk_1", step=ClockStep.REASSIGNED, level=1, at=START + HOUR, owner="ben"
    )

    with database.write() as conn:
        clocks.write_step(conn, moved, event, promised=0)

    row = row_of(database)
    assert (row.state, row.owner, row.due_at) == (WAITING, "ben", START + 2 * HOUR)
    assert (listed(database, owner="ana"), listed(database, owner="ben")) == ([], [1])


def test_a_step_that_is_rolled_back_moves_nothing(database):
    keep_with_clock(database, 1)
    before = row_of(database)

    with suppress(RuntimeError), database.write() as conn:
        clocks.settle(conn, "msg_1", status=ClockStatus.CLOSED, by="ben", at=START)
        raise RuntimeError

    assert row_of(database) == before


def test_somebody_says_that_a_message_without_a_clock_is_done_and_open_again(database):
    keep(database, 1)

    changed = [mark(database, 1, DONE), mark(database, 1, DONE)]
    done = row_of(database)
    changed.append(mark(database, 1, OPEN))

    assert changed == [True, False, True]
    assert (done.state, done.settled_by) == (DONE, "ana")
    assert (row_of(database).state, row_of(database).settled_by) == (OPEN, None)


def test_a_message_with_a_clock_is_not_done_by_hand(database):
    keep_with_clock(database, 1)

    assert not mark(database, 1, DONE)
    assert not mark(database, 9, DONE)
    assert row_of(database).state is WAITING


def test_only_a_clock_says_that_a_message_waits(database):
    with pytest.raises(ValueError, match="open or done, not waiting"):
        mark(database, 1, WAITING)


def test_the_newest_come_first_a_page_at_a_time(database):
    for number in (3, 1, 5, 2, 4):
        keep(database, number)

    with database.read() as conn:
        first = inbox.page(conn, Filters(), limit=2)
        second = inbox.page(conn, Filters(), after=first[-1].cursor, limit=2)
        third = inbox.page(conn, Filters(), after=second[-1].cursor, limit=2)
    assert [numbers(one) for one in (first, second, third)] == [[5, 4], [3, 2], [1]]


def test_messages_of_one_instant_are_paged_through_without_loss(database):
    for number in range(1, 6):
        keep(database, number, received_at=START)

    with database.read() as conn:
        pages, after = [], None
        while found := inbox.page(conn, Filters(), after=after, limit=2):
            pages += numbers(found)
            after = found[-1].cursor
    assert pages == [5, 4, 3, 2, 1]


def test_a_message_is_listed_under_every_intent_that_counts(database):
    keep(database, 1, "pricing", "demo_request")
    keep(database, 2, "demo_request")
    keep(database, 3)

    assert listed(database, intent="demo_request") == [2, 1]
    assert listed(database, intent="pricing") == [1]
    assert listed(database, intent="support") == []
    assert listed(database, intent=NO_INTENT) == [3]


def test_the_name_of_an_intent_is_no_pattern(database):
    keep(database, 1, "pricing", owner="ana")

    assert listed(database, owner="ana", intent="pricin_") == []
    assert listed(database, owner="ana", intent="%") == []
    assert listed(database, owner="ana", intent="rici") == []
    assert listed(database, owner="ana", intent="pricing") == [1]


def test_how_many_there_are_is_said_of_every_state_and_up_to_a_bound(database, monkeypatch):
    for number in range(1, 5):
        keep(database, number, "pricing")
    keep_with_clock(database, 5, "pricing")
    keep_with_clock(database, 6)
    monkeypatch.setattr(inbox, "COUNTED", 3)

    with database.read() as conn:
        every = inbox.counts(conn, Filters(states=(DONE,)))
        priced = inbox.counts(conn, Filters(intent="pricing"))
    assert every == {OPEN: 3, WAITING: 2, TAKEN: 0, DONE: 0}
    assert priced == {OPEN: 3, WAITING: 1, TAKEN: 0, DONE: 0}


def test_who_watches_is_told_of_what_comes_and_of_what_changes_once(database):
    keep(database, 1)
    keep_with_clock(database, 2)
    with database.read() as conn:
        seen = inbox.seen_now(conn)
        nothing, seen = inbox.since(conn, seen)
    keep(database, 3)
    settle(database, 2, ClockStatus.ACKNOWLEDGED)

    with database.read() as conn:
        first, seen = inbox.since(conn, seen)
        again, seen = inbox.since(conn, seen)
    mark(database, 1, DONE)
    with database.read() as conn:
        last, _ = inbox.since(conn, seen)
    assert nothing == again == ()
    assert [(one.message_id, one.state) for one in first] == [("msg_3", OPEN), ("msg_2", TAKEN)]
    assert [(one.message_id, one.state) for one in last] == [("msg_1", DONE)]


def test_who_watches_is_told_of_more_than_fit_one_by_one(database):
    with database.read() as conn:
        seen = inbox.seen_now(conn)
    for number in range(1, 6):
        keep(database, number)

    told = []
    with database.read() as conn:
        while found := inbox.since(conn, seen, limit=2):
            rows, seen = found
            told.append(numbers(rows))
            if not rows:
                break
    assert told == [[1, 2], [3, 4], [5], []]


def test_what_is_committed_after_later_changes_is_told_all_the_same(postgresql_url):
    database = open_database(postgresql_url)
    with database.read() as conn:
        seen = inbox.seen_now(conn)
    slow = a_message(id="msg_1")
    with database.write() as conn:
        messages.add(conn, slow, prediction={}, decision={})
        inbox_keeping.add(conn, slow, prediction_of(), route="sales")
        keep(database, 2)
        with database.read() as reading:
            first, seen = inbox.since(reading, seen)

    with database.read() as conn:
        second, _ = inbox.since(conn, seen)
    database.close()
    assert (numbers(first), numbers(second)) == ([2], [1])


def test_a_message_that_is_removed_leaves_nothing_in_the_inbox(database):
    keep(database, 1, "pricing")
    keep(database, 2, "pricing")

    removed = [remove(database, "msg_1", "msg_9"), remove(database, "msg_1"), remove(database)]

    with database.read() as conn:
        left = select(func.count()).select_from(inbox_tables.inbox_intents)
        intents = conn.execute(left).scalar_one()
    assert (removed, intents, listed(database)) == ([1, 0, 0], 1, [2])


def test_a_cursor_is_a_place_and_no_message(database):
    keep(database, 1)
    keep(database, 3)

    after = Cursor(START + timedelta(minutes=2), 0)

    assert listed(database, after=after) == [1]

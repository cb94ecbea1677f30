import itertools
import random

import pytest
from sqlalchemy import event
from support import START
from support_clocks import a_clock
from support_inbox import keep

from app.domain import Channel, ClockStatus, InboxState
from app.storage import inbox
from app.storage.engine import open_database, sqlite_url
from app.storage.inbox import NO_INTENT, Cursor, Filters

OPEN, WAITING, TAKEN, DONE = InboxState
EMAIL, CHAT = Channel.EMAIL, Channel.CHAT

CHOICES = {
    "route": ["sales", "support"],
    "channel": [EMAIL, CHAT],
    "intent": ["pricing", "demo_request", NO_INTENT],
    "owner": ["ana", "ben"],
    "states": [(OPEN,), (WAITING,), (TAKEN, DONE), (OPEN, WAITING, OPEN)],
}


def has(row, name, value):
    if name == "states":
        return row.state in value
    if name == "intent":
        return value in row.intents if value else row.abstained
    return getattr(row, name) == value


def all_filters():
    for some in combinations(1, 2):
        for values in itertools.product(*(CHOICES[name] for name in some)):
            yield dict(zip(some, values, strict=True))
    for some in combinations(3, 4, 5):
        for place in range(2):
            yield {name: CHOICES[name][place] for name in some}


def combinations(*sizes):
    for size in sizes:
        yield from itertools.combinations(CHOICES, size)


def keep_many(database, count):
    rng = random.Random(1)
    for number in range(1, count + 1):
        labels = rng.choice([("pricing",), ("demo_request", "pricing"), ("support",), ()])
        changes = {"channel": rng.choice(CHOICES["channel"])}
        route, owner = rng.choice(CHOICES["route"]), rng.choice(["ana", "ben", None])
        status = rng.choice([*ClockStatus, None])
        clock = status and a_clock(number, status=status, owner=owner)
        keep(database, number, *labels, route=route, owner=owner, clock=clock, **changes)


def test_every_list_has_what_its_filters_say_and_nothing_else(database):
    keep_many(database, 60)
    with database.read() as conn:
        every = inbox.page(conn, Filters(), limit=100)
        after = every[20].cursor

        for wanted in all_filters():
            filters = Filters(**wanted)
            mine = [row for row in every if all(has(row, *one) for one in wanted.items())]
            later = [
                row
                for row in mine
                if (row.received_at, row.number) < (after.received_at, after.number)
            ]
            assert list(inbox.page(conn, filters, limit=100)) == mine, wanted
            assert list(inbox.page(conn, filters, after=after, limit=3)) == later[:3], wanted


def plan_of(conn, ask):
    """What SQLite does to answer, step by step."""
    asked = []

    def note(conn, cursor, statement, parameters, context, many):
        asked.append((statement, parameters))

    event.listen(conn, "before_cursor_execute", note)
    ask(conn)
    event.remove(conn, "before_cursor_execute", note)
    ((statement, parameters),) = asked
    rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return [row[3] for row in rows]


@pytest.fixture
def sqlite(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    yield database
    database.close()


def bounds_of(step):
    """Which columns a step of a plan finds its range of an index by."""
    return {term.split("=")[0].split("<")[0] for term in step.split("(")[1][:-1].split(" AND ")}


@pytest.mark.parametrize("names", [(), *combinations(1, 2)], ids=" ".join)
def test_a_list_by_no_more_than_two_filters_reads_a_range_of_one_index(sqlite, names):
    filters = Filters(**{name: CHOICES[name][0] for name in names})
    after = Cursor(START, 1)
    wanted = {"state", "received_at", *names} - {"states"}
    if "owner" in names:  # what else is wanted of an owner's messages, the index has beside them
        wanted = {"owner", "state", "received_at"}

    with sqlite.read() as conn:
        steps = plan_of(conn, lambda conn: inbox.page(conn, filters, after=after))

    ranges = [step for step in steps if "COVERING INDEX" in step]
    whole = [step for step in steps if step.startswith(("SCAN inbox", "SEARCH inbox"))]
    sorts = [step for step in steps if "TEMP B-TREE" in step]
    assert [bounds_of(step) for step in ranges] == [wanted] * (1 if "states" in names else 4)
    assert len(whole) == len(ranges) + 1  # and a page of rows, by their numbers
    assert len(sorts) == 2  # of a page of each state, and of the page


def test_counts_read_ranges_of_an_index_alone(sqlite):
    with sqlite.read() as conn:
        steps = plan_of(conn, lambda conn: inbox.counts(conn, Filters(route="sales")))

    searched = [step for step in steps if step.startswith(("SCAN inbox", "SEARCH inbox"))]
    assert [bounds_of(step) for step in searched] == [{"route", "state"}] * 4
    assert all("COVERING INDEX" in step for step in searched)

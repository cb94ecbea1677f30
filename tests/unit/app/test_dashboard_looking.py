from datetime import UTC, datetime

import pytest

from app.dashboard.looking import Look, fits, look_of, written
from app.domain import Channel, InboxState
from app.errors import Refused
from app.storage.inbox import NO_INTENT, Cursor, Filters, InboxRow

AT = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
ROW = InboxRow(
    number=1,
    message_id="msg_1",
    revision=1,
    received_at=AT,
    route="sales",
    channel=Channel.CHAT,
    primary_intent="pricing",
    intents=("pricing", "support"),
    confidence=0.9,
    abstained=False,
    state=InboxState.WAITING,
    owner="ana",
    due_at=AT,
    settled_by=None,
    contact=None,
    account=None,
    sender="",
    subject="",
    excerpt="",
)


@pytest.mark.parametrize(
    ("given", "filters", "words"),
    [
        ({}, Filters(), ""),
        ({"route": "", "q": "  ", "state": ""}, Filters(), ""),
        ({"route": "sales", "q": " two words "}, Filters(route="sales"), "two words"),
        ({"intent": "-"}, Filters(intent=NO_INTENT), ""),
        ({"channel": "chat", "owner": "a b"}, Filters(channel=Channel.CHAT, owner="a b"), ""),
        ({"state": "done"}, Filters(states=(InboxState.DONE,)), ""),
        ({"told": "told.taken", "x": "y"}, Filters(), ""),
    ],
)
def test_an_address_says_what_is_looked_for(given, filters, words):
    assert look_of(given) == Look(filters=filters, words=words)


def test_an_address_that_a_look_writes_says_the_same():
    given = {"route": "a&b", "intent": "-", "channel": "chat", "owner": "é", "state": "done"}

    assert look_of(given).values() == given
    assert look_of(given).address(state=None, route="sales") == (
        "/inbox?route=sales&intent=-&channel=chat&owner=%C3%A9"
    )
    assert look_of({}).address() == "/inbox"


def test_a_place_in_the_list_is_written_and_read_to_the_microsecond():
    cursor = Cursor(AT, 7)

    assert look_of({"older": written(cursor)}).after == cursor


def test_a_place_in_a_search_is_a_number():
    look = look_of({"older": "7", "q": "price"})

    assert (look.before, look.after, look.is_newest) == (7, None, False)


@pytest.mark.parametrize(
    "given",
    [
        {"state": "x"},
        {"channel": "fax"},
        {"older": "7"},
        {"older": "7~x"},
        {"older": "9" * 17 + "~1"},
        {"older": "1~1", "q": "price"},
        {"owner": "x" * 201},
        {"q": "a\x00b"},
    ],
)
def test_what_cannot_be_looked_for_is_refused(given):
    with pytest.raises(Refused):
        look_of(given)


@pytest.mark.parametrize(
    ("filters", "has"),
    [
        (Filters(), True),
        (Filters(route="sales", channel=Channel.CHAT, owner="ana", intent="support"), True),
        (Filters(states=(InboxState.OPEN, InboxState.WAITING)), True),
        (Filters(states=(InboxState.DONE,)), False),
        (Filters(route="other"), False),
        (Filters(channel=Channel.SMS), False),
        (Filters(owner="ben"), False),
        (Filters(intent="supp"), False),
        (Filters(intent=NO_INTENT), False),
    ],
)
def test_a_row_fits_what_the_database_would_find(filters, has):
    assert fits(ROW, filters) is has

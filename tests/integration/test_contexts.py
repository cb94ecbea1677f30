from datetime import timedelta

import pytest
from support import START, a_message

from app.contexts import context_of
from app.domain import Channel, Facts, Sender
from app.routing.context import Context, Known
from app.storage import messages

DEMO = {"intents": {"demo_request": 1.0}, "labels": ["demo_request"]}
SUPPORT = {"intents": {"support": 1.0}, "labels": ["support"]}
DECISION = {"route": "sales", "rule": "wants to buy", "reasons": []}
ASIDE = {"route": "automated", "rule": "set aside", "reasons": []}
DAY = timedelta(days=1)


def wrote(database, *emails, prediction=DEMO, decision=DECISION, days=1, first=0):
    """Store one message of each, days ago."""
    at = START - days * DAY
    with database.write() as conn:
        for number, email in enumerate(emails, start=first):
            message = a_message(id=f"msg_{days}_{number}", sender=Sender(email), received_at=at)
            messages.add(conn, message, prediction=prediction, decision=decision)


def seen(database, email="ada@acme.com", facts=None, **changes):
    with database.read() as conn:
        message = a_message(sender=Sender(email), **changes)
        return context_of(conn, message, facts, now=START)


def test_of_a_stranger_only_their_names_are_known(database):
    found = seen(database, channel=Channel.CHAT)

    assert found == Context(
        channel="chat",
        at=START - timedelta(seconds=3),
        contact=Known(name="ada@acme.com"),
        account=Known(name="acme.com"),
        sender={"email": "ada@acme.com", "domain": "acme.com"},
    )
    assert not found.account.known


def test_a_person_and_their_company_are_known_by_what_they_wrote(database):
    wrote(database, "ada@acme.com", "bob@sales.acme.com", "eve@other.com", days=30)

    found = seen(database)

    at = START - 30 * DAY
    contact = Known(name="ada@acme.com", messages=1, last_at=at, score=found.contact.score)
    account = Known(name="acme.com", messages=2, last_at=at, score=found.account.score)
    assert (found.contact, found.account) == (contact, account)
    assert found.contact.score == pytest.approx(100 * (1 - 2**-0.5))
    assert found.account.score == pytest.approx(50.0)


def test_a_private_address_has_a_person_and_no_company(database):
    wrote(database, "ada@gmail.com", "bob@gmail.com")

    found = seen(database, "Ada@Gmail.com")

    assert (found.contact.messages, found.account) == (1, Known())


def test_without_an_address_nobody_is_known(database):
    wrote(database, None, None)

    found = seen(database, None)

    assert (found.contact, found.account, found.sender) == (Known(), Known(), {})


def test_what_a_machine_wrote_counts_and_is_no_wish(database):
    wrote(database, "ada@acme.com", decision=ASIDE)

    assert (seen(database).contact.messages, seen(database).contact.score) == (1, 0.0)


def test_what_comes_later_is_not_looked_back_on(database):
    wrote(database, "ada@acme.com", days=0)
    wrote(database, "ada@acme.com", days=-1)

    assert not seen(database).contact.known


def test_of_a_crowd_all_are_counted_and_the_last_hundred_make_the_score(database):
    wrote(database, *["bob@acme.com"] * 3, days=2)
    wrote(database, *["ada@acme.com"] * 100, prediction=SUPPORT)

    found = seen(database)

    assert (found.contact.messages, found.account.messages) == (100, 103)
    assert found.account.score == found.contact.score  # the three demo requests lie too far back


def test_the_signature_tells_who_writes(database):
    facts = Facts(shown={"contact": {"title": "CFO", "phone": "+4930123456"}})

    found = seen(database, "ada@acme.com", facts)

    assert found.sender == {
        "email": "ada@acme.com",
        "domain": "acme.com",
        "title": "CFO",
        "phone": "+4930123456",
        "country": "DE",
    }

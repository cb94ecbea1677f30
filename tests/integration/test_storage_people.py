from datetime import timedelta

import pytest
from support import DECISION, PREDICTION, START, a_message

from app.domain import Sender
from app.errors import NotFound
from app.storage import messages, people
from app.storage.messages import By, Whose
from app.storage.people import Writer

ADA = Whose(By.CONTACT, "ada@example.com")
EXAMPLE = Whose(By.ACCOUNT, "example.com")


def keep(database, number, *, email="ada@example.com", minutes=None, facts=None, name="Ada"):
    """Store message `msg_<number>`, by default as many minutes after the start."""
    at = START + timedelta(minutes=number if minutes is None else minutes)
    message = a_message(id=f"msg_{number}", received_at=at, sender=Sender(email, name))
    with database.write() as conn:
        messages.add(conn, message, prediction=PREDICTION, decision=DECISION, facts=facts)


def page(database, whose=ADA, **how):
    with database.read() as conn:
        return people.page_of(conn, whose, **how)


def test_what_somebody_wrote_is_given_by_the_page_without_gaps(database):
    for number in range(1, 6):
        keep(database, number, minutes=number // 2)  # two of one minute
    keep(database, 6, email="bo@example.com")

    first = page(database, limit=2)
    second = page(database, limit=2, after=first[-1])
    third = page(database, limit=2, after=second[-1])

    assert first + second + third == ("msg_5", "msg_4", "msg_3", "msg_2", "msg_1")
    assert page(database, limit=2, after="msg_1") == ()
    assert page(database, EXAMPLE, limit=2) == ("msg_6", "msg_5")


@pytest.mark.parametrize("after", ["msg_9", "msg_6"])
def test_a_page_begins_behind_a_message_of_theirs(database, after):
    keep(database, 1)
    keep(database, 6, email="bo@example.com")

    with pytest.raises(NotFound):
        page(database, after=after)


def test_the_newest_messages_tell_first_who_wrote_them(database):
    keep(database, 1, name="A. Lovelace", facts={"signature": "old"})
    keep(database, 2)
    keep(database, 3, facts={"signature": "new"})

    with database.read() as conn:
        found = people.signed_of(conn, ADA, limit=2)

    assert [(one.sender.name, one.facts) for one in found] == [
        ("Ada", {"signature": "new"}),
        ("Ada", {}),
    ]


def test_the_people_of_a_company_are_counted_who_wrote_last_first(database):
    keep(database, 1)
    keep(database, 2, email="Bo@mail.example.com")
    keep(database, 3)
    keep(database, 4, email="eve@example.org")

    with database.read() as conn:
        found = people.writers_of(conn, "example.com", limit=5)
        first = people.writers_of(conn, "example.com", limit=1)

    ada = Writer(contact="ada@example.com", messages=2, last_at=START + timedelta(minutes=3))
    bo = Writer(contact="bo@mail.example.com", messages=1, last_at=START + timedelta(minutes=2))
    assert (found, first) == ((ada, bo), (ada,))

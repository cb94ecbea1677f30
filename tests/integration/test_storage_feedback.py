from dataclasses import replace
from datetime import timedelta

import pytest
from support import DECISION, PREDICTION, START, a_message, race

from app.domain import Correction, Feedback, FeedbackKind
from app.storage import feedback, messages

HOUR = timedelta(hours=1)
WRONG, NO_LEAD = FeedbackKind.WRONG_LABEL, FeedbackKind.NOT_A_LEAD


def said(number=1, **changes):
    one = Feedback(
        id=f"fb_{number}",
        message_id="msg_1",
        kind=WRONG,
        labels=("pricing",),
        given_by="ana",
        created_at=START + number * HOUR,
    )
    return replace(one, **changes)


@pytest.fixture
def give(database):
    with database.write() as conn:
        for number in (1, 2):
            message = a_message(id=f"msg_{number}")
            prediction = {**PREDICTION, "language": "de"}
            messages.add(conn, message, prediction=prediction, decision=DECISION)

    def give(one):
        with database.write() as conn:
            return feedback.give(conn, one)

    return give


def all_of(database, **wanted):
    with database.read() as conn:
        return feedback.listed(conn, **wanted)


def corrected(database, **wanted):
    with database.read() as conn:
        return list(feedback.corrections(conn, **wanted))


def a_correction(number, *intents):
    message = a_message()
    return Correction(
        message_id=f"msg_{number}",
        channel="email",
        subject=message.subject,
        text=message.text,
        intents=intents,
        language="de",
        sender=message.sender,
    )


def test_feedback_comes_back_as_it_was_newest_first(database, give):
    first, second = said(1), said(2, kind=NO_LEAD, labels=None, given_by="ben")
    assert [give(first), give(second)] == [first, second]

    assert all_of(database) == [second, first]
    with database.read() as conn:
        assert feedback.last(conn, "msg_1") == second
        assert feedback.last(conn, "msg_2") is None


def test_what_a_person_said_last_is_kept_once(database, give):
    first = said(1, labels=("pricing", "support"))
    give(first)

    again = give(said(2, labels=("support", "pricing")))

    assert again == first
    assert all_of(database) == [first]


@pytest.mark.parametrize(
    "changes",
    [{"labels": ("support",)}, {"labels": None}, {"kind": NO_LEAD}, {"given_by": "ben"}],
    ids=["labels", "no labels", "kind", "person"],
)
def test_what_is_said_anew_is_kept_beside(database, give, changes):
    first, second = said(1), said(2, **changes)
    give(first)
    give(second)

    assert all_of(database) == [second, first]


def test_a_mind_may_be_changed_and_changed_back(database, give):
    give(said(1))
    give(said(2, labels=("support",)))
    give(said(3))

    assert [one.id for one in all_of(database)] == ["fb_3", "fb_2", "fb_1"]
    assert corrected(database) == [a_correction(1, "pricing")]


def test_who_insists_after_somebody_else_spoke_is_heard(database, give):
    give(said(1))
    give(said(2, labels=("support",), given_by="ben"))
    give(said(3))

    assert [one.id for one in all_of(database)] == ["fb_3", "fb_2", "fb_1"]
    assert corrected(database) == [a_correction(1, "pricing")]


def test_what_counts_is_the_newest_that_tells_labels(database, give):
    second = said(2, labels=("support",))
    for one in (said(1), second, said(3, kind=NO_LEAD, labels=None), said(4, message_id="msg_2")):
        give(one)

    with database.read() as conn:
        assert feedback.standing(conn, "msg_1") == second
        assert [one.id for one in feedback.listed(conn, message_id="msg_2")] == ["fb_4"]


def test_a_message_that_is_not_there_takes_no_feedback(database, give):
    assert give(said(message_id="msg_9")) is None
    assert all_of(database) == []


def test_sixteen_clicks_at_once_are_kept_once(database, give):
    stands = race(16, lambda n: give(said(n + 1)))

    assert {one.id for one in stands} == {one.id for one in all_of(database)}
    assert len(all_of(database)) == 1


def test_feedback_is_listed_in_pages_and_from_an_instant_on(database, give):
    for number in range(1, 6):
        give(said(number, given_by=f"person {number}"))

    def ids(**wanted):
        return [one.id for one in all_of(database, **wanted)]

    assert ids(limit=2) == ["fb_5", "fb_4"]
    assert ids(limit=2, before="fb_4") == ["fb_3", "fb_2"]
    assert ids(since=START + 4 * HOUR) == ["fb_5", "fb_4"]


def test_corrections_are_the_newest_word_on_each_message(database, give):
    give(said(1, labels=("support",)))
    give(said(2, message_id="msg_2", labels=("other",)))
    give(said(3, given_by="ben", labels=("pricing", "churn_risk")))

    assert corrected(database) == [
        a_correction(1, "pricing", "churn_risk"),
        a_correction(2, "other"),
    ]
    assert corrected(database, since=START + 3 * HOUR) == [a_correction(1, "pricing", "churn_risk")]


def test_what_says_no_label_corrects_none_and_takes_none_back(database, give):
    give(said(1))
    give(said(2, labels=None))
    give(said(3, kind=NO_LEAD, labels=None))
    give(said(4, message_id="msg_2", kind=NO_LEAD, labels=None))

    assert corrected(database) == [a_correction(1, "pricing")]

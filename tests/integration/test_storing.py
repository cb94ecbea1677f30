import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from support import START, a_message, an_endpoint, race
from support_predict import submit_by_word

from app.domain import Sender
from app.incoming import talk_of
from app.intake import Intake, Talk
from app.replies.telling import Telling
from app.routing.aside import LATELY, TOLD
from app.routing.clocks import ClockPlan
from app.routing.owners import Owner, Pool
from app.routing.policy import Once, Policy, Rule
from app.storage import clocks, endpoints, inbox, inbox_search, tables
from app.storing import Store
from app.webhook.alert import Links

ANA = Owner(id="ana", name="Ana Lima", email="ana@inlet.example")
LEAVES = Rule(
    name="may leave",
    intents={"churn_risk": None},
    route="success",
    endpoints=("success",),
    event_type="churn.detected",
    pool="success",
    clock="hour",
    once=Once(of="account", every=timedelta(days=7)),
    history=3,
)
BUYS = Rule(
    name="wants to buy",
    intents={"pricing": None},
    route="sales",
    endpoints=("sales", "nobody yet"),
    event_type="lead.detected",
)
REST = Rule(name="otherwise", intents={}, route="inbox", endpoints=(), event_type="message.routed")
POLICY = Policy(
    rules=(LEAVES, BUYS),
    otherwise=REST,
    sha256="5ha",
    owners={"ana": ANA},
    pools={"success": Pool(name="success", weights={"ana": 1.0})},
    clocks={"hour": ClockPlan(name="hour", within=timedelta(hours=1))},
)
CANCEL = replace(
    a_message(), text="we cancel", sender=Sender("eva@acme.example", "Eva"), external_id=None
)


def links(message_id, owner, now):
    return Links(mine=f"m/{message_id}/{owner}", wrong_label="w", not_a_lead="n")


@pytest.fixture
def policies():
    """The last one is in force."""
    return [POLICY]


@pytest.fixture
def intake(database, clock, policies):
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(id="ep_1", name="success"))
        endpoints.add(conn, an_endpoint(id="ep_2", name="sales"))
    return Intake(
        database=database,
        submit=submit_by_word,
        for_channel=lambda prediction, channel: prediction,
        policy=lambda: policies[-1],
        store=Store(database=database, now=clock, telling=Telling(personal_data=True, links=links)),
        now=clock,
        predict_timeout_s=5.0,
        personal_data=True,
        on_enqueued=lambda: None,
    )


def written(number, message=CANCEL, **changes):
    at = START + timedelta(minutes=number)
    return replace(message, id=f"msg_{number}", received_at=at, **changes)


def told(receipt):
    """What the one receiver of a message hears of it."""
    (delivery,) = receipt.stored.deliveries
    return json.loads(delivery.body)["data"]


def promised(database):
    with database.read() as conn:
        table = tables.messages
        rows = conn.execute(select(table.c.id, table.c.promised).order_by(table.c.id))
        return [tuple(row) for row in rows]


def test_a_message_gets_its_owner_and_its_clock_with_it(intake, database):
    message = written(-5)

    receipt = intake.accept(message)

    with database.read() as conn:
        kept = clocks.of_message(conn, message.id)
    assert kept == receipt.stored.clock
    assert (kept.owner, kept.route, kept.account) == ("ana", "success", "acme.example")
    assert kept.promised_at == message.received_at + timedelta(hours=1)


def test_a_message_is_in_the_inbox_with_its_owner_and_its_clock(intake, database):
    receipt = intake.accept(written(1))
    other = intake.accept(written(2, text="hello", sender=Sender("bo@other.example", None)))

    with database.read() as conn:
        owned = inbox.find(conn, receipt.stored.message.id)
        plain = inbox.find(conn, other.stored.message.id)
        found = inbox_search.search(conn, "cancel eva")
    assert (owned.route, owned.state, owned.owner) == ("success", "waiting", "ana")
    assert owned.due_at == receipt.stored.clock.due_at
    assert (plain.route, plain.state, plain.owner, plain.due_at) == ("inbox", "open", None, None)
    assert found.rows == (owned,)


def test_its_receivers_hear_who_answers_by_when_and_how_to_take_it(intake):
    data = told(intake.accept(written(1)))

    assert data["owner"]["name"] == "Ana Lima"
    assert data["reply"]["clock"] == "hour"
    assert data["links"]["mine"] == "m/msg_1/ana"
    assert data["account"] == "acme.example"


def test_an_account_is_told_of_once_and_not_once_a_mail(intake):
    receipts = [
        intake.accept(written(number, sender=Sender(f"{name}@acme.example", None)))
        for number, name in enumerate(("eva", "eva", "max"), start=1)
    ]

    assert [len(receipt.stored.deliveries) for receipt in receipts] == [1, 0, 0]
    assert [receipt.stored.clock is None for receipt in receipts] == [False, True, True]
    assert [LATELY in receipt.stored.decision["reasons"] for receipt in receipts] == [
        *(False, True, True)
    ]
    assert {receipt.stored.decision["route"] for receipt in receipts} == {"success"}


def test_another_account_is_told_of_and_the_same_one_after_the_window(intake, clock):
    intake.accept(written(1))
    other = intake.accept(written(2, sender=Sender("b@other.example", None)))
    clock.advance(7 * 86_400 + 1)
    again = intake.accept(written(3))

    assert [len(receipt.stored.deliveries) for receipt in (other, again)] == [1, 1]


def test_a_welfare_check_comes_with_what_the_account_wrote_before(intake):
    intake.accept(written(1, text="what is the price"))
    data = told(intake.accept(written(2)))

    assert [one["excerpt"] for one in data["history"]] == ["what is the price"]


def test_lines_of_one_conversation_that_come_at_once_call_one_person(intake):
    def line(number):
        message = written(number, text="the price, please", thread_id="talk-1")
        return intake.accept(message, talk=Talk())  # no line knows of the others

    receipts = race(8, line)

    assert sum(len(receipt.stored.deliveries) for receipt in receipts) == 1
    assert sum(TOLD in receipt.stored.decision["reasons"] for receipt in receipts) == 7


def test_what_was_promised_is_counted_apart_from_what_became_of_it(intake, database):
    intake.accept(written(1))
    intake.accept(written(2))
    intake.accept(written(3, text="what is the price"))

    assert promised(database) == [("msg_1", 1), ("msg_2", 0), ("msg_3", 1)]


def test_a_window_begins_only_where_somebody_can_be_told(intake, database):
    with database.write() as conn:
        endpoints.set_enabled(conn, "ep_1", False)
    unheard = intake.accept(written(1))
    with database.write() as conn:
        endpoints.set_enabled(conn, "ep_1", True)
    heard = intake.accept(written(2))

    assert (unheard.stored.deliveries, unheard.stored.clock is None) == ((), False)
    assert len(heard.stored.deliveries) == 1


def test_a_conversation_that_nobody_was_called_to_calls_somebody_later(intake, policies):
    intake.accept(written(1))
    talk = {"thread_id": "talk-1", "source": "chat"}
    quiet = intake.accept(written(2, **talk), talk=Talk())
    policies.append(replace(POLICY, rules=(replace(LEAVES, name="leaves now", once=None),)))
    later = intake.accept(written(3, **talk), talk=Talk())

    assert LATELY in quiet.stored.decision["reasons"]
    assert len(later.stored.deliveries) == 1


def test_a_line_of_which_nobody_was_told_lately_counts_as_no_call(intake):
    intake.accept(written(1))
    quiet = intake.accept(written(2, thread_id="talk-1"), talk=Talk())

    talk = talk_of(written(3, thread_id="talk-1"), [quiet.stored], window_s=300.0)

    assert talk.routes == frozenset()

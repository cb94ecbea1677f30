import hashlib
import json
import threading
from concurrent.futures import Future
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from support import START, a_message, an_endpoint, race

from app.batching import Batcher
from app.domain import DeliveryStatus
from app.errors import (
    Duplicate,
    KeyReused,
    MessageRejected,
    Overloaded,
    PredictionLate,
    StorageDown,
)
from app.intake import Intake, Talk
from app.replies.telling import Telling
from app.routing.loading import load_policy
from app.routing.policy import Policy, Rule
from app.storage import endpoints, messages, outbox, tables
from app.storing import Idempotency, Receipt, Store
from models.evidence import Evidence
from models.prediction import Prediction, Signal

THREADS = 16
BUYS = Rule(
    name="wants to buy",
    intents={"pricing": None},
    route="sales",
    endpoints=("sales", "crm", "archive"),
    event_type="lead.detected",
)
REST = Rule(name="otherwise", intents={}, route="inbox", endpoints=(), event_type="message.routed")
POLICY = Policy(rules=(BUYS,), otherwise=REST, sha256="5ha")


def predict(texts):
    """Hear a price in the word `kostet`, and nothing else in anything."""
    return [
        Prediction(
            intents={"pricing": 0.93 if "kostet" in text else 0.07, "other": 0.1},
            labels=("pricing",) if "kostet" in text else (),
            signals={"urgency": Signal("high", 0.75)},
            model_version="test-1",
            language="de",
            truncated=False,
        )
        for text in texts
    ]


def submit(texts):
    future = Future()
    future.set_result(predict(texts))
    return future


def key(body=b"{}", *, name="k-1", owner="key_1"):
    return Idempotency(owner=owner, key=name, body_sha256=hashlib.sha256(body).digest())


@pytest.fixture
def make(database, clock):
    """An intake over the test's database, with `sales` and `crm` there to be told."""
    with database.write() as conn:
        endpoints.add(conn, an_endpoint(id="ep_1", name="sales"))
        endpoints.add(conn, an_endpoint(id="ep_2", name="crm"))
        endpoints.add(conn, an_endpoint(id="ep_3", name="unrelated"))

    def make_intake(personal_data=True, **changes):
        values = {
            "database": database,
            "submit": submit,
            "for_channel": lambda prediction, channel: prediction,
            "policy": lambda: POLICY,
            "store": Store(
                database=database, now=clock, telling=Telling(personal_data=personal_data)
            ),
            "now": clock,
            "predict_timeout_s": 5.0,
            "personal_data": personal_data,
            "on_enqueued": lambda: None,
        }
        return Intake(**{**values, **changes})

    return make_intake


def rows(database):
    """How many messages, deliveries and keys there are."""
    kept = (tables.messages, tables.deliveries, tables.idempotency_keys)
    with database.read() as conn:
        return tuple(
            conn.execute(select(func.count()).select_from(table)).scalar_one() for table in kept
        )


def test_a_message_is_stored_with_what_was_said_and_decided(make, database):
    receipt = make().accept(a_message())

    with database.read() as conn:
        assert messages.find(conn, "msg_1") == receipt.stored
    assert receipt.replayed is False
    assert receipt.stored.message == a_message()
    assert receipt.stored.prediction["labels"] == ["pricing"]
    assert receipt.stored.decision == {
        "route": "sales",
        "rule": "wants to buy",
        "reasons": [
            "the rule 'wants to buy' holds",
            "pricing 0.93 reaches the model's threshold",
        ],
        "endpoints": ["sales", "crm", "archive"],
        "event_type": "lead.detected",
        "policy_sha256": "5ha",
        "priority": "normal",
        "pool": None,
        "clock": None,
        "playbook": "",
    }


def test_each_endpoint_that_is_there_gets_a_delivery_and_the_others_are_named(make):
    receipt = make().accept(a_message())

    deliveries = receipt.stored.deliveries
    assert sorted(delivery.endpoint_id for delivery in deliveries) == ["ep_1", "ep_2"]
    assert receipt.missing_endpoints == ("archive",)
    assert {
        (d.message_id, d.event_type, d.status, d.attempts, d.next_attempt_at, d.created_at)
        for d in deliveries
    } == {("msg_1", "lead.detected", DeliveryStatus.PENDING, 0, START, START)}
    assert {json.loads(d.body)["data"]["sender"]["email"] for d in deliveries} == {
        "ada@example.com"
    }


def test_a_disabled_endpoint_gets_nothing_and_is_not_missing(make, database):
    with database.write() as conn:
        endpoints.set_enabled(conn, "ep_1", False)

    receipt = make().accept(a_message())

    assert [delivery.endpoint_id for delivery in receipt.stored.deliveries] == ["ep_2"]
    assert receipt.missing_endpoints == ("archive",)


def test_without_personal_data_a_webhook_tells_no_sender_and_no_text(make):
    receipt = make(personal_data=False).accept(a_message())

    body = receipt.stored.deliveries[0].body.decode()
    assert [word for word in ("ada@example.com", "Angebot", "kostet") if word in body] == []


def test_the_worker_is_woken_after_the_commit_and_only_for_deliveries(make, database):
    seen = []
    intake = make(on_enqueued=lambda: seen.append(rows(database)))

    intake.accept(a_message())
    intake.accept(a_message(id="msg_2", subject="", text="Danke!"))

    assert seen == [(1, 2, 0)]


def test_the_model_reads_subject_and_text(make):
    read = []

    def listen(texts):
        read.extend(texts)
        return submit(texts)

    make(submit=listen).accept(a_message(subject="Frage", text="Was\u200b kostet das?"))

    assert read == ["Frage Was kostet das?"]


def test_the_policy_in_force_now_decides(make):
    policies = iter([POLICY, load_policy(None, known_intents=None)])
    intake = make(policy=lambda: next(policies))

    receipts = [intake.accept(a_message(id=id)) for id in ("msg_1", "msg_2")]

    assert [len(receipt.stored.decision["policy_sha256"]) for receipt in receipts] == [3, 64]


@pytest.mark.parametrize("text", ["", " \r\n\t", "\u200b\ufeff", "\x00\x07"])
def test_a_message_without_text_is_refused_before_the_model_sees_it(make, database, text):
    with pytest.raises(MessageRejected) as refused:
        make(submit=None).accept(a_message(text=text))

    assert refused.value.code == "empty_text"
    assert rows(database) == (0, 0, 0)


def test_a_key_with_the_same_body_gets_the_first_answer(make, database):
    first = make().accept(a_message(), idempotency=key())

    again = make(submit=None).accept(a_message(id="msg_2"), idempotency=key())

    assert again == Receipt(stored=first.stored, replayed=True)
    assert rows(database) == (1, 2, 1)


def test_a_key_with_another_body_is_refused(make, database):
    make().accept(a_message(), idempotency=key())

    with pytest.raises(KeyReused):
        make().accept(a_message(id="msg_2"), idempotency=key(b'{"text":"other"}'))
    assert rows(database) == (1, 2, 1)


def test_two_owners_may_use_one_key(make, database):
    make().accept(a_message(), idempotency=key(owner="key_1"))

    receipt = make().accept(a_message(id="msg_2"), idempotency=key(owner="key_2"))

    assert (receipt.replayed, rows(database)) == (False, (2, 4, 2))


def test_a_sources_own_id_gets_the_first_answer_whatever_the_text_is_now(make, database):
    first = make().accept(a_message(external_id="<1@mx>"))

    again = make(submit=None).accept(a_message(id="msg_2", text="", external_id="<1@mx>"))

    assert again == Receipt(stored=first.stored, replayed=True)
    assert rows(database) == (1, 2, 0)


def test_another_source_may_use_the_same_id(make, database):
    make().accept(a_message(external_id="1"))

    receipt = make().accept(a_message(id="msg_2", source="chat", external_id="1"))

    assert (receipt.replayed, rows(database)) == (False, (2, 4, 0))


@pytest.mark.parametrize(
    ("external_id", "idempotency"), [(None, key()), ("<1@mx>", None), ("<1@mx>", key())]
)
def test_of_racing_repeats_one_is_stored_and_all_get_its_answer(
    make, database, external_id, idempotency
):
    intake = make()

    def post(number):
        message = a_message(id=f"msg_{number}", external_id=external_id)
        return intake.accept(message, idempotency=idempotency)

    receipts = race(THREADS, post)

    assert [receipt.replayed for receipt in receipts].count(False) == 1
    assert {receipt.stored.message.id for receipt in receipts} == {
        next(r.stored.message.id for r in receipts if not r.replayed)
    }
    assert all(receipt.stored == receipts[0].stored for receipt in receipts)
    assert rows(database) == (1, 2, 0 if idempotency is None else 1)


def overtaken_by(other):
    """A submit that lets another call come first, between our look-up and our insert."""

    def submit_late(texts):
        other()
        return submit(texts)

    return submit_late


@pytest.mark.parametrize(
    ("external_id", "idempotency"), [(None, key()), ("<1@mx>", None), ("<1@mx>", key())]
)
def test_a_call_that_is_overtaken_gets_the_others_answer(make, database, external_id, idempotency):
    receipts = []

    def other():
        message = a_message(external_id=external_id)
        receipts.append(make().accept(message, idempotency=idempotency))

    woken = []
    late = make(submit=overtaken_by(other), on_enqueued=lambda: woken.append(True))
    again = late.accept(a_message(id="msg_2", external_id=external_id), idempotency=idempotency)

    assert again == Receipt(stored=receipts[0].stored, replayed=True)
    assert woken == []
    assert rows(database) == (1, 2, 0 if idempotency is None else 1)


def test_a_call_that_is_overtaken_by_its_key_with_another_body_is_refused(make, database):
    late = make(submit=overtaken_by(lambda: make().accept(a_message(), idempotency=key())))

    with pytest.raises(KeyReused):
        late.accept(a_message(id="msg_2"), idempotency=key(b"other"))
    assert rows(database) == (1, 2, 1)


def test_an_id_that_is_taken_by_something_else_is_an_error_and_not_an_answer(make, database):
    make().accept(a_message())

    with pytest.raises(Duplicate):
        make().accept(a_message(text="another, with the same id"))
    assert rows(database) == (1, 2, 0)


def test_when_the_last_delivery_cannot_be_enqueued_nothing_is_stored(make, database, monkeypatch):
    enqueue, woken = outbox.enqueue, []

    def fail_at_the_second(conn, delivery):
        if delivery.endpoint_id == "ep_1":  # by name, crm comes before sales
            raise StorageDown("the disk is full")
        enqueue(conn, delivery)

    monkeypatch.setattr(outbox, "enqueue", fail_at_the_second)
    intake = make(on_enqueued=lambda: woken.append(True))

    with pytest.raises(StorageDown):
        intake.accept(a_message(), idempotency=key())
    assert (rows(database), woken) == ((0, 0, 0), [])


@pytest.mark.parametrize("failure", [RuntimeError("no memory"), Overloaded("full")])
def test_when_the_model_fails_nothing_is_stored_and_the_caller_hears_why(make, database, failure):
    def fail(texts):
        future = Future()
        future.set_exception(failure)
        return future

    with pytest.raises(type(failure)) as raised:
        make(submit=fail).accept(a_message(), idempotency=key())

    assert raised.value is failure
    assert rows(database) == (0, 0, 0)


def test_when_the_queue_is_full_nothing_is_stored(make, database):
    def refuse(texts):
        raise Overloaded("full", retry_after_s=3)

    with pytest.raises(Overloaded) as refused:
        make(submit=refuse).accept(a_message())

    assert refused.value.retry_after_s == 3
    assert rows(database) == (0, 0, 0)


def test_a_late_model_is_not_waited_for_and_its_call_is_cancelled(make, database):
    future = Future()

    with pytest.raises(PredictionLate):
        make(submit=lambda texts: future, predict_timeout_s=0.01).accept(a_message())

    assert future.cancelled()
    assert rows(database) == (0, 0, 0)


def test_a_message_that_came_late_may_come_again(make):
    with pytest.raises(PredictionLate):
        make(submit=lambda texts: Future(), predict_timeout_s=0.01).accept(
            a_message(), idempotency=key()
        )

    assert make().accept(a_message(), idempotency=key()).replayed is False


def test_through_a_real_batcher_each_of_racing_messages_keeps_its_own_answer(make, database):
    batcher = Batcher(predict, max_batch=4, max_waiting=100, max_wait_s=10)
    enqueued = threading.Semaphore(0)
    intake = make(submit=batcher.submit, on_enqueued=enqueued.release)

    def post(number):
        text = f"{number}: Was kostet das?" if number % 2 else f"{number}: Danke!"
        return intake.accept(a_message(id=f"msg_{number}", subject="", text=text))

    receipts = race(THREADS, post)
    batcher.close(5)

    assert [receipt.stored.decision["route"] for receipt in receipts] == ["inbox", "sales"] * 8
    assert rows(database) == (THREADS, THREADS, 0)
    assert [enqueued.acquire(blocking=False) for _ in range(9)] == [True] * 8 + [False]


# What carries a label, for those who are told

FOUND = Evidence(sentence="Was kostet das? 🙂", field="text", start=0, end=17, weight=0.9)
IN_JSON = {
    "pricing": {
        "sentence": "Was kostet das? 🙂",
        "field": "text",
        "start": 0,
        "end": 17,
        "weight": 0.9,
    }
}


class Explaining:
    """Stands where the explainer would, and keeps what it was asked."""

    def __init__(self, error=None):
        self.asked = []
        self.error = error

    def __call__(self, asked):
        self.asked.extend(asked)
        if self.error is not None:
            raise self.error
        return [{label: FOUND for label in one.labels} for one in asked]


def test_evidence_is_stored_with_the_prediction_and_told_to_the_receivers(make, database):
    explaining = Explaining()

    receipt = make(explain=explaining).accept(a_message())

    with database.read() as conn:
        assert messages.find(conn, "msg_1") == receipt.stored
    (asked,) = explaining.asked
    assert (asked.subject, asked.text) == (a_message().subject, a_message().text)
    assert (asked.labels, asked.said) == (("pricing",), receipt.stored.prediction["intents"])
    assert receipt.stored.prediction["evidence"] == IN_JSON
    for delivery in receipt.stored.deliveries:
        assert json.loads(delivery.body)["data"]["evidence"] == IN_JSON


def test_what_was_said_of_a_talk_is_not_taken_for_what_its_last_line_says(make):
    explaining = Explaining()

    make(explain=explaining).accept(a_message(), talk=Talk(fragments=("Hello.",)))

    assert [one.said for one in explaining.asked] == [None]


def test_a_message_that_the_model_is_unsure_of_is_explained_by_the_most_probable_intent(make):
    explaining = Explaining()
    rest = replace(REST, endpoints=("sales",))
    policy = Policy(rules=(), otherwise=rest, sha256="5ha")

    make(explain=explaining, policy=lambda: policy).accept(a_message(text="Guten Tag."))

    assert [one.labels for one in explaining.asked] == [("other",)]


@pytest.mark.parametrize("why", ["no endpoints", "no such endpoint", "disabled", "personal data"])
def test_nothing_is_explained_where_nobody_would_read_it(make, database, why):
    explaining = Explaining()
    policy, personal_data = POLICY, why != "personal data"
    if why == "no endpoints":
        policy = Policy(rules=(), otherwise=REST, sha256="5ha")
    elif why in ("no such endpoint", "disabled"):
        names = {"no such endpoint": ("archive",), "disabled": ("sales",)}[why]
        rest = replace(REST, endpoints=names)
        policy = Policy(rules=(), otherwise=rest, sha256="5ha")
        with database.write() as conn:
            endpoints.set_enabled(conn, "ep_1", False)

    receipt = make(explain=explaining, policy=lambda: policy, personal_data=personal_data).accept(
        a_message()
    )

    assert explaining.asked == []
    assert "evidence" not in receipt.stored.prediction
    for delivery in receipt.stored.deliveries:
        assert "evidence" not in json.loads(delivery.body)["data"]


@pytest.mark.parametrize("error", [Overloaded("busy"), PredictionLate("late")], ids=type)
def test_a_message_goes_on_without_evidence_where_there_is_no_time(make, database, error):
    receipt = make(explain=Explaining(error)).accept(a_message())

    assert rows(database)[:2] == (1, 2)
    assert "evidence" not in receipt.stored.prediction
    for delivery in receipt.stored.deliveries:
        assert "evidence" not in json.loads(delivery.body)["data"]


def test_a_message_that_is_known_is_not_explained_again(make):
    explaining = Explaining()
    intake = make(explain=explaining)
    first = intake.accept(a_message(external_id="m-1"))

    again = intake.accept(a_message(id="msg_2", external_id="m-1"))

    assert again.stored == first.stored
    assert len(explaining.asked) == 1

from datetime import timedelta

import pytest
from support import DECISION, PREDICTION, START, a_delivery, a_message, an_endpoint, race

from app.domain import Sender, Stored
from app.errors import Duplicate
from app.storage import endpoints, idempotency, messages, outbox
from app.storage.idempotency import Remembered

SHA256 = b"\x00" * 31 + b"\xff"


def add(conn, message):
    messages.add(conn, message, prediction=PREDICTION, decision=DECISION)


def remember(conn, key, *, owner="key_1", now=START):
    idempotency.remember(
        conn, owner=owner, key=key, body_sha256=SHA256, message_id="msg_1", now=now
    )


def test_a_message_comes_back_as_it_was_with_what_was_made_of_it(database):
    first, second = a_delivery(id="dlv_1"), a_delivery(id="dlv_2", event_type="message.routed")
    with database.write() as conn:
        endpoints.add(conn, an_endpoint())
        add(conn, a_message())
        outbox.enqueue(conn, second)
        outbox.enqueue(conn, first)

    with database.read() as conn:
        found = messages.find(conn, "msg_1")
    assert found == Stored(
        message=a_message(),
        prediction=PREDICTION,
        decision=DECISION,
        facts=None,
        deliveries=(first, second),
    )
    assert list(found.prediction["intents"]) == ["pricing", "demo_request"]


def test_a_message_may_lack_what_its_gateway_did_not_know(database):
    bare = a_message(sender=Sender(), thread_id=None, subject="", external_id=None)
    with database.write() as conn:
        add(conn, bare)

    with database.read() as conn:
        assert messages.find(conn, "msg_1").message == bare


def test_a_message_that_is_not_there_is_none(database):
    with database.read() as conn:
        found = [
            messages.find(conn, "msg_9"),
            messages.find_external(conn, "api", "9"),
            idempotency.recall(conn, owner="key_1", key="9"),
        ]

    assert found == [None, None, None]


def test_a_message_is_found_by_its_sources_own_id(database):
    with database.write() as conn:
        add(conn, a_message(source="mail", external_id="<1@example.com>"))

    with database.read() as conn:
        found = messages.find_external(conn, "mail", "<1@example.com>")
        other_source = messages.find_external(conn, "chat", "<1@example.com>")
    assert (found.message.id, other_source) == ("msg_1", None)


def test_a_second_message_of_one_external_id_is_a_duplicate_and_the_first_stands(database):
    first = a_message(source="mail", external_id="1")
    with database.write() as conn:
        add(conn, first)

        with pytest.raises(Duplicate):
            add(conn, a_message(id="msg_2", source="mail", external_id="1", text="other"))
        # The transaction lives on, so that the first can be answered with at once.
        assert messages.find_external(conn, "mail", "1").message == first


def test_a_second_message_of_one_id_is_a_duplicate(database):
    with database.write() as conn:
        add(conn, a_message())

    with pytest.raises(Duplicate), database.write() as conn:
        add(conn, a_message(text="other"))


def test_messages_without_external_id_are_never_duplicates(database):
    with database.write() as conn:
        for number in range(3):
            add(conn, a_message(id=f"msg_{number}", external_id=None))

    with database.read() as conn:
        assert messages.find(conn, "msg_2") is not None


def test_sixteen_threads_that_add_one_external_id_store_it_once(database):
    def add_and_enqueue(number):
        with database.write() as conn:
            add(conn, a_message(id=f"msg_{number}", source="mail", external_id="1"))
            outbox.enqueue(conn, a_delivery(id=f"dlv_{number}", message_id=f"msg_{number}"))
        return number

    with database.write() as conn:
        endpoints.add(conn, an_endpoint())
    outcomes = race(16, add_and_enqueue)

    stored = [outcome for outcome in outcomes if isinstance(outcome, int)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, Duplicate)]
    with database.read() as conn:
        deliveries = outbox.listed(conn)
        found = messages.find_external(conn, "mail", "1")
    assert (len(stored), len(refused)) == (1, 15)
    assert [found.message.id] == [f"msg_{n}" for n in stored]
    assert [delivery.id for delivery in deliveries] == [f"dlv_{n}" for n in stored]


def test_an_idempotency_key_recalls_its_first_body_and_message(database):
    with database.write() as conn:
        add(conn, a_message())
        remember(conn, "k")

    with database.read() as conn:
        found = idempotency.recall(conn, owner="key_1", key="k")
    assert found == Remembered(body_sha256=SHA256, message_id="msg_1")


def test_an_idempotency_key_is_its_owners_alone(database):
    with database.write() as conn:
        add(conn, a_message())
        remember(conn, "k", owner="key_1")
        remember(conn, "k", owner="key_2")

        with pytest.raises(Duplicate):
            remember(conn, "k", owner="key_2")
        assert idempotency.recall(conn, owner="key_3", key="k") is None


def test_idempotency_keys_are_forgotten_when_they_are_old(database):
    with database.write() as conn:
        add(conn, a_message())
        for hours in (0, 1, 2):
            remember(conn, f"k{hours}", now=START + timedelta(hours=hours))
        forgotten = idempotency.forget_before(conn, START + timedelta(hours=1))

    with database.read() as conn:
        left = [idempotency.recall(conn, owner="key_1", key=f"k{n}") is not None for n in range(3)]
    assert (forgotten, left) == (1, [False, True, True])


def test_threads_that_race_with_one_idempotency_key_store_one_message(database):
    def accept(number):
        with database.write() as conn:
            add(conn, a_message(id=f"msg_{number}"))
            idempotency.remember(
                conn,
                owner="key_1",
                key="k",
                body_sha256=SHA256,
                message_id=f"msg_{number}",
                now=START,
            )
        return number

    outcomes = race(16, accept)
    stored = [outcome for outcome in outcomes if isinstance(outcome, int)]

    with database.read() as conn:
        remembered = idempotency.recall(conn, owner="key_1", key="k").message_id
        found = [messages.find(conn, f"msg_{n}") is not None for n in range(16)]
    assert len(stored) == 1
    assert remembered == f"msg_{stored[0]}"
    assert found == [number in stored for number in range(16)]

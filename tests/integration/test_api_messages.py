import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from support import START, race
from support_api import MESSAGE, NOTHING_STORED, running_api
from support_outbox import claim_due
from support_predict import predict_by_word

from app.api.answer_schemas import AcceptedAnswer, DeliveriesAnswer, MessageAnswer
from app.domain import Answer, Attempt, DeliveryStatus
from app.errors import StorageDown
from app.storage import idempotency, outbox
from models.text.compose import compose_text

UNKNOWN_ID = "0123456789ABCDEFGHJKMNPQRS"
FULL = {
    **MESSAGE,
    "channel": "chat",
    "sender": {"email": "ada@example.com", "name": "Ada"},
    "thread_id": "t-1",
    "message_id": "m-1",
    "received_at": "2026-11-25T12:30:00.25+01:00",
}


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


@pytest.fixture
def client(api):
    return api.client()


def settle(api, delivery_id, *, number=1, **answer):
    """Let a delivery's first attempt end as a worker would."""
    answer = {"status_code": None, "error_code": None, "duration_ms": 12.5, **answer}
    with api.database.write() as conn:
        claim_due(conn, now=api.clock(), lease_s=60, limit=10)
        attempt = Attempt(
            delivery_id=delivery_id, number=number, started_at=START, answer=Answer(**answer)
        )
        assert outbox.record(conn, attempt, status=DeliveryStatus.DEAD)


def test_a_message_is_classified_decided_on_stored_and_enqueued(api, client):
    api.add_endpoint()

    reply = client.post("/v1/messages", json=FULL)

    answer = reply.json()
    (prediction,) = predict_by_word([compose_text(FULL["subject"], FULL["text"])])
    assert reply.status_code == 201
    assert reply.headers["location"] == f"/v1/messages/{answer['id']}"
    assert "idempotency-replayed" not in reply.headers
    assert answer["received_at"] == "2026-11-25T11:30:00.250000Z"
    told = dict(answer["prediction"])
    evidence = told.pop("evidence")
    assert told == prediction.as_dict()
    assert {label: one["sentence"] for label, one in evidence.items()} == dict.fromkeys(
        ["demo_request", "pricing"], "What is the price, and may we see a demo today?"
    )
    assert (answer["decision"]["route"], answer["decision"]["endpoints"]) == ("sales", ["sales"])
    assert [one["endpoint"] for one in answer["deliveries"]] == ["ep_1"]
    assert answer["warnings"] == []
    assert api.stored() == {"messages": 1, "deliveries": 1, "idempotency_keys": 0}
    assert api.enqueued == 1
    AcceptedAnswer.model_validate(answer, strict=True, extra="forbid")


def test_an_endpoint_that_is_not_there_yet_is_warned_of(client):
    answer = client.post("/v1/messages", json=MESSAGE).json()

    assert answer["deliveries"] == []
    assert answer["warnings"] == [
        "1 of 1 endpoints that the policy names got no delivery: not added yet, or disabled; "
        "see `inlet endpoints list`"
    ]


@pytest.mark.parametrize(
    ("body", "headers"),
    [(MESSAGE, {"Idempotency-Key": "k-1"}), ({**MESSAGE, "message_id": "m-1"}, {})],
    ids=["by its key", "by its message_id"],
)
def test_a_repeat_gets_the_same_bytes_whatever_happened_since(api, client, body, headers):
    api.add_endpoint()
    first = client.post("/v1/messages", json=body, headers=headers)
    settle(api, first.json()["deliveries"][0]["id"], status_code=500)
    api.clock.advance(3_600)
    api.add_endpoint(id="ep_2", name="success")

    again = client.post("/v1/messages", json=body, headers=headers)

    assert again.status_code == first.status_code == 201
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert api.stored()["messages"] == 1


def test_a_warning_is_repeated_although_the_endpoint_came_since(api, client):
    first = client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k-1"})
    api.add_endpoint()

    again = client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k-1"})

    assert again.content == first.content


def test_a_key_is_bound_to_the_raw_body_and_to_its_caller(api, client):
    raw = b'{"text": "price"}'
    headers = {"Idempotency-Key": "k-1", "Content-Type": "application/json"}

    client.post("/v1/messages", content=raw, headers=headers)
    respelt = client.post("/v1/messages", content=b'{"text":"price"}', headers=headers)

    with api.database.read() as conn:
        kept = idempotency.recall(conn, owner="open", key="k-1")
    assert kept.body_sha256 == hashlib.sha256(raw).digest()
    assert (respelt.status_code, respelt.json()["code"]) == (422, "idempotency_key_reused")


def test_two_callers_may_use_the_same_key(api):
    one = api.client(key=api.add_key("messages:write", number=1))
    two = api.client(key=api.add_key("messages:write", number=2))

    first = one.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k"})
    second = two.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


def test_sixteen_posts_of_one_key_store_once_and_get_one_answer(api):
    api.add_endpoint()
    with api.client() as client:
        replies = race(
            16,
            lambda _: client.post("/v1/messages", json=MESSAGE, headers={"Idempotency-Key": "k"}),
        )

    assert {(reply.status_code, reply.content) for reply in replies} == {(201, replies[0].content)}
    assert ["idempotency-replayed" in reply.headers for reply in replies].count(False) == 1
    assert api.stored() == {"messages": 1, "deliveries": 1, "idempotency_keys": 1}


def test_a_message_is_looked_up_whole_with_every_try(api, client):
    api.add_endpoint()
    accepted = client.post("/v1/messages", json=FULL).json()
    delivery_id = accepted["deliveries"][0]["id"]
    settle(api, delivery_id, error_code="timeout")

    found = client.get(f"/v1/messages/{accepted['id']}").json()

    MessageAnswer.model_validate_json(json.dumps(found), strict=True, extra="forbid")
    (delivery,) = found.pop("deliveries")
    reply = found.pop("reply")
    assert (reply["status"], reply["promised_at"]) == ("running", accepted["reply_by"])
    assert found == {
        **{name: FULL[name] for name in ("text", "subject", "channel", "sender", "thread_id")},
        "message_id": "m-1",
        "id": accepted["id"],
        "source": "api",
        "received_at": "2026-11-25T11:30:00.250000Z",
        "created_at": "2026-11-25T12:00:00.123456Z",
        "prediction": accepted["prediction"],
        "decision": accepted["decision"],
        "facts": None,
        "warnings": [],
    }
    assert delivery == {
        "id": delivery_id,
        "message_id": accepted["id"],
        "endpoint": "ep_1",
        "event_type": "lead.detected",
        "status": "dead",
        "attempts": 1,
        "next_attempt_at": None,
        "created_at": "2026-11-25T12:00:00.123456Z",
        "history": [
            {
                "number": 1,
                "started_at": "2026-11-25T12:00:00.123456Z",
                "status_code": None,
                "error_code": "timeout",
                "duration_ms": 12.5,
            }
        ],
    }


@pytest.mark.parametrize(
    "message_id",
    [f"msg_{UNKNOWN_ID}", f"dlv_{UNKNOWN_ID}", "msg_1", "%00", "%ff", "msg_" + "A" * 2_000, "'--"],
)
def test_an_unknown_id_is_not_found_and_not_repeated(client, message_id):
    reply = client.get(f"/v1/messages/{message_id}")

    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")
    assert message_id not in reply.text


def test_deliveries_are_listed_newest_first_page_by_page(api, client):
    api.add_endpoint()
    ids = []
    for _ in range(5):
        accepted = client.post("/v1/messages", json=MESSAGE).json()
        ids.insert(0, accepted["deliveries"][0]["id"])
        api.clock.advance(1)

    pages, before = [], ""
    while before is not None:
        page = client.get(f"/v1/deliveries?limit=2{before and '&before=' + before}").json()
        DeliveriesAnswer.model_validate_json(json.dumps(page), strict=True, extra="forbid")
        pages.append([delivery["id"] for delivery in page["deliveries"]])
        before = page["before"]

    assert pages == [ids[:2], ids[2:4], ids[4:]]


def test_deliveries_are_listed_by_status_and_endpoint(api, client):
    endpoint_id = f"ep_{UNKNOWN_ID}"
    api.add_endpoint(id=endpoint_id)
    first = client.post("/v1/messages", json=MESSAGE).json()["deliveries"][0]["id"]
    settle(api, first, status_code=500)
    api.clock.advance(1)
    second = client.post("/v1/messages", json=MESSAGE).json()["deliveries"][0]["id"]

    def listed(query):
        found = client.get(f"/v1/deliveries?{query}").json()["deliveries"]
        return [delivery["id"] for delivery in found]

    assert listed("status=dead") == [first]
    assert listed("status=pending") == [second]
    assert listed(f"endpoint={endpoint_id}") == [second, first]
    assert listed(f"endpoint=ep_{UNKNOWN_ID[::-1]}") == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "query.limit"),
        ("limit=201", "query.limit"),
        ("limit=canary", "query.limit"),
        ("limit=" + "9" * 5_000, "query.limit"),
        ("status=canary", "query.status"),
        ("endpoint=%00", "query.endpoint"),
        ("before=canary", "query.before"),
        ("canary=1", "query"),
    ],
)
def test_a_query_that_does_not_fit_is_refused_by_its_name(client, query, path):
    reply = client.get(f"/v1/deliveries?{query}")

    body = reply.json()
    assert (reply.status_code, body["code"]) == (422, "invalid")
    assert [error["path"] for error in body["errors"]] == [path]
    assert "canary" not in reply.text


def test_a_settled_delivery_is_sent_again_under_its_id(api, client):
    api.add_endpoint()
    delivery_id = client.post("/v1/messages", json=MESSAGE).json()["deliveries"][0]["id"]
    settle(api, delivery_id, status_code=500)
    api.clock.advance(60)

    reply = client.post(f"/v1/deliveries/{delivery_id}/replay")

    again = reply.json()
    assert (reply.status_code, again["id"]) == (202, delivery_id)
    assert (again["status"], again["attempts"]) == ("pending", 0)
    assert datetime.fromisoformat(again["next_attempt_at"]) == START + timedelta(seconds=60)
    assert api.enqueued == 2


def test_a_pending_delivery_is_not_sent_twice(api, client):
    api.add_endpoint()
    delivery_id = client.post("/v1/messages", json=MESSAGE).json()["deliveries"][0]["id"]

    reply = client.post(f"/v1/deliveries/{delivery_id}/replay")

    assert (reply.status_code, reply.json()["code"]) == (409, "delivery_pending")


@pytest.mark.parametrize("delivery_id", [f"dlv_{UNKNOWN_ID}", "dlv_1", "%00"])
def test_an_unknown_delivery_is_not_sent(client, delivery_id):
    reply = client.post(f"/v1/deliveries/{delivery_id}/replay")

    assert (reply.status_code, reply.json()["code"]) == (404, "not_found")


def test_nothing_is_acknowledged_that_the_database_did_not_take(api, client):
    class Down:
        def accept(self, message, *, idempotency):
            raise StorageDown("the database did not take it")

    api.rebuild(intake=Down())

    reply = api.client().post("/v1/messages", json=MESSAGE)

    assert (reply.status_code, reply.json()["code"]) == (503, "storage_unavailable")
    assert reply.headers["retry-after"] == "1"
    assert api.stored() == NOTHING_STORED


def test_the_time_of_receipt_is_ours_where_none_is_given(client):
    answer = client.post("/v1/messages", json=MESSAGE).json()

    assert datetime.fromisoformat(answer["received_at"]) == START
    assert datetime.fromisoformat(answer["received_at"]).tzinfo == UTC

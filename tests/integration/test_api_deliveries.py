import pytest
from support import START, a_delivery, an_endpoint
from support_api import running_api
from support_outbox import DEAD, PENDING, SUPPRESSED, fill

from app.storage import endpoints, outbox

EP_1, EP_2 = "ep_01KB0000000000000000000001", "ep_01KB0000000000000000000002"
ANSWERS = {"limit": 0, "status": "lost", "since": "yesterday", "endpoint": "sales"}


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


@pytest.fixture
def client(api):
    return api.client()


def stock(database, *, enabled=True):
    """Three dead letters and a suppressed one, to two endpoints."""
    fill(
        database,
        *(a_delivery(id=f"dlv_{n}", status=DEAD, attempts=10, endpoint_id=EP_1) for n in (1, 2)),
        a_delivery(id="dlv_3", status=DEAD, attempts=10, endpoint_id=EP_2),
        a_delivery(id="dlv_4", status=SUPPRESSED, endpoint_id=EP_1),
        receivers=(
            an_endpoint(id=EP_1, enabled=enabled),
            an_endpoint(id=EP_2, name="inbox"),
        ),
    )


def waiting(database):
    with database.read() as conn:
        return sorted(one.id for one in outbox.listed(conn, status=PENDING))


def test_an_empty_request_sends_every_dead_letter_again(api, client):
    stock(api.database)

    reply = client.post("/v1/deliveries/replay", json={})

    assert (reply.status_code, reply.json()) == (202, {"replayed": 3, "more": False})
    assert waiting(api.database) == ["dlv_1", "dlv_2", "dlv_3"]
    assert api.enqueued == 1


def test_a_replay_is_held_to_endpoint_status_time_and_limit(api, client):
    stock(api.database)

    def replayed(**asked):
        return client.post("/v1/deliveries/replay", json=asked).json()

    assert replayed(since="2026-11-25T12:00:01Z") == {"replayed": 0, "more": False}
    assert replayed(until="2026-11-25T12:00:00Z") == {"replayed": 0, "more": False}
    assert replayed(endpoint=EP_1, limit=1) == {"replayed": 1, "more": True}
    assert replayed(endpoint=EP_1, status="suppressed") == {"replayed": 1, "more": False}
    assert waiting(api.database) == ["dlv_1", "dlv_4"]


@pytest.mark.parametrize("field", ANSWERS)
def test_a_replay_that_asks_for_nonsense_is_refused(api, client, field):
    stock(api.database)

    reply = client.post("/v1/deliveries/replay", json={field: ANSWERS[field]})

    assert (reply.status_code, [e["path"] for e in reply.json()["errors"]]) == (422, [field])
    assert waiting(api.database) == []


def test_a_replay_of_more_than_ten_thousand_is_refused(client):
    assert client.post("/v1/deliveries/replay", json={"limit": 10_001}).status_code == 422


def test_a_replay_to_a_disabled_endpoint_says_what_comes_first(api, client):
    stock(api.database, enabled=False)

    reply = client.post("/v1/deliveries/replay", json={"endpoint": EP_1})

    assert (reply.status_code, reply.json()["code"]) == (409, "endpoint_disabled")


def test_a_replay_to_an_endpoint_that_is_not_there_is_not_found(client):
    assert client.post("/v1/deliveries/replay", json={"endpoint": EP_1}).status_code == 404


def test_a_delivery_that_waits_for_hours_may_be_tried_now(api, client):
    delivery_id = "dlv_01KB0000000000000000000001"
    later = START.replace(hour=20)
    fill(api.database, a_delivery(id=delivery_id, attempts=4, next_attempt_at=later))

    first = client.post(f"/v1/deliveries/{delivery_id}/replay")
    second = client.post(f"/v1/deliveries/{delivery_id}/replay")

    assert (first.status_code, first.json()["attempts"]) == (202, 4)
    assert first.json()["next_attempt_at"] == "2026-11-25T12:00:00.123456Z"
    assert (second.status_code, second.json()["code"]) == (409, "delivery_pending")


def test_one_delivery_to_a_disabled_endpoint_is_not_left_to_wait_for_ever(api, client):
    delivery_id = "dlv_01KB0000000000000000000001"
    fill(
        api.database,
        a_delivery(id=delivery_id, status=SUPPRESSED),
        receivers=[an_endpoint(enabled=False)],
    )

    reply = client.post(f"/v1/deliveries/{delivery_id}/replay")

    assert (reply.status_code, reply.json()["code"]) == (409, "endpoint_disabled")
    assert (waiting(api.database), api.enqueued) == ([], 0)


def test_a_paused_endpoint_may_be_told_later(api, client):
    stock(api.database)
    with api.database.write() as conn:
        endpoints.set_paused(conn, EP_1, True)

    assert client.post("/v1/deliveries/replay", json={"endpoint": EP_1}).json()["replayed"] == 2

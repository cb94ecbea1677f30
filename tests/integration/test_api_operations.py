import json

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support_api import MESSAGE, running_api

from app.api.answer_schemas import LiveAnswer, ReadyAnswer
from app.storage.engine import open_database


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


def figures(client):
    """Every sample of /metrics, by name and labels."""
    reply = client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.text)
        for sample in family.samples
        if not sample.name.endswith(("_created", "_bucket", "_sum"))
    }


def test_livez_touches_nothing(api):
    api.rebuild(database=None, model_ready=None, auth=None, loops=None, policy_problem=None)

    reply = api.client().get("/livez")

    assert (reply.status_code, reply.json()) == (200, {"alive": True})
    LiveAnswer.model_validate(reply.json(), extra="forbid")


def test_readyz_says_what_each_part_is_doing(api):
    reply = api.client().get("/readyz")

    state = reply.json()
    version = state.pop("sqlite_version", None)
    assert (version is not None) is (api.database.dialect == "sqlite")
    assert (reply.status_code, state) == (
        200,
        {
            "ready": True,
            "model": "ok",
            "model_version": "by-word",
            "database": "ok",
            "schema": "ok",
            "worker": "running",
            "mailroom": "running",
            "timekeeper": "running",
            "accountant": "running",
            "policy": "ok",
            "disk": "ok",
        },
    )
    ReadyAnswer.model_validate(reply.json(), strict=True, extra="forbid")


@pytest.mark.parametrize(
    ("change", "part", "state"),
    [
        ({"model_ready": lambda: False}, "model", "loading"),
        ({"loops": lambda: {"worker": "stopped"}}, "worker", "stopped"),
        ({"loops": lambda: {"worker": "off", "mailroom": "stopped"}}, "mailroom", "stopped"),
        ({"loops": lambda: {"timekeeper": "stopped"}}, "timekeeper", "stopped"),
    ],
)
def test_readyz_is_red_where_a_part_does_not_work(api, change, part, state):
    api.rebuild(**change)

    reply = api.client().get("/readyz")

    assert (reply.status_code, reply.json()["ready"], reply.json()[part]) == (503, False, state)


def test_readyz_is_green_where_the_worker_is_another_process(api):
    api.rebuild(loops=lambda: {"worker": "off", "mailroom": "running"})

    assert api.client().get("/readyz").status_code == 200


def test_readyz_says_that_a_changed_policy_was_refused_and_stays_green(api):
    api.rebuild(policy_problem=lambda: "policy.yaml:3: needs a list")

    reply = api.client().get("/readyz")

    assert (reply.status_code, reply.json()["policy"]) == (200, "refused")


def test_readyz_is_red_while_the_database_is_down(api):
    api.database.close()

    reply = api.client().get("/readyz")

    assert (reply.status_code, reply.json()["ready"]) == (503, False)
    assert (reply.json()["database"], reply.json()["schema"]) == ("down", "unknown")


def test_readyz_is_red_before_the_database_is_migrated(empty_database_url, clock, tmp_path):
    database = open_database(empty_database_url)
    with running_api(database, clock, data_dir=tmp_path) as api:
        reply = api.client().get("/readyz")
    database.close()

    assert (reply.status_code, reply.json()["schema"]) == (503, "outdated")


def test_readyz_is_red_where_the_disk_is_nearly_full(api, monkeypatch):
    monkeypatch.setattr("app.api.operations._MIN_FREE_BYTES", 2**62)

    reply = api.client().get("/readyz")

    assert (reply.status_code, reply.json()["disk"]) == (503, "full")


def test_requests_are_counted_by_template_and_never_by_path(api):
    client = api.client()
    client.post("/v1/classify", json=MESSAGE)
    client.post("/v1/classify", json={})
    client.get("/v1/messages/msg_canary")
    client.get("/canary")
    client.request("CANARY", "/v1/classify")

    shown = figures(client)

    requests = {key[1:]: n for key, n in shown.items() if key[0] == "inlet_http_requests_total"}
    assert requests == {
        ("POST", "/v1/classify", "200"): 1,
        ("POST", "/v1/classify", "422"): 1,
        ("GET", "/v1/messages/{id}", "404"): 1,
        ("GET", "unmatched", "404"): 1,
        ("other", "/v1/classify", "405"): 1,
    }
    assert shown["inlet_http_request_duration_seconds_count", "POST", "/v1/classify"] == 2
    assert "canary" not in client.get("/metrics").text.lower()


def test_messages_are_counted_once_however_often_they_are_repeated(api):
    client = api.client()
    for number in (1, 2, 2, 2):
        client.post("/v1/messages", json={**MESSAGE, "message_id": f"m-{number}"})

    assert figures(client)["inlet_messages_accepted_total",] == 2


def test_the_outbox_is_shown_as_it_stands(api):
    api.add_endpoint()
    client = api.client()
    empty = figures(client)
    client.post("/v1/messages", json=MESSAGE)
    api.clock.advance(90)

    waiting = figures(client)

    statuses = ("pending", "delivered", "dead", "suppressed")
    assert [empty["inlet_deliveries", status] for status in statuses] == [0, 0, 0, 0]
    assert [waiting["inlet_deliveries", status] for status in statuses] == [1, 0, 0, 0]
    assert empty["inlet_oldest_due_delivery_age_seconds",] == 0
    assert waiting["inlet_oldest_due_delivery_age_seconds",] == 90
    assert waiting["inlet_predictions_waiting",] == 0
    assert waiting["inlet_database_up",] == 1


def test_metrics_are_given_while_the_database_is_down_without_old_figures(api):
    client = api.client()
    figures(client)
    api.database.close()

    shown = figures(client)

    assert shown["inlet_database_up",] == 0
    assert not [key for key in shown if key[0] == "inlet_deliveries"]
    assert json.dumps(shown["inlet_oldest_due_delivery_age_seconds",]) == "NaN"

from dataclasses import replace
from datetime import timedelta

import pytest
from support import START
from support_api import running_api
from support_clocks import ACKNOWLEDGED, HOUR, a_clock, fill, taken

from app.api.sla import ReplyClocksAnswer, SlaAnswer
from app.domain import new_id


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


@pytest.fixture
def client(api):
    return api.client()


def ids(count):
    return [new_id("clk", START + timedelta(seconds=number)) for number in range(count)]


def test_it_shows_how_promises_were_kept_by_owner(database, client, clock):
    fill(
        database,
        taken(1, HOUR / 2),
        taken(2, 2 * HOUR),
        a_clock(3, owner="ben"),
        a_clock(4, owner=None, promised_at=START + 9 * HOUR),
    )
    clock.advance(3 * 3_600)

    answer = client.get("/v1/sla").json()

    SlaAnswer.model_validate(answer)
    assert answer["since"] == "2026-10-26T15:00:00.123456Z"
    assert answer["until"] == "2026-11-25T15:00:00.123456Z"
    assert answer["whole"] == {
        "promises": 4,
        "acknowledged": 2,
        "inside": 1,
        "open": 2,
        "overdue": 1,
        "lapsed": 0,
        "closed": 0,
        "inside_ratio": 1 / 3,
        "median_s": 4_500.0,
        "p90_s": 7_200.0,
        "working_median_s": None,
        "working_p90_s": None,
    }
    assert [(one["name"], one["promises"]) for one in answer["groups"]] == [
        ("ana", 2),
        ("ben", 1),
        (None, 1),
    ]


@pytest.mark.parametrize(
    ("by", "names"),
    [("route", ["sales", "success"]), ("week", ["2026-W48", "2026-W49"])],
)
def test_it_shows_them_by_route_and_by_week(database, client, by, names):
    fill(database, a_clock(1), a_clock(2, route="success", started_at=START + 120 * HOUR))

    answer = client.get("/v1/sla", params={"by": by}).json()

    assert [one["name"] for one in answer["groups"]] == names


def test_it_counts_only_what_came_since(database, client):
    fill(database, a_clock(1, started_at=START - 3 * HOUR), a_clock(2))

    counted = {
        since: client.get("/v1/sla", params={"since": since}).json()["whole"]["promises"]
        for since in ("2h", "2026-11-25T10:00:00+01:00", "2026-11-25")
    }

    assert counted == {"2h": 1, "2026-11-25T10:00:00+01:00": 2, "2026-11-25": 2}


@pytest.mark.parametrize(
    "params", [{"since": "yesterday"}, {"since": "x" * 41}, {"by": "colour"}, {"until": "now"}]
)
def test_a_wrong_question_is_refused(client, params):
    assert client.get("/v1/sla", params=params).status_code == 422


def test_the_reply_clocks_are_listed_newest_first(database, client):
    first, second, third = ids(3)
    fill(database, a_clock(1, id=first), replace(taken(2, HOUR), id=second), a_clock(3, id=third))

    page = client.get("/v1/reply-clocks", params={"limit": 2}).json()
    rest = client.get("/v1/reply-clocks", params={"before": page["before"]}).json()

    ReplyClocksAnswer.model_validate(page)
    assert [one["id"] for one in page["clocks"]] == [third, second]
    assert ([one["id"] for one in rest["clocks"]], rest["before"]) == ([first], None)
    assert page["clocks"][1] == {
        "id": second,
        "message_id": "msg_2",
        "rule": "pricing",
        "route": "sales",
        "clock": "hour",
        "pool": "sales",
        "owner": "ana",
        "account": "example.com",
        "level": 0,
        "started_at": "2026-11-25T12:00:00.123456Z",
        "promised_at": "2026-11-25T13:00:00.123456Z",
        "due_at": "2026-11-25T13:00:00.123456Z",
        "next_at": None,
        "status": "acknowledged",
        "settled_at": "2026-11-25T13:00:00.123456Z",
        "settled_by": "ana",
    }


@pytest.mark.parametrize(
    ("params", "messages"),
    [
        ({"status": "running"}, ["msg_3", "msg_2"]),
        ({"status": ACKNOWLEDGED.value}, ["msg_1"]),
        ({"owner": "ben"}, ["msg_2"]),
        ({"account": "acme.com"}, ["msg_3"]),
        ({"owner": "nobody"}, []),
    ],
)
def test_a_list_holds_what_was_asked_for(database, client, params, messages):
    first, second, third = ids(3)
    fill(
        database,
        replace(taken(1, HOUR), id=first),
        a_clock(2, id=second, owner="ben"),
        a_clock(3, id=third, account="acme.com"),
    )

    found = client.get("/v1/reply-clocks", params=params).json()["clocks"]

    assert [one["message_id"] for one in found] == messages


@pytest.mark.parametrize(
    "params", [{"status": "late"}, {"before": "clk_1"}, {"limit": 0}, {"owner": "\0"}]
)
def test_a_wrong_filter_is_refused(client, params):
    assert client.get("/v1/reply-clocks", params=params).status_code == 422


@pytest.mark.parametrize("path", ["/v1/sla", "/v1/reply-clocks"])
def test_who_may_not_read_messages_does_not_see_them(api, path):
    may_not = api.add_key("deliveries:read")
    may = api.add_key("messages:read", number=2)

    assert api.client(key=may_not).get(path).status_code == 403
    assert api.client(key=may).get(path).status_code == 200

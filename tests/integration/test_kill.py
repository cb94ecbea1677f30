from dataclasses import replace

import pytest
from support_receiver import Request

from app.parts import utc_now
from app.storage.engine import sqlite_url
from app.webhook.signing import new_secret, signed_headers
from tests.benchmarks.aftermath import Left, violations
from tests.benchmarks.kill9 import Plan, run


@pytest.fixture(params=["sqlite", "postgresql"])
def emptied_url(request, tmp_path):
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "data" / "inlet.db")
    return request.getfixturevalue("postgresql_url")


def test_a_killed_service_loses_and_repeats_nothing(emptied_url, tmp_path, artifacts):
    plan = Plan(messages=120, kills=2, database_url=emptied_url, wait_for_leases=False)

    result = run(plan, tmp_path, artifacts=artifacts)

    assert result.violations == ()
    assert (result.acknowledged, result.deliveries, result.arrived) == (120, 120, 120)


SECRET = new_secret()


def a_request(delivery_id, body=b"{}", secret=SECRET):
    headers = signed_headers([secret], webhook_id=delivery_id, sent_at=utc_now(), body=body)
    return Request("POST", "/sales", headers, body, b"")


def as_promised():
    """Two messages, each stored, delivered and acknowledged; one webhook came twice."""
    return Left(
        answers={0: {"msg_0"}, 1: {"msg_1"}},
        stored=[("msg_0", 0), ("msg_1", 1)],
        deliveries={"dlv_0": ("msg_0", b"{}"), "dlv_1": ("msg_1", b"{}")},
        states={"pending": 0, "delivered": 2, "dead": 0, "suppressed": 0},
        requests=[a_request("dlv_0"), a_request("dlv_1"), a_request("dlv_1")],
        secrets={"/sales": SECRET},
    )


def test_what_is_as_promised_has_no_violation():
    assert violations(as_promised(), most_duplicates=1) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"answers": {0: {"msg_2"}}}, "1 acknowledged messages are not stored"),
        ({"answers": {0: {"msg_0", "msg_1"}}}, "1 messages have two answers"),
        ({"stored": [("msg_0", 0), ("msg_1", 0)]}, "1 messages are stored twice"),
        (
            {"stored": [("msg_0", 0), ("msg_1", 1), ("msg_2", 2)]},
            "1 messages are without their one delivery",
        ),
        ({"requests": [a_request("dlv_1")]}, "1 deliveries never arrived"),
        (
            {"requests": [a_request(f"dlv_{number}") for number in range(3)]},
            "1 webhooks are of no stored delivery",
        ),
        (
            {"requests": [a_request("dlv_0"), a_request("dlv_1", body=b"[]")]},
            "1 webhooks are not what was stored",
        ),
        (
            {"requests": [a_request("dlv_0"), a_request("dlv_1", secret=new_secret())]},
            "1 webhooks are not signed right",
        ),
        (
            {"states": {"pending": 1, "delivered": 1, "dead": 0, "suppressed": 0}},
            "1 deliveries are not delivered",
        ),
        (
            {"states": {"pending": 0, "delivered": 2, "dead": 1, "suppressed": 0}},
            "1 deliveries are in no state",
        ),
        (
            {"requests": [a_request("dlv_0"), *[a_request("dlv_1")] * 3]},
            "1 duplicates beyond the 1 that were in flight",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_broken_promise_is_told(change, sentence):
    assert violations(replace(as_promised(), **change), most_duplicates=1) == [sentence]

import pytest
from sqlalchemy import update
from support import START, race
from support_api import running_api
from support_clocks import HOUR
from support_replies import SAID, feedback_of, store, the_clock_of, with_people

from app.api.replies import FeedbackPage, MessageFeedback, NotedAnswer, ReplyAnswer
from app.api.schemas import ACKNOWLEDGE_EXAMPLES, FEEDBACK_EXAMPLES
from app.domain import ClockStatus
from app.storage import tables

UNKNOWN_ID = "msg_0123456789ABCDEFGHJKMNPQRS"
RUNNING, ACKNOWLEDGED, CLOSED = ClockStatus.RUNNING, ClockStatus.ACKNOWLEDGED, ClockStatus.CLOSED
WRONG = {"kind": "wrong_label", "by": "ana"}
NO_LEAD = {"kind": "not_a_lead", "by": "ana"}


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield with_people(api)


@pytest.fixture
def client(api):
    return api.client()


@pytest.fixture
def message_id(database):
    return store(database)


def take(client, message_id, by="ana"):
    return client.post(f"/v1/messages/{message_id}/acknowledge", json={"by": by})


def say(client, message_id, **body):
    return client.post(f"/v1/messages/{message_id}/feedback", json=body)


def settled(database, message_id):
    clock = the_clock_of(database, message_id)
    return clock.status, clock.settled_by


def test_who_takes_a_message_stops_its_clock(database, client, message_id):
    answer = take(client, message_id)

    reply = answer.json()["reply"]
    assert answer.status_code == 200
    assert (reply["status"], reply["settled_by"]) == ("acknowledged", "ana")
    assert reply["settled_at"] == "2026-11-25T12:00:00.123456Z"
    assert (reply["owner"], reply["next_at"]) == ("ana", None)
    assert settled(database, message_id) == (ACKNOWLEDGED, "ana")
    ReplyAnswer.model_validate_json(answer.content, strict=True, extra="forbid")


def test_taking_it_again_gets_the_same_answer(client, clock, message_id):
    first = take(client, message_id)
    clock.advance(600)

    again = take(client, message_id)

    assert (again.status_code, again.content) == (200, first.content)


def test_who_comes_second_is_told_who_has_it(database, client, message_id):
    take(client, message_id)

    second = take(client, message_id, by="ben")

    told = second.json()
    assert (second.status_code, told["code"], told["settled_by"]) == (409, "taken", "ana")
    assert settled(database, message_id) == (ACKNOWLEDGED, "ana")


def test_of_sixteen_who_take_it_at_once_one_has_it(api, message_id):
    with api.client() as client:
        answers = race(16, lambda n: take(client, message_id, by=f"owner {n}"))

    codes = sorted(answer.status_code for answer in answers)
    (winner,) = [one.json()["reply"]["settled_by"] for one in answers if one.status_code == 200]
    assert codes == [200] + [409] * 15
    assert {one.json()["settled_by"] for one in answers if one.status_code == 409} == {winner}


def test_a_closed_message_cannot_be_taken(client, message_id):
    say(client, message_id, **NO_LEAD)

    answer = take(client, message_id)

    told = answer.json()
    assert (answer.status_code, told["code"], told["settled_by"]) == (409, "closed", "ana")


def test_a_message_without_a_clock_needs_nobody(database, client):
    message_id = store(database, clock=False)

    answer = take(client, message_id)

    assert (answer.status_code, answer.json()) == (200, {"message_id": message_id, "reply": None})


@pytest.mark.parametrize("call", ["acknowledge", "feedback"])
@pytest.mark.parametrize("message_id", [UNKNOWN_ID, "msg_1", "x"])
def test_a_message_that_is_not_there_is_not_found(client, call, message_id):
    body = {"by": "ana"} if call == "acknowledge" else NO_LEAD

    answer = client.post(f"/v1/messages/{message_id}/{call}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": ""},
        {"by": None},
        {"by": 1},
        {"by": "a\nb"},
        {"by": "a" * 513},
        {"by": "ana", "x": 1},
    ],
)
def test_who_takes_it_must_be_named(database, client, message_id, body):
    answer = client.post(f"/v1/messages/{message_id}/acknowledge", json=body)

    assert answer.status_code == 422
    assert settled(database, message_id) == (RUNNING, None)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({**WRONG, "kind": "spam"}, "kind"),
        ({"kind": "wrong_label"}, "by"),
        ({**WRONG, "labels": ["weather"]}, "labels"),
        ({**WRONG, "labels": ["pricing", "pricing"]}, "labels"),
        ({**WRONG, "labels": ["other", "pricing"]}, "labels"),
        ({**WRONG, "labels": ["pricing"] * 65}, "labels"),
        ({**WRONG, "labels": "pricing"}, "labels"),
        ({**WRONG, "labels": [1]}, "labels[0]"),
        ({**NO_LEAD, "labels": ["other"]}, "labels"),
        ({**NO_LEAD, "labels": []}, "labels"),
        ({"kind": "right_label", "by": "ana", "labels": ["pricing"]}, "labels"),
    ],
)
def test_feedback_that_does_not_fit_is_refused_and_says_where(
    database, client, message_id, body, path
):
    answer = say(client, message_id, **body)

    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert "weather" not in answer.text
    assert feedback_of(database) == []


def test_what_is_no_lead_is_noted_and_closes_the_clock(database, client, message_id):
    answer = say(client, message_id, **NO_LEAD)

    assert answer.status_code == 200
    told = answer.json()
    assert (told["kind"], told["labels"], told["by"]) == ("not_a_lead", None, "ana")
    assert (told["reply"]["status"], told["reply"]["settled_by"]) == ("closed", "ana")
    assert settled(database, message_id) == (CLOSED, "ana")
    NotedAnswer.model_validate_json(answer.content, strict=True, extra="forbid")


def test_the_same_feedback_again_gets_the_same_answer_and_is_kept_once(database, client, clock):
    message_id = store(database)
    first = say(client, message_id, **WRONG, labels=["support", "churn_risk"])
    clock.advance(600)

    again = say(client, message_id, **WRONG, labels=["churn_risk", "support"])

    assert again.content == first.content
    assert feedback_of(database) == [("wrong_label", ("support", "churn_risk"), "ana")]


@pytest.mark.parametrize(
    ("labels", "changes", "status"),
    [
        (["support"], {}, CLOSED),  # another route's
        ([], {}, CLOSED),  # none: other
        (["demo_request"], {}, RUNNING),  # of another rule, with the same route
        (["pricing"], {}, RUNNING),
        (["support", "demo_request"], {}, RUNNING),
        (None, {}, RUNNING),  # nobody said what it is instead
        (["support"], {"rule": "late", "route": "night"}, RUNNING),  # asks for no intent
        (["support"], {"rule": "otherwise", "route": "inbox"}, RUNNING),
        (["support"], {"rule": "gone", "route": "sales"}, RUNNING),
    ],
)
def test_a_clock_ends_where_the_right_labels_no_longer_call_for_its_route(
    database, client, labels, changes, status
):
    message_id = store(database, clock=changes)

    answer = say(client, message_id, **WRONG, labels=labels)

    assert answer.json()["reply"]["status"] == status.value
    assert the_clock_of(database, message_id).status is status


def test_who_says_that_the_labels_hold_confirms_those_that_were_told(database, client, message_id):
    answer = say(client, message_id, kind="right_label", by="ana")

    told = answer.json()
    assert (answer.status_code, told["labels"], told["reply"]["status"]) == (
        *(200, ["pricing"], "running"),
    )
    assert feedback_of(database) == [("right_label", ("pricing",), "ana")]


def test_what_got_no_label_has_none_to_confirm(database, client, message_id):
    with database.write() as conn:
        said = {**SAID, "labels": []}
        conn.execute(update(tables.messages).values(prediction=said))

    answer = say(client, message_id, kind="right_label", by="ana")

    assert answer.status_code == 422
    assert [error["path"] for error in answer.json()["errors"]] == ["kind"]
    assert feedback_of(database) == []


def of_message(client, message_id, **query):
    answer = client.get(f"/v1/messages/{message_id}/feedback", params=query)
    MessageFeedback.model_validate_json(answer.content, strict=True, extra="forbid")
    return answer.json()


def test_all_that_was_said_of_a_message_is_listed_and_its_newest_labels_count(
    database, client, clock, message_id
):
    say(client, store(database), **NO_LEAD)
    for by, labels in (("ana", ["support"]), ("ben", ["demo_request"]), ("ana", ["support"])):
        clock.advance(60)
        say(client, message_id, kind="wrong_label", labels=labels, by=by)
    clock.advance(60)
    say(client, message_id, **NO_LEAD)

    told = of_message(client, message_id)

    assert [(one["by"], one["kind"], one["labels"]) for one in told["feedback"]] == [
        ("ana", "not_a_lead", None),
        ("ana", "wrong_label", ["support"]),
        ("ben", "wrong_label", ["demo_request"]),
        ("ana", "wrong_label", ["support"]),
    ]
    assert told["counts"] == told["feedback"][1]
    assert told["counts"]["created_at"] == "2026-11-25T12:03:00.123456Z"


def test_feedback_on_a_message_is_given_in_pages(client, clock, message_id):
    for number in range(3):
        clock.advance(60)
        say(client, message_id, kind="not_a_lead", by=f"person {number}")

    first = of_message(client, message_id, limit=2)
    second = of_message(client, message_id, limit=2, before=first["before"])

    assert [one["by"] for one in first["feedback"]] == ["person 2", "person 1"]
    assert [one["by"] for one in second["feedback"]] == ["person 0"]
    assert (second["before"], second["counts"]) == (None, None)


@pytest.mark.parametrize("message_id", [UNKNOWN_ID, "x"])
def test_there_is_no_feedback_on_a_message_that_is_not_there(client, message_id):
    answer = client.get(f"/v1/messages/{message_id}/feedback")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_no_label_at_all_means_other(database, client, message_id):
    say(client, message_id, **WRONG, labels=[])

    assert feedback_of(database) == [("wrong_label", ("other",), "ana")]


def test_a_message_that_somebody_took_stays_taken(database, client, message_id):
    take(client, message_id, by="ben")

    answer = say(client, message_id, **NO_LEAD)

    assert answer.json()["reply"]["settled_by"] == "ben"
    assert settled(database, message_id) == (ACKNOWLEDGED, "ben")
    assert feedback_of(database) == [("not_a_lead", None, "ana")]


def test_feedback_needs_no_clock(database, client):
    answer = say(client, store(database, clock=False), **WRONG, labels=["support"])

    assert (answer.status_code, answer.json()["reply"]) == (200, None)


def test_feedback_is_listed_in_pages_newest_first(database, client, clock):
    for number in range(5):
        clock.advance(3_600)
        say(client, store(database), kind="not_a_lead", by=f"person {number}")

    def page(**query):
        answer = client.get("/v1/feedback", params=query)
        FeedbackPage.model_validate_json(answer.content, strict=True, extra="forbid")
        return answer.json()

    first = page(limit=3)
    second = page(limit=3, before=first["before"])
    assert [one["by"] for one in first["feedback"]] == ["person 4", "person 3", "person 2"]
    assert [one["by"] for one in second["feedback"]] == ["person 1", "person 0"]
    assert second["before"] is None
    late = page(since=(START + 4 * HOUR).isoformat())["feedback"]
    assert [one["by"] for one in late] == ["person 4", "person 3"]


@pytest.mark.parametrize("query", ["since=yesterday", "before=fb_1", "limit=0", "x=1"])
def test_a_page_that_does_not_fit_is_refused(client, query):
    assert client.get(f"/v1/feedback?{query}").status_code == 422


@pytest.mark.parametrize(
    ("call", "examples"),
    [("acknowledge", ACKNOWLEDGE_EXAMPLES), ("feedback", FEEDBACK_EXAMPLES)],
)
def test_the_examples_of_the_description_work(client, message_id, call, examples):
    path = f"/v1/messages/{message_id}/{call}"

    answers = [client.post(path, json=example["value"]) for example in examples.values()]

    assert [answer.status_code for answer in answers] == [200] * len(examples)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", f"/v1/messages/{UNKNOWN_ID}/acknowledge", "messages:write"),
        ("POST", f"/v1/messages/{UNKNOWN_ID}/feedback", "messages:write"),
        ("GET", "/v1/feedback", "messages:read"),
        ("GET", f"/v1/messages/{UNKNOWN_ID}/feedback", "messages:read"),
        ("GET", "/v1/review", "messages:read"),
    ],
)
def test_each_call_needs_its_scope(api, method, path, scope):
    without = api.add_key("classify", "metrics", number=1)
    granted = api.add_key(scope, number=2)
    body = {"json": NO_LEAD if "feedback" in path else {"by": "ana"}} if method == "POST" else {}

    answers = [api.client(key=key).request(method, path, **body) for key in (without, granted)]

    assert [answer.status_code for answer in answers] == [403, 404 if UNKNOWN_ID in path else 200]

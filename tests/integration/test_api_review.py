from dataclasses import replace
from datetime import timedelta

import pytest
from support import DECISION, START, a_message
from support_api import running_api
from support_predict import predict_by_word

from app.api.review import ReviewAnswer
from app.domain import Facts, Feedback, FeedbackKind, new_id
from app.replies import feedback as replies
from app.replies.reviewing import ABSTAINED, enter, kind_of
from app.routing.aside import set_aside
from app.routing.loading import load_policy
from app.storage import messages, review

ZERO = {"demo_request": 0.0, "pricing": 0.0, "support": 0.0, "churn_risk": 0.0, "other": 0.0}


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


@pytest.fixture
def client(api):
    return api.client()


@pytest.fixture
def wait(database):
    """Let a message wait, whose one label, or none, came so near to a threshold; give its id."""

    def wait(margin, label=None):
        message_id = new_id("msg", START)
        intents = {**ZERO, **({label: 0.9} if label else {})}
        labels = [label] if label else []
        said = {"model_version": "v1", "intents": intents, "labels": labels}
        with database.write() as conn:
            messages.add(conn, a_message(id=message_id), prediction=said, decision=DECISION)
            review.add(conn, message_id, kind=kind_of(intents, labels), margin=margin)
        return message_id

    return wait


@pytest.fixture
def tell(database):
    """Say what a message asks for, or only that its labels are wrong."""

    def tell(message_id, *labels, at=START, kind=FeedbackKind.WRONG_LABEL):
        said = Feedback(
            id=new_id("fb", at),
            message_id=message_id,
            kind=kind,
            labels=labels or None,
            given_by="ana",
            created_at=at,
        )
        with database.write() as conn:
            replies.note(conn, said, policy=load_policy(None, known_intents=None), now=at)

    return tell


def ids(client, **query):
    answer = client.get("/v1/review", params=query)
    assert answer.status_code == 200, answer.text
    return [one["message_id"] for one in answer.json()["review"]]


def walked(client, **query):
    """The ids of every page, from the first to the last."""
    found, after = [], None
    while True:
        page = client.get("/v1/review", params={**query, **({"after": after} if after else {})})
        found += [one["message_id"] for one in page.json()["review"]]
        after = page.json()["after"]
        if after is None:
            return found


def test_a_message_that_came_in_waits_with_what_the_model_said(client):
    sent = {"channel": "sms", "subject": "Hm", "text": "What is the price?"}
    message_id = client.post("/v1/messages", json=sent).json()["id"]

    answer = client.get("/v1/review")

    (one,) = answer.json()["review"]
    assert (one["message_id"], one["kind"], one["margin"]) == (message_id, "pricing", 0.21)
    assert (one["subject"], one["excerpt"], one["channel"]) == ("Hm", sent["text"], "sms")
    assert one["prediction"]["labels"] == ["pricing"]
    ReviewAnswer.model_validate_json(answer.content, strict=True, extra="forbid")


def test_the_nearer_to_a_threshold_the_earlier(client, wait):
    far, near, middle = wait(0.4, "pricing"), wait(0.01, "support"), wait(0.2, "pricing")

    assert ids(client) == [near, middle, far]


def test_what_got_no_label_comes_before_what_got_one(client, wait):
    labelled, abstained, nearest = wait(0.1, "pricing"), wait(0.3), wait(0.01, "pricing")

    assert ids(client) == [nearest, abstained, labelled]
    assert ids(client, kind=ABSTAINED) == [abstained]


def test_the_kind_that_people_find_wrong_comes_first(client, wait, tell):
    right, wrong = wait(0.1, "pricing"), wait(0.2, "support")
    for _ in range(8):
        tell(wait(0.3, "support"), "churn_risk")
        tell(wait(0.3, "pricing"), "pricing", kind=FeedbackKind.RIGHT_LABEL)

    answer = client.get("/v1/review").json()

    assert [one["message_id"] for one in answer["review"]] == [wrong, right]
    assert answer["kinds"] == [
        {"kind": "pricing", "told": 8, "wrong": 0, "weight": 0.9},
        {"kind": "support", "told": 8, "wrong": 8, "weight": 0.1},
    ]


@pytest.mark.parametrize(
    ("labels", "kind", "waits"),
    [
        (("support",), FeedbackKind.WRONG_LABEL, False),
        (("pricing",), FeedbackKind.RIGHT_LABEL, False),
        ((), FeedbackKind.WRONG_LABEL, True),
        ((), FeedbackKind.NOT_A_LEAD, True),
    ],
)
def test_a_message_waits_until_somebody_says_what_it_asks_for(
    client, wait, tell, labels, kind, waits
):
    message_id = wait(0.2, "pricing")

    tell(message_id, *labels, kind=kind)

    assert ids(client) == ([message_id] if waits else [])


def test_what_is_wrong_and_nobody_said_how_comes_first_of_all(client, wait, tell):
    near, disputed = wait(0.001), wait(0.4, "pricing")

    tell(disputed)

    assert ids(client) == [disputed, near]


def test_pages_give_every_message_once_in_the_order_of_the_whole(client, wait, tell):
    labels = (None, "pricing", "support", "other")
    for number in range(48):
        wait(round((number * 7 % 12) / 30, 4), labels[number % 4])
    for _ in range(3):
        tell(wait(0.5, "support"), "pricing")

    whole = ids(client, limit=200)

    assert len(whole) == 48
    assert [walked(client, limit=limit) for limit in (1, 5, 48)] == [whole] * 3
    assert walked(client, limit=3, kind="pricing") == ids(client, kind="pricing")


def test_what_is_said_meanwhile_moves_no_page(client, clock, wait, tell):
    waiting = [wait(0.01 * number, ("pricing", "support")[number % 2]) for number in range(1, 9)]
    whole = ids(client)
    first = client.get("/v1/review", params={"limit": 4}).json()
    clock.advance(60)
    for message_id in whole[:4]:
        tell(message_id, "other", at=clock.now)

    second = ids(client, after=first["after"])

    assert whole[:4] + second == whole == waiting


def test_machine_mail_and_what_no_threshold_was_applied_to_does_not_wait(database):
    policy = load_policy(None, known_intents=None)
    (said,) = predict_by_word(["price"])
    counted = said.with_thresholds(dict.fromkeys(said.intents, 0.5))
    aside = set_aside(Facts(automated="bounce"), policy)
    with database.write() as conn:
        enter(conn, "msg_1", counted, aside)
        enter(conn, "msg_2", said, replace(aside, rule="pricing"))

        assert review.kinds(conn) == ()


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "x=1",
        "after=x",
        "after=1~2~3~4",
        "after=99999999999999999~0.1~msg_1",
        "after=1~0.1~Ä",
    ],
)
def test_a_page_that_does_not_fit_is_refused(client, query):
    answer = client.get(f"/v1/review?{query}")

    assert answer.status_code == 422
    assert answer.json()["code"] in ("invalid", "bad_cursor")


def test_words_of_long_ago_are_not_counted(client, wait, tell, monkeypatch):
    monkeypatch.setattr("app.replies.reviewing.LOOKED_AT", 2)
    wait(0.1, "pricing")
    for number in range(4):
        tell(wait(0.2, "pricing"), "other", at=START - timedelta(hours=number))

    (kind,) = client.get("/v1/review").json()["kinds"]

    assert (kind["told"], kind["wrong"]) == (2, 2)

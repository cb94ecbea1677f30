import threading

import pytest
from support import race
from support_api import MESSAGE, NOTHING_STORED, running_api, until
from support_predict import predict_by_word

from app.api.answer_schemas import ClassifyAnswer
from app.storage.engine import open_database, sqlite_url


class Held:
    """A model that answers when it is let go."""

    def __init__(self):
        self.entered = threading.Event()
        self.let_go = threading.Event()
        self.seen = []

    def __call__(self, texts):
        self.seen.extend(texts)
        self.entered.set()
        self.let_go.wait(timeout=30)
        return predict_by_word(texts)


@pytest.fixture
def held():
    held = Held()
    yield held
    held.let_go.set()


@pytest.fixture
def database(sqlite_file):
    database = open_database(sqlite_url(sqlite_file))
    yield database
    database.close()


@pytest.fixture
def api(database, clock, tmp_path):
    with running_api(database, clock, data_dir=tmp_path) as api:
        yield api


def test_one_message_gets_a_list_of_one_and_nothing_is_stored(api):
    reply = api.client().post("/v1/classify", json=MESSAGE)

    (prediction,) = predict_by_word(["Pricing What is the price, and may we see a demo today?"])
    assert (reply.status_code, reply.json()) == (200, {"predictions": [prediction.as_dict()]})
    assert api.stored() == NOTHING_STORED
    ClassifyAnswer.model_validate(reply.json(), strict=True, extra="forbid")


def test_256_messages_are_answered_in_their_order(api):
    words = ["demo", "price", "broken", "cancel", "thanks"]
    texts = [f"{words[n % 5]} {n}" for n in range(256)]

    reply = api.client().post("/v1/classify", json={"messages": [{"text": t} for t in texts]})

    assert reply.json() == {"predictions": [one.as_dict() for one in predict_by_word(texts)]}


def test_the_subject_is_read_too(api):
    body = {"messages": [{"subject": "demo", "text": "x"}, {"text": "x"}]}

    first, second = api.client().post("/v1/classify", json=body).json()["predictions"]

    assert (first["labels"], second["labels"]) == (["demo_request"], [])


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/messages"])
def test_a_model_that_is_late_is_not_waited_for(database, clock, tmp_path, held, path):
    with running_api(
        database, clock, data_dir=tmp_path, predict=held, predict_timeout_s=0.05
    ) as api:
        reply = api.client().post(path, json=MESSAGE)
        held.let_go.set()

        assert (reply.status_code, reply.json()["code"]) == (503, "prediction_late")
        assert reply.headers["retry-after"] == "1"
        assert api.stored() == NOTHING_STORED


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/messages"])
def test_what_nobody_waits_for_any_more_is_not_asked_of_the_model(
    database, clock, tmp_path, held, path
):
    with running_api(
        database, clock, data_dir=tmp_path, predict=held, predict_timeout_s=0.05
    ) as api:
        first = api.batcher.submit(["in hand"])
        held.entered.wait(timeout=10)
        api.client().post(path, json=MESSAGE)
        last = api.batcher.submit(["last"])
        held.let_go.set()
        first.result(timeout=10)
        last.result(timeout=10)

        assert held.seen == ["in hand", "last"]


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/messages"])
def test_a_full_queue_refuses_at_once_and_says_when_to_come_back(
    database, clock, tmp_path, held, path
):
    options = {"data_dir": tmp_path, "predict": held, "max_waiting": 1, "max_batch": 1}
    with running_api(database, clock, **options) as api:
        api.batcher.submit(["in hand"])
        held.entered.wait(timeout=10)
        api.batcher.submit(["waits"])
        reply = api.client().post(path, json=MESSAGE)
        held.let_go.set()

        assert (reply.status_code, reply.json()["code"]) == (503, "overloaded")
        assert int(reply.headers["retry-after"]) >= 1
        assert api.stored() == NOTHING_STORED


def test_more_messages_than_two_batches_are_refused_while_livez_answers(
    database, clock, tmp_path, held
):
    options = {"data_dir": tmp_path, "predict": held, "max_batch": 2}
    with running_api(database, clock, **options) as api, api.client() as client:
        posts = [
            threading.Thread(target=lambda: client.post("/v1/messages", json=MESSAGE))
            for _ in range(4)
        ]
        for post in posts:
            post.start()
        assert until(lambda: api.app.state.intake_admission.running == 4)

        refused = client.post("/v1/messages", json=MESSAGE)
        alive = client.get("/livez")
        held.let_go.set()
        for post in posts:
            post.join(timeout=30)

        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert alive.status_code == 200
        assert api.stored()["messages"] == 4
        assert client.post("/v1/messages", json=MESSAGE).status_code == 201


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/messages"])
def test_a_model_that_fails_is_our_fault_and_says_nothing(database, clock, tmp_path, path):
    def failing(texts):
        raise RuntimeError(f"canary: {texts}")

    with running_api(database, clock, data_dir=tmp_path, predict=failing) as api:
        reply = api.client().post(path, json=MESSAGE)

    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert "canary" not in reply.text


def test_racing_calls_each_get_their_own_answer(api):
    words = ["demo", "price", "broken", "cancel"]
    with api.client() as client:
        replies = race(
            16, lambda n: client.post("/v1/classify", json={"text": f"{words[n % 4]} {n}"})
        )

    expected = predict_by_word([f"{words[n % 4]} {n}" for n in range(16)])
    assert [reply.json()["predictions"] for reply in replies] == [
        [one.as_dict()] for one in expected
    ]

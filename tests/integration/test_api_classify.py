import json
import threading

import pytest
import structlog
from support import race
from support_api import MESSAGE, NOTHING_STORED, running_api, until
from support_predict import predict_by_word

from app.api.answer_schemas import ClassifyAnswer
from app.api.classify import MAX_EXPLAINED
from app.errors import Overloaded
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


def test_a_full_queue_refuses_before_a_body_is_read_word_by_word(database, clock, tmp_path, held):
    options = {"data_dir": tmp_path, "predict": held, "max_waiting": 1, "max_batch": 1}
    with running_api(database, clock, **options) as api:
        api.batcher.submit(["in hand"])
        held.entered.wait(timeout=10)
        api.batcher.submit(["waits"])
        unread = api.client().post(
            "/v1/classify", content=b"{", headers={"Content-Type": "application/json"}
        )
        held.let_go.set()

        assert (unread.status_code, unread.json()["code"]) == (503, "overloaded")


@pytest.fixture
def full(database, clock, tmp_path):
    """A service whose model has no room."""
    with running_api(database, clock, data_dir=tmp_path, max_body_bytes=4_096) as api:
        api.rebuild(check_room=no_room, body_deadline_s=0.2)
        yield api


def no_room():
    raise Overloaded("no room", retry_after_s=7)


def test_a_full_service_refuses_whoever_asks_and_keeps_the_connection(full):
    reply = full.client().post("/v1/classify", json=MESSAGE)

    assert (reply.status_code, reply.json()["code"]) == (503, "overloaded")
    assert reply.headers["retry-after"] == "7"
    assert reply.headers["x-request-id"] == reply.json()["request_id"]
    assert "connection" not in reply.headers


def test_a_full_service_counts_what_it_refuses_under_its_path(full):
    full.client().post("/v1/classify", json=MESSAGE)

    counted = full.client().get("/metrics").text
    assert 'route="/v1/classify",status="503"' in counted


def test_a_full_service_writes_no_line_for_each_of_many_refusals(full):
    with structlog.testing.capture_logs() as lines:
        full.posted("/v1/classify", [json.dumps(MESSAGE).encode()] * 50)

    assert [(line["event"], line["code"]) for line in lines] == [("request", "overloaded")]
    assert 'status="503"} 50.0' in full.client().get("/metrics").text


def test_a_full_service_still_says_that_a_body_is_too_large(full):
    reply = full.client().post("/v1/classify", json={"text": "x" * 5_000})

    assert (reply.status_code, reply.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/v1/messages", "/livez", "/v1/classify/"])
def test_a_full_service_answers_other_addresses_as_ever(full, path):
    reply = full.client().post(path, json=MESSAGE)

    assert reply.status_code == {"/v1/messages": 201, "/livez": 405}.get(path, 404)


def test_more_messages_than_eight_passes_hold_are_refused_while_livez_answers(
    database, clock, tmp_path, held
):
    options = {"data_dir": tmp_path, "predict": held, "max_batch": 1}
    with running_api(database, clock, **options) as api, api.client() as client:
        posts = [
            threading.Thread(target=lambda: client.post("/v1/messages", json=MESSAGE))
            for _ in range(8)
        ]
        for post in posts:
            post.start()
        assert until(lambda: api.app.state.intake_admission.running == 8)

        refused = client.post("/v1/messages", json=MESSAGE)
        alive = client.get("/livez")
        held.let_go.set()
        for post in posts:
            post.join(timeout=30)

        assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert alive.status_code == 200
        assert api.stored()["messages"] == 8
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


# The sentence that carries each label

TWO = {"subject": "Hello", "text": "Hi!\n\nWhat is the price? We are forty.\n- May we see a demo?"}


def evidence_of(reply):
    return [
        {label: one["sentence"] for label, one in prediction["evidence"].items()}
        for prediction in reply.json()["predictions"]
    ]


def test_each_label_is_explained_where_that_is_asked_for(api):
    reply = api.client().post("/v1/classify?explain=true", json=TWO)

    (prediction,) = reply.json()["predictions"]
    assert reply.status_code == 200
    assert evidence_of(reply) == [
        {"demo_request": "May we see a demo?", "pricing": "What is the price?"}
    ]
    for one in prediction["evidence"].values():
        assert TWO[one["field"]][one["start"] : one["end"]] == one["sentence"]
    plain = api.client().post("/v1/classify", json=TWO).json()["predictions"][0]
    assert {name: value for name, value in prediction.items() if name != "evidence"} == plain
    assert api.stored() == NOTHING_STORED
    ClassifyAnswer.model_validate(reply.json(), strict=True, extra="forbid")


@pytest.mark.parametrize("query", ["", "?explain=false"])
def test_nothing_is_explained_unless_asked_for(api, query):
    (prediction,) = api.client().post(f"/v1/classify{query}", json=TWO).json()["predictions"]

    assert "evidence" not in prediction


def test_an_answer_that_abstains_explains_what_is_most_probable(api):
    reply = api.client().post("/v1/classify?explain=true", json={"text": "Hello. Fine weather!"})

    assert list(evidence_of(reply)[0]) == ["other"]


def test_several_messages_are_explained_in_their_order(api):
    texts = [f"Hello {n}. The {word} {n}?" for n, word in enumerate(["demo", "price"] * 8)]
    assert len(texts) == MAX_EXPLAINED

    reply = api.client().post(
        "/v1/classify?explain=true", json={"messages": [{"text": text} for text in texts]}
    )

    assert [next(iter(found.values())) for found in evidence_of(reply)] == [
        text.partition(". ")[2] for text in texts
    ]


def test_more_messages_than_can_be_explained_are_refused(api):
    body = {"messages": [{"text": "demo"}] * (MAX_EXPLAINED + 1)}

    reply = api.client().post("/v1/classify?explain=1", json=body)

    assert (reply.status_code, reply.json()["code"]) == (422, "too_many")
    assert reply.json()["errors"][0]["path"] == "messages"
    assert api.client().post("/v1/classify", json=body).status_code == 200


@pytest.mark.parametrize("query", ["explain=perhaps", "explian=true"])
def test_a_parameter_that_is_not_known_is_refused_without_repeating_it(api, query):
    reply = api.client().post(f"/v1/classify?{query}", json=TWO)

    assert reply.status_code == 422
    assert "perhaps" not in reply.text


def test_an_explanation_that_cannot_be_had_now_is_refused(api):
    def refuse(_messages):
        raise Overloaded("no time")

    api.rebuild(explain=refuse)

    reply = api.client().post("/v1/classify?explain=true", json=TWO)

    assert (reply.status_code, reply.json()["code"]) == (503, "overloaded")
    assert reply.headers["retry-after"] == "1"
    assert api.client().post("/v1/classify", json=TWO).status_code == 200


def test_the_loop_answers_while_explanations_run_and_no_more_are_begun(api):
    entered, let_go = threading.Semaphore(0), threading.Event()

    def hold(messages):
        entered.release()
        let_go.wait(timeout=30)
        return [{} for _ in messages]

    api.rebuild(explain=hold)
    with api.client() as client:
        replies = []
        posts = [
            threading.Thread(
                target=lambda: replies.append(client.post("/v1/classify?explain=true", json=TWO))
            )
            for _ in range(2)
        ]
        for post in posts:
            post.start()
        for _ in posts:
            assert entered.acquire(timeout=10)

        refused = client.post("/v1/classify?explain=true", json=TWO)
        plain = client.post("/v1/classify", json=TWO)
        let_go.set()
        for post in posts:
            post.join(timeout=30)

    assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
    assert plain.status_code == 200
    assert [reply.status_code for reply in replies] == [200, 200]


def test_the_model_is_run_by_the_batchers_thread_alone(database, clock, tmp_path):
    threads = set()

    def predict(texts):
        threads.add(threading.current_thread().name)
        return predict_by_word(texts)

    with running_api(database, clock, data_dir=tmp_path, predict=predict) as api:
        api.client().post("/v1/classify?explain=true", json=TWO)

    assert threads == {"batcher"}


@pytest.mark.parametrize("unit", ["a", ".", "\n", "a. ", "price "], ids=ascii)
def test_hostile_text_is_explained_in_bounded_time(api, unit):
    text = unit * (api.settings.max_text_chars // len(unit) - 1) + "x"

    reply = api.client().post("/v1/classify?explain=true", json={"text": text})

    (found,) = [one["evidence"] for one in reply.json()["predictions"]]
    assert reply.status_code == 200
    assert all(len(one["sentence"]) <= 300 for one in found.values())


def test_a_channel_with_thresholds_of_its_own_counts_by_them(api):
    texts = [{"text": "hello", "channel": channel} for channel in ("email", "sms")]

    reply = api.client().post("/v1/classify", json={"messages": texts})

    by_mail, by_sms = reply.json()["predictions"]
    assert (by_mail["labels"], by_mail["abstained_because"]) == ([], "low_confidence")
    assert (by_sms["labels"], by_sms["abstained_because"]) == (["other"], None)


def test_a_stored_message_counts_by_its_channel_too(api):
    reply = api.client().post("/v1/messages", json={"text": "hello", "channel": "sms"})

    assert reply.json()["prediction"]["labels"] == ["other"]

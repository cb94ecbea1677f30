import base64
import json
import random
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import dialogflow
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Told, Unreadable

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(auth="dialogflow:correct horse", secret="battery staple")
PROOF = "Basic " + base64.b64encode(b"dialogflow:correct horse").decode()
SESSION = "projects/shop/locations/global/agents/a1/sessions/s1"
TURN = {
    "detectIntentResponseId": "5d1c0c6e-0000-4000-8000-000000000001",
    "text": "Can we move from the starter plan to yours?",
    "languageCode": "en",
    "intentInfo": {"displayName": "switch", "confidence": 0.71},
    "pageInfo": {"displayName": "Start Page"},
    "sessionInfo": {
        "session": SESSION,
        "parameters": {"email": "ada@example.com", "name": "Ada Byron", "seats": 40.0},
    },
    "fulfillmentInfo": {"tag": "inlet"},
    "messages": [{"text": {"text": ["Hello"]}, "channel": ""}],
    "somethingNew": [1],
}
ES_SESSION = "projects/shop/agent/sessions/s1"
ES_TURN = {
    "responseId": "5d1c0c6e-0000-4000-8000-000000000002",
    "session": ES_SESSION,
    "queryResult": {
        "queryText": "Can we move from the starter plan to yours?",
        "languageCode": "en",
        "parameters": {"email": "ada@example.com", "name": ""},
        "intent": {"displayName": "switch"},
        "intentDetectionConfidence": 0.71,
    },
    "originalDetectIntentRequest": {"payload": {}},
}
TOLD = Told(
    message_id="msg_1",
    prediction={
        "labels": ["switch_provider"],
        "primary": "switch_provider",
        "confidence": 0.88,
        "abstained": False,
    },
    decision={"route": "sales", "rule": "switches", "reasons": ["switch_provider 0.88"]},
    handover=True,
)


def a_post(body=TURN, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(url="https://x", query={}, headers=headers, body=raw, received_at=NOW)


def read(**changed):
    (item,) = dialogflow.read(a_post({**TURN, **changed}))
    return item


def read_es(**changed):
    (item,) = dialogflow.read_es(a_post({**ES_TURN, **changed}))
    return item


@pytest.mark.parametrize("headers", [{"authorization": PROOF}, {"x-inlet-token": "battery staple"}])
def test_a_password_or_a_token_proves_the_agent(headers):
    dialogflow.verify(a_post(**headers), KEYS)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": PROOF[:-4]},
        {"authorization": f"{PROOF}, {PROOF}"},
        {"authorization": PROOF.replace("Basic", "Bearer")},
        {"authorization": "Bearer battery staple"},
        {"authorization": "Basic " + base64.b64encode(b"battery staple").decode()},
        {"x-inlet-token": ""},
        {"x-inlet-token": "dialogflow:correct horse"},
        {"x-inlet-token": "battery staple "},
    ],
)
def test_any_other_proof_is_refused_and_not_repeated(headers):
    with pytest.raises(NotAuthentic) as caught:
        dialogflow.verify(a_post(**headers), KEYS)

    assert str(caught.value) == "the user name, the password or the token is wrong"


@pytest.mark.parametrize("keys", [Keys(), Keys(auth="", secret=""), Keys(auth="nocolon")])
def test_without_keys_of_ours_nobody_is_let_in(keys):
    for proof in (
        {},
        {"authorization": "Basic "},
        {"x-inlet-token": ""},
        {"x-inlet-token": "None"},
    ):
        with pytest.raises(NotAuthentic):
            dialogflow.verify(a_post(**proof), keys)


def test_a_token_that_is_not_set_opens_nothing():
    with pytest.raises(NotAuthentic):
        dialogflow.verify(a_post(**{"x-inlet-token": ""}), Keys(auth="dialogflow:correct horse"))


def test_a_turn_of_cx_is_read():
    assert read() == Received(
        external_id="5d1c0c6e-0000-4000-8000-000000000001",
        channel=Channel.CHAT,
        sender=Sender("ada@example.com", "Ada Byron"),
        text="Can we move from the starter plan to yours?",
        thread_id=SESSION,
    )


def test_what_was_spoken_is_read_from_the_transcript():
    spoken = {key: value for key, value in TURN.items() if key != "text"}

    (item,) = dialogflow.read(a_post({**spoken, "transcript": "we need forty seats"}))

    assert item.text == "we need forty seats"


@pytest.mark.parametrize("parameters", [None, {}, [], {"email": {"a": 1}, "name": 5}])
def test_parameters_of_any_type_are_borne(parameters):
    assert read(sessionInfo={"session": SESSION, "parameters": parameters}).sender == Sender()


@pytest.mark.parametrize(
    "turn",
    [{"triggerEvent": "welcome"}, {"triggerIntent": "i"}, {"dtmfDigits": "12"}, {"text": ""}],
)
def test_a_turn_without_words_is_ignored(turn):
    silent = {key: value for key, value in TURN.items() if key != "text"}

    assert dialogflow.read(a_post({**silent, **turn})) == (Ignored(reason="no_text"),)


def test_a_turn_without_an_id_is_still_read():
    assert read(detectIntentResponseId=None).external_id is None


def test_a_turn_of_es_is_read():
    assert read_es() == Received(
        external_id="5d1c0c6e-0000-4000-8000-000000000002",
        channel=Channel.CHAT,
        sender=Sender("ada@example.com", None),
        text="Can we move from the starter plan to yours?",
        thread_id=ES_SESSION,
    )


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"\xff", {}, {"text": "hello"}, ES_TURN])
def test_what_is_no_turn_of_cx_is_unreadable(body):
    with pytest.raises(Unreadable):
        dialogflow.read(a_post(body))


@pytest.mark.parametrize("body", [b"", b"[]", {}, {"session": "s"}, {"queryResult": {}}, TURN])
def test_what_is_no_turn_of_es_is_unreadable(body):
    with pytest.raises(Unreadable):
        dialogflow.read_es(a_post(body))


@pytest.mark.parametrize(
    ("reader", "turn"), [(dialogflow.read, TURN), (dialogflow.read_es, ES_TURN)]
)
def test_five_hundred_mutations_are_read_or_unreadable(reader, turn):
    rng = random.Random(43)
    body = json.dumps(turn).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        with suppress(Unreadable):
            reader(a_post(bytes(mutant)))


def test_cx_gets_parameters_of_its_session():
    reply = dialogflow.answer(TOLD)

    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {
        "sessionInfo": {
            "parameters": {
                "lead_intent": "switch_provider",
                "lead_confidence": 0.88,
                "lead_route": "sales",
                "lead_handover": True,
            }
        }
    }


def test_es_passes_the_values_on():
    assert json.loads(dialogflow.answer_es(TOLD).body) == {
        "payload": {
            "lead_intent": "switch_provider",
            "lead_confidence": 0.88,
            "lead_route": "sales",
            "lead_handover": True,
        }
    }


def test_a_turn_without_words_changes_nothing():
    assert dialogflow.SOURCE.taken.body == dialogflow.ES_SOURCE.taken.body == b"{}"

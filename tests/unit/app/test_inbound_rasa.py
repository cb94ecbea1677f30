import json
import random
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from app.domain import Channel, Sender
from app.inbound.chat import rasa
from app.inbound.values import Ignored, Keys, NotAuthentic, Post, Received, Told, Unreadable
from models.prediction import Prediction

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
KEYS = Keys(secret="correct horse")
SAID = "We must leave our provider by May. Can you take us?"
USER_EVENT = {
    "event": "user",
    "timestamp": 1_795_607_880.25,
    "text": SAID,
    "input_channel": "rest",
    "message_id": "0f9b",
    "parse_data": {"text": SAID, "intent": {"name": "switch", "confidence": 0.7}, "entities": []},
}
CALL = {
    "next_action": "action_inlet",
    "sender_id": "visit-81",
    "tracker": {
        "sender_id": "visit-81",
        "slots": {"email": "ada@example.com", "name": "Ada Byron", "lead_handover": None},
        "latest_message": {
            "text": SAID,
            "message_id": "0f9b",
            "intent": {"name": "switch", "confidence": 0.7},
            "intent_ranking": [{"name": "switch", "confidence": 0.7}],
            "entities": [],
            "metadata": {},
        },
        "latest_event_time": 1_795_607_880.5,
        "latest_input_channel": "rest",
        "events": [
            {"event": "action", "name": "action_session_start", "timestamp": 1_795_607_800.0},
            {"event": "user", "text": "hi", "message_id": "0f9a", "timestamp": 1_795_607_801.0},
            {"event": "bot", "text": "Hello", "timestamp": 1_795_607_802.0},
            USER_EVENT,
            {"event": "slot", "name": "x", "value": None, "timestamp": 1_795_607_880.5},
        ],
        "active_loop": {},
        "paused": False,
    },
    "domain": {"intents": ["switch"], "actions": ["action_inlet"]},
    "version": "3.6.21",
}


def a_post(body=CALL, *, token=None, authorization=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    query = {} if token is None else {"token": token}
    headers = {} if authorization is None else {"authorization": authorization}
    return Post(url="https://x", query=query, headers=headers, body=raw, received_at=NOW)


def read(**changed):
    (item,) = rasa.read(a_post({**CALL, "tracker": {**CALL["tracker"], **changed}}))
    return item


def said(text):
    return read(latest_message={"text": text, "message_id": "0f9b"})


def a_prediction(*labels, readable=True, **intents):
    return Prediction(
        intents=intents,
        labels=labels,
        signals={},
        model_version="test",
        language="en",
        truncated=False,
        readable=readable,
    )


def told(*, abstained=False):
    return Told(
        message_id="msg_1",
        prediction={
            "labels": [] if abstained else ["switch_provider"],
            "primary": "switch_provider",
            "confidence": 0.88,
            "abstained": abstained,
        },
        decision={"route": "sales", "rule": "switches", "reasons": ["switch_provider 0.88"]},
        handover=not abstained,
    )


@pytest.mark.parametrize(
    "proof",
    [
        {"token": "correct horse"},
        {"authorization": "Bearer correct horse"},
        {"authorization": "bearer correct horse"},
        {"token": "correct horse", "authorization": "Bearer correct horse"},
        {"token": "correct horse", "authorization": "Basic cHJveHk6cGFzcw=="},
    ],
)
def test_the_token_is_taken_from_the_query_or_the_header(proof):
    rasa.verify(a_post(**proof), KEYS)


@pytest.mark.parametrize(
    "proof",
    [
        {},
        {"token": ""},
        {"token": "correct"},
        {"token": "correct horse "},
        {"token": "Correct horse"},
        {"token": "é" * 9},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "Basic correct horse"},
        {"authorization": "correct horse"},
        {"token": "correct horse", "authorization": "Bearer wrong"},
        {"token": "wrong", "authorization": "Bearer correct horse"},
    ],
)
def test_any_other_token_is_refused_and_not_repeated(proof):
    with pytest.raises(NotAuthentic) as caught:
        rasa.verify(a_post(**proof), KEYS)

    assert str(caught.value) == "the token is missing or wrong"


@pytest.mark.parametrize("ours", [None, ""])
def test_without_a_token_of_ours_nobody_is_let_in(ours):
    for proof in ({}, {"token": ""}, {"token": "None"}, {"authorization": "Bearer "}):
        with pytest.raises(NotAuthentic):
            rasa.verify(a_post(**proof), Keys(secret=ours))


def test_the_last_message_of_the_tracker_is_read():
    (item,) = rasa.read(a_post())

    assert item == Received(
        external_id="0f9b",
        channel=Channel.CHAT,
        sender=Sender("ada@example.com", "Ada Byron"),
        text=SAID,
        thread_id="visit-81",
        sent_at=datetime(2026, 11, 25, 11, 58, 0, 250_000, tzinfo=UTC),
    )


def test_a_tracker_without_events_is_enough():
    tracker = {"latest_message": {"text": SAID}}

    (item,) = rasa.read(a_post({"sender_id": "visit-81", "tracker": tracker}))

    assert item == Received(external_id=None, channel=Channel.CHAT, text=SAID, thread_id="visit-81")


def test_two_calls_in_one_turn_are_one_message_though_it_has_no_id():
    nameless = {**USER_EVENT, "message_id": None}
    first = read(latest_message={"text": SAID}, events=[nameless])
    second = read(latest_message={"text": SAID}, events=[nameless, {"event": "action"}])

    assert first.external_id == second.external_id == "visit-81/2026-11-25T11:58:00.250000+00:00"


@pytest.mark.parametrize("timestamp", [None, "now", -1, 0, 10**39, 1e300, [], {}])
def test_a_time_that_is_none_is_left_out(timestamp):
    assert read(events=[{**USER_EVENT, "timestamp": timestamp}]).sent_at is None


@pytest.mark.parametrize(
    ("name", "channel"),
    [("twilio", Channel.SMS), ("facebook", Channel.SOCIAL_DM), (None, Channel.CHAT)],
)
def test_the_input_channel_says_the_channel(name, channel):
    assert read(latest_input_channel=name).channel is channel


@pytest.mark.parametrize("text", [None, "", "  ", "\u200b", 5])
def test_a_turn_without_words_is_ignored(text):
    assert said(text) == Ignored(reason="no_text")
    assert read(latest_message=None) == Ignored(reason="no_text")


@pytest.mark.parametrize(
    "text",
    [
        "/greet",
        " /demo_request ",
        '/inform{"seats": 40, "plan": "team plan"}',
        '/inform@0.8{"a": "}"}',
        "/session_start",
        "/SetSlots(plan=team plan)",
        "EXTERNAL: remind_me",
    ],
)
def test_a_pressed_button_is_no_message(text):
    assert said(text) == Ignored(reason="bot_payload")


@pytest.mark.parametrize(
    "text", ["/ what does it cost?", "/s yes, very helpful", "EXTERNAL: a mail from my boss", "5/6"]
)
def test_a_sentence_with_a_slash_is_read(text):
    assert said(text).text == text


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"\xff", {}, {"sender_id": "a"}, {"tracker": CALL["tracker"]["events"]}],
)
def test_what_is_no_call_of_an_action_is_unreadable(body):
    with pytest.raises(Unreadable):
        rasa.read(a_post(body))


def test_five_hundred_mutations_are_read_or_unreadable():
    rng = random.Random(44)
    body = json.dumps(CALL).encode()
    for _ in range(500):
        mutant = bytearray(body)
        for _ in range(rng.randint(1, 6)):
            start = rng.randrange(len(mutant))
            piece = rng.choice([b"", b"\x00", b'"', b"[", b"}", b"\\ud800", b"null,", b"\xff"])
            mutant[start : start + rng.choice([0, 1, 20])] = piece
        for reader in (rasa.read, lambda post: rasa.parse_request(post.body)):
            with suppress(Unreadable):
                reader(a_post(bytes(mutant)))


def test_every_field_of_another_type_is_borne():
    for key in CALL["tracker"]:
        for value in (None, 5, True, [], {}, [[]], [None], [{"event": 5}], "\x00"):
            assert isinstance(read(**{key: value}), Received | Ignored)


def test_four_slots_are_set():
    reply = rasa.answer(told())

    assert (reply.status, reply.content_type) == (200, "application/json")
    assert json.loads(reply.body) == {
        "events": [
            {"event": "slot", "name": "lead_intent", "value": "switch_provider"},
            {"event": "slot", "name": "lead_confidence", "value": 0.88},
            {"event": "slot", "name": "lead_route", "value": "sales"},
            {"event": "slot", "name": "lead_handover", "value": True},
        ],
        "responses": [],
    }


def test_the_intent_s_slot_is_reset_where_the_model_abstained():
    events = json.loads(rasa.answer(told(abstained=True)).body)["events"]

    assert events[0] == {"event": "slot", "name": "lead_intent", "value": None}


def test_a_turn_without_words_changes_nothing():
    assert json.loads(rasa.SOURCE.taken.body) == {"events": [], "responses": []}


def test_the_text_to_parse_is_read_whatever_comes_with_it():
    body = b'{"text": "What does it cost?", "message_id": "visit-81", "token": null, "project": 1}'

    assert rasa.parse_request(body) == "What does it cost?"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"text": null}', b'{"text": " "}', b"\xff"])
def test_nothing_to_parse_is_unreadable(body):
    with pytest.raises(Unreadable):
        rasa.parse_request(body)


@pytest.mark.parametrize(
    ("body", "token"),
    [(b'{"text": "a", "token": "abc"}', "abc"), (b'{"token": null}', ""), (b"[]", "")],
)
def test_a_bot_s_token_stands_in_the_body(body, token):
    assert rasa.parse_token(body) == token


def test_what_counts_comes_first_in_the_ranking():
    prediction = a_prediction("pricing", other=0.2, demo_request=0.7, pricing=0.6)

    assert rasa.parse_answer("What does it cost?", prediction) == {
        "text": "What does it cost?",
        "intent": {"name": "pricing", "confidence": 0.6},
        "entities": [],
        "intent_ranking": [
            {"name": "pricing", "confidence": 0.6},
            {"name": "demo_request", "confidence": 0.7},
            {"name": "other", "confidence": 0.2},
        ],
    }


@pytest.mark.parametrize(("guess", "confidence"), [(0.25, 0.75), (0.5, 0.5), (0.75, 0.75)])
def test_an_unsure_message_is_a_fallback_with_the_guess_behind_it(guess, confidence):
    answer = rasa.parse_answer("hm", a_prediction(pricing=guess, other=0.125))

    assert answer["intent"] == {"name": "nlu_fallback", "confidence": confidence}
    assert answer["intent_ranking"] == [
        {"name": "nlu_fallback", "confidence": confidence},
        {"name": "pricing", "confidence": guess},
        {"name": "other", "confidence": 0.125},
    ]


def test_a_language_that_was_not_learnt_is_a_fallback():
    answer = rasa.parse_answer("hm", a_prediction(readable=False, pricing=0.9))

    assert answer["intent"]["name"] == "nlu_fallback"


def test_a_button_s_payload_names_its_intent_and_entities():
    text = '  /inform@0.5{"seats": 40, "plan": ["team", "solo"]} '

    assert rasa.parse_answer(text, a_prediction(other=0.9)) == {
        "text": '/inform@0.5{"seats": 40, "plan": ["team", "solo"]}',
        "intent": {"name": "inform", "confidence": 0.5},
        "entities": [
            {"entity": "seats", "value": 40, "start": 11, "end": 50},
            {"entity": "plan", "value": "team", "start": 11, "end": 50},
            {"entity": "plan", "value": "solo", "start": 11, "end": 50},
        ],
        "intent_ranking": [{"name": "inform", "confidence": 0.5}],
    }


@pytest.mark.parametrize(
    ("text", "confidence"),
    [("/greet", 1.0), ("/greet@0.25", 0.25), ("/greet@7", 1.0), ("/greet@1.2.3", 0.0)],
)
def test_a_payload_says_its_confidence(text, confidence):
    answer = rasa.parse_answer(text, a_prediction(other=0.9))

    assert answer["intent"] == {"name": "greet", "confidence": confidence}


@pytest.mark.parametrize("entities", ["{}", "{a}", '{"a": NaN}', '{"a": 1, "a": 2}', "{\ud800}"])
def test_entities_that_cannot_be_read_are_left_out(entities):
    answer = rasa.parse_answer(f"/greet{entities}", a_prediction(other=0.9))

    assert (answer["intent"]["name"], answer["entities"]) == ("greet", [])


@pytest.mark.parametrize("piece", ["a", "{", "}x", "{}", "@1", "1"])
def test_a_payload_is_told_in_linear_time(piece):
    for start in ("/", "/a{", "/a@", "/SetSlots(", "EXTERNAL: "):
        text = start + piece * (500_000 // len(piece)) + " "
        started_s = time.process_time()
        said(text)

        assert time.process_time() - started_s < 1.0

import json
from datetime import UTC, datetime, timedelta

import pytest
from support import START

from app.api.problems import InvalidInput
from app.api.reading import read_message, read_texts
from app.domain import Channel, Sender
from app.errors import Refused

FULL = {
    "text": "Was kostet das? 🙂",
    "subject": "Angebot",
    "channel": "chat",
    "sender": {"email": "ada@example.com", "name": "Ada Lovelace"},
    "thread_id": "thread-1",
    "message_id": "<1@example.com>",
    "received_at": "2026-11-25T12:59:57.5+01:00",
}


def read(body, *, max_text_chars=50):
    raw = json.dumps(body, ensure_ascii=False).encode()
    return read_message(raw, max_text_chars=max_text_chars, now=START)


def classify(body, *, max_text_chars=50):
    raw = json.dumps(body).encode()
    return [one.composed for one in read_texts(raw, max_text_chars=max_text_chars)]


def problems_of(read_body, body):
    with pytest.raises(InvalidInput) as refused:
        read_body(body)
    return refused.value.code, refused.value.problems


def test_a_message_is_read_whole():
    message = read(FULL)

    assert message.id.startswith("msg_")
    assert (message.text, message.subject) == (FULL["text"], "Angebot")
    assert (message.channel, message.source) == (Channel.CHAT, "api")
    assert message.sender == Sender("ada@example.com", "Ada Lovelace")
    assert (message.thread_id, message.external_id) == ("thread-1", "<1@example.com>")
    assert message.received_at == datetime(2026, 11, 25, 11, 59, 57, 500_000, tzinfo=UTC)
    assert message.received_at.tzinfo is UTC
    assert message.created_at == START


def test_a_text_alone_is_a_message():
    message = read({"text": "x"})

    assert (message.subject, message.channel, message.sender) == ("", Channel.EMAIL, Sender())
    assert (message.thread_id, message.external_id) == (None, None)
    assert message.received_at == START


@pytest.mark.parametrize("name", ["thread_id", "message_id", "received_at"])
def test_null_is_the_same_as_leaving_out(name):
    assert read({"text": "x", name: None}).received_at == START


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("2026-11-25T12:00:00Z", 0),
        ("2026-11-25t12:00:00z", 0),
        ("2026-11-25 12:00:00+00:00", 0),
        ("2026-11-25T12:00:00.25-00:00", 0.25),
        ("2026-11-25T12:00:00.123456789Z", 0.123456),
        ("2026-11-25T07:00:00-05:00", 0),
        ("2026-11-26T12:00:00Z", 86_400),
    ],
)
def test_an_instant_is_read_from_rfc_3339(written, seconds):
    noon = datetime(2026, 11, 25, 12, tzinfo=UTC)

    assert read({"text": "x", "received_at": written}).received_at == noon + timedelta(
        seconds=seconds
    )


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-25T12:00:00",
        "2026-11-25",
        "2026-W48-3T12:00:00Z",
        "2026-11-25T12:00:00+25:00",
        "2026-02-30T12:00:00Z",
        "2026-11-25T24:00:00Z",
        "2026-11-25T23:59:60Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "1969-12-31T23:59:59Z",
        "2026-11-27T12:00:00Z",
        "\uff12\uff10\uff12\uff16-11-25T12:00:00Z",
        "soon",
        "",
        1_764_072_000,
        1e9,
        True,
        {},
    ],
)
def test_what_is_no_instant_that_can_be_is_refused(written):
    code, problems = problems_of(read, {"text": "x", "received_at": written})

    assert (code, [path for path, _ in problems]) == ("invalid", ["received_at"])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"text": None}, "text"),
        ({"text": 1}, "text"),
        ({"text": True}, "text"),
        ({"text": ["x"]}, "text"),
        ({"subject": 1.0}, "subject"),
        ({"subject": None}, "subject"),
        ({"subject": "s" * 1_001}, "subject"),
        ({"channel": "fax"}, "channel"),
        ({"channel": "EMAIL"}, "channel"),
        ({"channel": 1}, "channel"),
        ({"sender": "ada@example.com"}, "sender"),
        ({"sender": {"email": "ada"}}, "sender.email"),
        ({"sender": {"email": "a b@example.com"}}, "sender.email"),
        ({"sender": {"email": "a@b\nBcc: c@d"}}, "sender.email"),
        ({"sender": {"email": "a" * 310 + "@example.com"}}, "sender.email"),
        ({"sender": {"name": "n" * 321}}, "sender.name"),
        ({"thread_id": ""}, "thread_id"),
        ({"thread_id": "a\nb"}, "thread_id"),
        ({"thread_id": "t" * 513}, "thread_id"),
        ({"message_id": "a\u2028b"}, "message_id"),
        ({"message_id": 12}, "message_id"),
    ],
)
def test_a_field_that_does_not_fit_is_named(change, path):
    code, problems = problems_of(read, {**FULL, **change})

    assert (code, [where for where, _ in problems]) == ("invalid", [path])


def test_a_message_without_text_is_refused():
    assert problems_of(read, {"subject": "x"}) == ("invalid", (("text", "Field required"),))


def test_an_unknown_field_is_told_by_its_place_and_not_by_its_name():
    unknown = ("has an unknown field",)

    assert problems_of(read, {**FULL, "__proto__": 1}) == ("extra", (("$", *unknown),))
    assert problems_of(read, {**FULL, "sender": {"phone": 1}}) == ("extra", (("sender", *unknown),))
    assert problems_of(classify, {"messages": [{"text": "x"}, {"text": "x", "a": 1, "b": 1}]}) == (
        "extra",
        (("messages[1]", *unknown),),
    )


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\u200b\ufeff", "\u00a0\u2003", "<br>", "\x1b\u202e"]
)
def test_a_text_that_shows_nothing_is_refused(text):
    empty = "holds nothing that a person could read"

    assert problems_of(read, {"text": text}) == ("empty_text", (("text", empty),))
    assert problems_of(classify, {"text": text, "subject": "x"}) == (
        "empty_text",
        (("text", empty),),
    )
    assert problems_of(classify, {"messages": [{"text": "x"}] * 3 + [{"text": text}]}) == (
        "empty_text",
        (("messages[3].text", empty),),
    )


def test_a_text_is_counted_in_characters():
    assert read({"text": "🙂" * 50}).text == "🙂" * 50
    assert problems_of(read, {"text": "🙂" * 51}) == (
        "text_too_long",
        (("text", "is longer than 50 characters"),),
    )


def test_texts_are_composed_in_their_order():
    body = {"messages": [{"text": f"text {n}", "subject": f"subject {n}"} for n in range(256)]}

    assert classify(body) == [f"subject {n} text {n}" for n in range(256)]
    assert classify({"text": " one\x00  text".replace("\x00", "")}) == ["one text"]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": []},
        {"messages": [{"text": "x"}] * 257},
        {"messages": {"text": "x"}},
        {"messages": [[]]},
        {"messages": None},
        {"messages": [{"text": "x"}], "text": "x"},
        {},
    ],
)
def test_a_batch_that_does_not_fit_is_refused(body):
    with pytest.raises(InvalidInput):
        classify(body)


def test_a_thousand_faults_are_not_all_told():
    code, problems = problems_of(classify, {"messages": [{"text": n} for n in range(256)]})

    assert (code, len(problems)) == ("invalid", 20)
    assert problems[19] == ("messages[19].text", "Input should be a valid string")


def test_no_refusal_holds_what_was_sent():
    canary = "canary7f3a"
    bodies = [
        {canary: 1},
        {"text": 1, "subject": [canary], "channel": canary, "thread_id": canary + "\n"},
        {"text": "x", "received_at": canary, "sender": {canary: canary}},
        {"text": "x", "sender": {"email": canary, "name": canary * 100}},
        {"text": canary * 20},
        {"messages": [{canary: canary}]},
    ]
    for body in bodies:
        for read_body in (read, classify):
            with pytest.raises(Refused) as refused:
                read_body(body)

            assert canary not in repr((refused.value, vars(refused.value)))
            assert refused.value.__cause__ is None

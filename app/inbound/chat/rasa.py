"""Rasa: its action server, and the answer of its `POST /model/parse`.

Rasa calls an action server with the whole tracker and takes events back; a rule of the bot then
looks at the slots that these events set. No action follows from here, because its name would
have to be one of the bot's own domain.

Source:
    Rasa documentation, "Action server", "Events"; "HTTP API", "Parse a message"; Rasa's source:
    EndpointConfig (the token), RemoteAction, FallbackClassifier, unpack_regex_message.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from app.inbound.chat.generic import as_json, channel_of, is_readable, lead_facts
from app.inbound.payload import list_at, mailbox, parse_json, text_at, value_at
from app.inbound.signatures import is_same, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Reply, Source, Told, Unreadable
from models.prediction import Prediction

FALLBACK = "nlu_fallback"  # what Rasa's FallbackClassifier calls the intent of an unsure message
_MAX_BYTES = 16 * 1024 * 1024  # each call has all events of the conversation, and the domain
_MAX_TIMESTAMP_S = 1e11  # within the years that a date can have
# A button's payload, `/intent@0.9{"entity": "value"}`; unlike Rasa we allow no space in the name,
# so that a sentence that begins with a slash is read.
_PAYLOAD = re.compile(r"/([^\s{@]++)(?:@([0-9.]{1,20}))?(\{.*\})?", re.DOTALL)
# What else nobody wrote: a button's payload in Rasa Pro, an intent that another system triggered.
_NO_WORDS = re.compile(r"/SetSlots\(.*\)|EXTERNAL: \S+", re.DOTALL)


def verify(post: Post, keys: Keys) -> None:
    """Check the token, in the query as Rasa sends it or as a Bearer; where both are, both."""
    scheme, _, bearer = post.headers.get("authorization", "").partition(" ")
    given = [post.query.get("token", ""), bearer.strip() if scheme.lower() == "bearer" else ""]
    proofs = [is_same(token, keys.secret) for token in given if token]
    require(bool(proofs) and all(proofs), "the token is missing or wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read what was written last; a pressed button and a triggered intent are left alone."""
    call = parse_json(post.body)
    tracker = value_at(call, "tracker")
    conversation = text_at(call, "sender_id") or text_at(tracker, "sender_id")
    if not conversation or not isinstance(tracker, dict):
        raise Unreadable("the body is not a call of an action as Rasa posts it")
    text = text_at(tracker, "latest_message", "text")
    if not is_readable(text):
        return (Ignored(reason="no_text"),)
    if _PAYLOAD.fullmatch(text.strip()) or _NO_WORDS.fullmatch(text.strip()):
        return (Ignored(reason="bot_payload"),)
    return (_received(tracker, conversation, text),)


def answer(told: Told) -> Reply:
    """Set the four slots; a null one is reset."""
    slots = lead_facts(told).items()
    return _events([{"event": "slot", "name": name, "value": value} for name, value in slots])


def parse_request(body: bytes) -> str:
    """Read the text that `POST /model/parse` asks about.

    Rasa puts the id of the conversation under `message_id`, so that one is no message's id.

    Raises:
        Unreadable: There is no text in which a person could read anything.
    """
    text = text_at(parse_json(body), "text")
    if not is_readable(text):
        raise Unreadable("text must be a string with something to read in it")
    return text


def parse_token(body: bytes) -> str:
    """Give the token of a `POST /model/parse`: a Rasa bot sends it in the body alone.

    Raises:
        Unreadable: The body is not JSON.
    """
    return text_at(parse_json(body), "token")


def parse_answer(text: str, prediction: Prediction) -> dict[str, Any]:
    """Answer as Rasa's `POST /model/parse` does; a button's payload names its intent itself.

    Where the model abstained, `nlu_fallback` comes first and its best guess second, as Rasa's
    FallbackClassifier has it. Rasa gives it its one threshold as confidence; we have one for each
    intent, so it gets the probability that the guess is wrong, but never less than the guess.
    """
    payload = _PAYLOAD.fullmatch(text.strip())
    if payload is None:
        return _parsed(text, _ranking(prediction), [])
    ranking = [_intent(payload[1], _confidence(payload[2]))]
    return _parsed(payload.string, ranking, _entities(payload))


def _received(tracker: object, conversation: str, text: str) -> Received:
    said = _last_said(tracker)
    moment = _moment(value_at(said, "timestamp"))
    message_id = text_at(tracker, "latest_message", "message_id") or text_at(said, "message_id")
    return Received(
        # without an id of its own a message is known by its time: one turn may call us twice
        external_id=message_id or (f"{conversation}/{moment.isoformat()}" if moment else None),
        channel=channel_of(text_at(tracker, "latest_input_channel")),
        sender=mailbox(text_at(tracker, "slots", "email"), text_at(tracker, "slots", "name")),
        text=text,
        thread_id=conversation,
        sent_at=moment,
    )


def _last_said(tracker: object) -> object:
    """Give the last event of a person who wrote, or None."""
    events = reversed(list_at(tracker, "events"))
    return next((event for event in events if text_at(event, "event") == "user"), None)


def _moment(timestamp: object) -> datetime | None:
    if not isinstance(timestamp, int | float) or not 0 < timestamp < _MAX_TIMESTAMP_S:
        return None
    return datetime.fromtimestamp(timestamp, UTC)


def _events(events: Sequence[dict[str, Any]]) -> Reply:
    return as_json({"events": list(events), "responses": []})


def _parsed(
    text: str, ranking: list[dict[str, Any]], entities: list[dict[str, Any]]
) -> dict[str, Any]:
    first = dict(ranking[0])
    return {"text": text, "intent": first, "entities": entities, "intent_ranking": ranking}


def _intent(name: str, confidence: float) -> dict[str, Any]:
    return {"name": name, "confidence": confidence}


def _ranking(prediction: Prediction) -> list[dict[str, Any]]:
    """List what counts, then the rest, each by its probability."""
    rest = [name for name in prediction.intents if name not in prediction.labels]
    rest.sort(key=lambda name: -prediction.intents[name])
    ranking = [_intent(name, prediction.intents[name]) for name in (*prediction.labels, *rest)]
    if prediction.abstained:
        guess = prediction.confidence
        ranking.insert(0, _intent(FALLBACK, max(guess, 1.0 - guess)))
    return ranking


def _confidence(digits: str | None) -> float:
    """Read the confidence in a button's payload as Rasa does: 1 where none is, 0 for nonsense."""
    try:
        return min(1.0, float(digits)) if digits else 1.0
    except ValueError:
        return 0.0


def _entities(payload: re.Match[str]) -> list[dict[str, Any]]:
    """Read the entities in a button's payload; those that are no JSON object are left out."""
    if not payload[3]:
        return []
    try:
        named = parse_json(payload[3].encode("utf-8", "replace"))
    except Unreadable:
        return []
    start, end = payload.span(3)
    return [
        {"entity": name, "value": value, "start": start, "end": end}
        for name, values in (named.items() if isinstance(named, dict) else ())
        for value in (values if isinstance(values, list) else [values])
    ]


SOURCE = Source(
    name="rasa",
    title="Rasa",
    verify=verify,
    read=read,
    taken=_events([]),
    answer=answer,
    max_bytes=_MAX_BYTES,
)

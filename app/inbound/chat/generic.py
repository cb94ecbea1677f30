"""The hook for any chat bot: one JSON object in, the decision out; and what other bots share.

The service's own API key proves who calls. The body is read strictly, because its writer sees
our answer while setting up: an unknown field or another type is refused, not guessed at.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from app.domain import Channel
from app.inbound.payload import mailbox, parse_date, parse_json, value_at
from app.inbound.values import (
    Item,
    Keys,
    NotAuthentic,
    Post,
    Received,
    Reply,
    Source,
    Told,
    Unreadable,
)

MAX_BYTES = 1024 * 1024  # of a request: a line of chat in JSON has some hundreds
MAX_TEXT_CHARS = 100_000
_MAX_ID_CHARS = 250  # two make one external id, which has at most 512 characters
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"  # one line, no control characters
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_SHAPES = {
    "": "one JSON object",
    "conversation_id": f"a string of 1 to {_MAX_ID_CHARS} characters on one line",
    "message_id": f"a string of 1 to {_MAX_ID_CHARS} characters on one line",
    "text": f"a string of at most {MAX_TEXT_CHARS} characters with something to read in it",
    "sender": "an object with id, name and email, or left out",
    "channel": "chat, sms, social_dm or web_form, or left out",
    "sent_at": "a time with its zone, like 2026-11-25T09:30:00Z, or left out",
}
_SMS = frozenset({"messagebird", "sms", "twilio", "vonage"})
_SOCIAL = frozenset({"facebook", "instagram", "messenger", "tiktok", "twitter"})


def is_readable(text: str) -> bool:
    """Whether a text shows anything, as far as it is read at all."""
    return any(one.isprintable() and one != " " for one in text[:MAX_TEXT_CHARS])


def _readable(text: str) -> str:
    if not is_readable(text):
        raise ValueError("nothing to read")
    return text


def _instant(value: object) -> datetime:
    is_one = isinstance(value, str) and _INSTANT.fullmatch(value)
    moment = parse_date(str(value).upper()) if is_one else None
    if moment is None:
        raise ValueError("no time with a zone")
    return moment


_Id = Annotated[str, Field(min_length=1, max_length=_MAX_ID_CHARS, pattern=_LINE)]
_Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class ChatSender(_Strict):
    """Who wrote, as far as the bot knows; an e-mail address that is none is left out.

    Visitors type what they like into a form before a chat; that must not lose their message.
    """

    id: str | None = None  # taken from bots that send it; a message has no place for it yet
    name: str | None = None
    email: str | None = None


class ChatRequest(_Strict):
    """What a person wrote to a bot just now."""

    conversation_id: _Id
    message_id: _Id
    text: Annotated[str, Field(max_length=MAX_TEXT_CHARS), AfterValidator(_readable)]
    sender: ChatSender | None = None
    channel: Literal["chat", "sms", "social_dm", "web_form"] | None = None
    sent_at: _Instant | None = None


def verify(_post: Post, _keys: Keys) -> None:
    """Refuse: only an API key proves who calls, and the service asks for it itself."""
    raise NotAuthentic("lines of a chat are taken with an API key, at /v1/inbound/chat")


def read(post: Post) -> tuple[Item, ...]:
    """Read the one message; the same id in another conversation is another message."""
    request = _request(parse_json(post.body))
    sender = request.sender or ChatSender()
    return (
        Received(
            external_id=f"{request.conversation_id}/{request.message_id}",
            channel=Channel(request.channel or Channel.CHAT),
            sender=mailbox(sender.email or "", sender.name or ""),
            text=request.text,
            thread_id=request.conversation_id,
            sent_at=request.sent_at,
        ),
    )


def answer(told: Told) -> Reply:
    """Tell the bot what the model says, what is done about it, and whether to hand over."""
    return as_json(summary(told))


def summary(told: Told) -> dict[str, Any]:
    """Give what a bot can branch on, and what it can show to the person who takes over."""
    return {
        "message_id": told.message_id,
        **{key: told.prediction[key] for key in ("labels", "primary", "confidence", "abstained")},
        **{key: told.decision[key] for key in ("route", "rule", "reasons")},
        "handover": told.handover,
    }


def lead_facts(told: Told) -> dict[str, Any]:
    """Give the four flat values that bots keep as slots or parameters.

    Where the model abstained the intent is null: a guess must not open the way of a sure one.
    """
    prediction = told.prediction
    return {
        "lead_intent": None if prediction["abstained"] else prediction["primary"],
        "lead_confidence": prediction["confidence"],
        "lead_route": told.decision["route"],
        "lead_handover": told.handover,
    }


def as_json(value: Mapping[str, Any]) -> Reply:
    """Answer 200 with a JSON object."""
    body = json.dumps(value, separators=(",", ":"), allow_nan=False).encode()
    return Reply(body=body, content_type="application/json")


def channel_of(name: str) -> Channel:
    """Give our channel for what a bot platform calls its own; a chat where it is unknown."""
    name = name.lower()
    if name in _SMS:
        return Channel.SMS
    return Channel.SOCIAL_DM if name in _SOCIAL else Channel.CHAT


def _request(body: object) -> ChatRequest:
    _refuse_unknown(body, ChatRequest)
    _refuse_unknown(value_at(body, "sender"), ChatSender)
    try:
        return ChatRequest.model_validate(body)
    except ValidationError as error:
        raise Unreadable(_sentence(error)) from None


def _refuse_unknown(value: object, schema: type[BaseModel]) -> None:
    """Look for unknown fields before the schema does, which would describe each of thousands.

    Their names are the caller's and not repeated.
    """
    known = schema.model_fields
    if isinstance(value, dict) and not value.keys() <= known.keys():
        raise Unreadable(f"there is an unknown field beside {', '.join(known)}")


def _sentence(error: ValidationError) -> str:
    """Say what the first wrong field must be."""
    where = error.errors(include_url=False, include_context=False, include_input=False)[0]["loc"]
    field = str(where[0]) if where else ""
    return f"{field or 'the body'} must be {_SHAPES[field]}"


SOURCE = Source(
    name="chat",
    title="Any chat bot",
    verify=verify,
    read=read,
    needs=(),  # the API key of the service
    answer=answer,
    max_bytes=MAX_BYTES,
)

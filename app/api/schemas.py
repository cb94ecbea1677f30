"""What a request body may hold; checked strictly, after app.api.strict_json has read it."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.api.ids import id_pattern
from app.domain import Channel, DeliveryStatus, FeedbackKind

MAX_MESSAGES = 256  # in one call to classify
MAX_SUBJECT_CHARS = 1_000
MAX_LABELS = 64  # of one message
_MAX_ID_CHARS = 512  # at most 2,048 bytes of UTF-8: fits an index entry of PostgreSQL
_FIRST_YEAR = 1970
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"  # one line, no control characters


def _instant(value: object) -> datetime:
    """Read an instant of RFC 3339, which is never without its zone, as UTC."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("send a time with its zone, like 2026-11-25T09:30:00Z")
    try:
        instant = datetime.fromisoformat(_microseconds(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("this time does not exist") from None
    if instant.year < _FIRST_YEAR:
        raise ValueError(f"send a time of {_FIRST_YEAR} or later")
    return instant


def _microseconds(value: str) -> str:
    """Cut a fraction of a second to the six digits that datetime keeps."""
    return re.sub(r"(\.\d{6})\d+", r"\1", value).upper()


Line = Annotated[str, Field(min_length=1, max_length=_MAX_ID_CHARS, pattern=_LINE)]
Instant = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class TextRequest(_Strict):
    """A text to classify, as it stands in a call to classify."""

    text: str = Field(
        description="What was written; at most INLET_MAX_TEXT_CHARS characters.",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},  # app.api.reading looks closer
    )
    subject: str = Field("", max_length=MAX_SUBJECT_CHARS, description="The subject, if any.")
    channel: Channel | None = Field(
        None,
        strict=False,
        description="The way the message reached the business: some have thresholds of their own.",
    )


class BatchRequest(_Strict):
    """Several texts to classify; the answer has their order."""

    messages: list[TextRequest] = Field(min_length=1, max_length=MAX_MESSAGES)


class SenderRequest(_Strict):
    """Who wrote, as far as it is known."""

    email: str | None = Field(
        default=None, max_length=320, pattern=r"^[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+$"
    )
    name: str | None = Field(default=None, max_length=320)


class MessageRequest(TextRequest):
    """A message to classify, decide on, store and pass on."""

    channel: Channel = Field(
        Channel.EMAIL, strict=False, description="The way the message reached the business."
    )
    sender: SenderRequest = SenderRequest()
    thread_id: Line | None = Field(None, description="The conversation, as its gateway calls it.")
    message_id: Line | None = Field(
        None,
        description="The gateway's own id of this message; the same id again gets the same answer.",
    )
    received_at: Instant | None = Field(
        None,
        description="When it reached the business, with a zone: 1970 or later, and at most a day "
        "ahead; now, if left out.",
    )


class AcknowledgeRequest(_Strict):
    """Who takes a message."""

    by: Line = Field(description="The owner's id in the policy, an address, or another name.")


class FeedbackRequest(_Strict):
    """What a person says of a message."""

    kind: FeedbackKind = Field(
        strict=False, description="Whether the labels hold, others do, or it is no lead."
    )
    labels: list[str] | None = Field(
        None,
        max_length=MAX_LABELS,
        description="With wrong_label alone: the intents that hold, of those the model knows; "
        "empty if none does. Leave it out where they are not known.",
    )
    by: Line = Field(description="The owner's id in the policy, an address, or another name.")


class ReplayRequest(_Strict):
    """Which deliveries are sent again."""

    endpoint: str | None = Field(
        None, pattern=id_pattern("ep"), description="Only those to this endpoint, by its id."
    )
    status: DeliveryStatus = Field(
        DeliveryStatus.DEAD,
        strict=False,
        description="Only those that stand so; with pending, those that wait for a later attempt.",
    )
    since: Instant | None = Field(None, description="Only those made then or later.")
    until: Instant | None = Field(None, description="Only those made before.")
    limit: int = Field(1_000, ge=1, le=10_000, description="How many, at most; the oldest first.")


CLASSIFY_EXAMPLES: dict[str, Any] = {
    "one": {
        "summary": "One message",
        "value": {"subject": "Demo?", "text": "Could you show us the product next week?"},
    },
    "several": {
        "summary": "Several messages",
        "value": {
            "messages": [
                {"text": "What does the team plan cost per seat?"},
                {"text": "Login fails since this morning.", "channel": "chat"},
            ]
        },
    },
}
MESSAGE_EXAMPLES: dict[str, Any] = {
    "email": {
        "summary": "An e-mail from a gateway",
        "value": {
            "channel": "email",
            "subject": "Pricing for 40 seats",
            "text": "We compare tools this week. What do 40 seats cost, and could we see a demo?",
            "sender": {"email": "ann@example.com", "name": "Ann Example"},
            "thread_id": "thread-81",
            "message_id": "<81.1@mail.example.com>",
            "received_at": "2026-11-25T09:30:00Z",
        },
    },
}
ACKNOWLEDGE_EXAMPLES: dict[str, Any] = {
    "an owner": {"summary": "By the owner's id in the policy", "value": {"by": "ana"}},
}
FEEDBACK_EXAMPLES: dict[str, Any] = {
    "other labels": {
        "summary": "It asks for something else",
        "value": {"kind": "wrong_label", "labels": ["support"], "by": "ana"},
    },
    "right": {
        "summary": "The labels hold",
        "value": {"kind": "right_label", "by": "ana"},
    },
    "no lead": {"summary": "There is nothing in it", "value": {"kind": "not_a_lead", "by": "ana"}},
}
REPLAY_EXAMPLES: dict[str, Any] = {
    "an outage": {
        "summary": "What an endpoint missed in an outage",
        "value": {
            "endpoint": "ep_01KB0000000000000000000000",
            "since": "2026-11-25T09:00:00Z",
            "until": "2026-11-26T09:00:00Z",
        },
    },
}

"""From the bytes of a body to what the endpoints work with, or a refusal that says where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.api.problems import InvalidInput, in_words
from app.api.schemas import (
    AcknowledgeRequest,
    BatchRequest,
    FeedbackRequest,
    MessageRequest,
    ReplayRequest,
    TextRequest,
)
from app.api.strict_json import parse_object
from app.domain import FeedbackKind, Message, Sender, new_id
from models.text.clean import clean_text
from models.text.compose import compose_text

SOURCE = "api"
_MAX_AHEAD = timedelta(days=1)  # clocks differ; a day covers a wrong zone too
_Schema = TypeVar("_Schema", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text to classify, as it was sent and as the model reads it."""

    subject: str
    text: str
    channel: str | None
    composed: str


def read_texts(raw: bytes, *, max_text_chars: int) -> list[ReadText]:
    """Read a call to classify.

    Raises:
        Refused: With the code of what is wrong; see app.api.strict_json and app.api.problems.
    """
    body = parse_object(raw)
    if "messages" in body:
        texts = _validated(BatchRequest, body).messages
        paths = [f"messages[{index}].text" for index in range(len(texts))]
    else:
        texts, paths = [_validated(TextRequest, body)], ["text"]
    for path, request in zip(paths, texts, strict=True):
        _check_text(path, request.text, max_text_chars)
    return [
        ReadText(
            subject=request.subject,
            text=request.text,
            channel=request.channel,
            composed=compose_text(request.subject, request.text),
        )
        for request in texts
    ]


def read_message(raw: bytes, *, max_text_chars: int, now: datetime) -> Message:
    """Read a message to store, and give it its id.

    Raises:
        Refused: With the code of what is wrong; see app.api.strict_json and app.api.problems.
    """
    request = _validated(MessageRequest, parse_object(raw))
    _check_text("text", request.text, max_text_chars)
    if request.received_at is not None and request.received_at > now + _MAX_AHEAD:
        raise _invalid([("received_at", "lies more than a day ahead of our clock")])
    return Message(
        id=new_id("msg", now),
        channel=request.channel,
        subject=request.subject,
        text=request.text,
        sender=Sender(request.sender.email, request.sender.name),
        thread_id=request.thread_id,
        source=SOURCE,
        external_id=request.message_id,
        received_at=request.received_at or now,
        created_at=now,
    )


def read_acknowledgement(raw: bytes) -> AcknowledgeRequest:
    """Read who takes a message.

    Raises:
        Refused: With the code of what is wrong; see app.api.strict_json and app.api.problems.
    """
    return _validated(AcknowledgeRequest, parse_object(raw))


def read_feedback(raw: bytes) -> FeedbackRequest:
    """Read what a person says of a message; its labels are checked against the message's own.

    Raises:
        Refused: With the code of what is wrong; see app.api.strict_json and app.api.problems.
    """
    request = _validated(FeedbackRequest, parse_object(raw))
    if request.labels is not None and request.kind is not FeedbackKind.WRONG_LABEL:
        raise _invalid([("labels", "goes with wrong_label alone")])
    return request


def read_replay(raw: bytes) -> ReplayRequest:
    """Read which deliveries are sent again.

    Raises:
        Refused: With the code of what is wrong; see app.api.strict_json and app.api.problems.
    """
    return _validated(ReplayRequest, parse_object(raw))


def _check_text(path: str, text: str, max_chars: int) -> None:
    if len(text) > max_chars:
        problem = f"is longer than {max_chars} characters"
        raise InvalidInput(f"{path} {problem}", [(path, problem)], code="text_too_long")
    if not clean_text(text):
        problem = "holds nothing that a person could read"
        raise InvalidInput(f"{path} {problem}", [(path, problem)], code="empty_text")


def _validated(schema: type[_Schema], body: Mapping[str, Any]) -> _Schema:
    try:
        return schema.model_validate(body)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise _refusal(found) from None


def _refusal(found: Sequence[Mapping[str, Any]]) -> InvalidInput:
    problems = [_problem(one) for one in found]
    if all(one["type"] == "extra_forbidden" for one in found):
        return InvalidInput("the body has an unknown field; see errors", problems, code="extra")
    return _invalid(problems)


def _invalid(problems: Sequence[tuple[str, str]]) -> InvalidInput:
    return InvalidInput("the body does not fit the schema; see errors", problems)


def _problem(found: Mapping[str, Any]) -> tuple[str, str]:
    location = tuple(found["loc"])
    if found["type"] == "extra_forbidden":  # the field's name is the caller's: not repeated
        return _path(location[:-1]), "has an unknown field"
    return _path(location), in_words(found)


def _path(location: Sequence[str | int]) -> str:
    """Write a place in the body as `messages[3].text`; the body itself is `$`."""
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in location]
    return "".join(steps).removeprefix(".") or "$"

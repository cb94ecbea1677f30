"""POST …/{id}/acknowledge, POST and GET …/{id}/feedback, GET /v1/feedback: what people do, say."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import ReplyClockAnswer
from app.api.answers import clock_answer, instant
from app.api.body import json_body
from app.api.ids import checked_id, id_pattern
from app.api.openapi import body_of, problems
from app.api.problems import InvalidInput, problem
from app.api.reading import read_acknowledgement, read_feedback
from app.api.schemas import (
    ACKNOWLEDGE_EXAMPLES,
    FEEDBACK_EXAMPLES,
    AcknowledgeRequest,
    FeedbackRequest,
    Instant,
)
from app.api.services import Services, services_of
from app.domain import Feedback, FeedbackKind, ReplyClock, new_id
from app.errors import NotFound
from app.replies.feedback import label_problem, labels_of, note, told_labels
from app.replies.settling import Outcome, acknowledge
from app.storage import feedback as stored_feedback
from app.storage import messages

router = APIRouter(tags=["replies"])

_TAKEN, _CLOSED = "taken", "closed"
_NO_MESSAGE = "there is no message with this id"
_REFUSALS = (400, 401, 403, 404, 408, 413, 415, 422, 500, 503)


class ReplyAnswer(BaseModel):
    """How the reply to a message stands."""

    message_id: str
    reply: ReplyClockAnswer | None = Field(description="Null: the policy promised nobody a reply.")


class FeedbackAnswer(BaseModel):
    """What a person said of a message."""

    id: str
    message_id: str
    kind: FeedbackKind
    labels: list[str] | None = Field(description="The intents that hold, where it was said.")
    by: str
    created_at: str


class NotedAnswer(FeedbackAnswer):
    """Feedback as it is kept, and how the reply to its message stands after it."""

    reply: ReplyClockAnswer | None = Field(description="Null: the policy promised nobody a reply.")


class FeedbackPage(BaseModel):
    """A page of feedback, newest first."""

    feedback: list[FeedbackAnswer]
    before: str | None = Field(description="Give this as `before` for the next page, if any.")


class MessageFeedback(FeedbackPage):
    """What people said of one message, newest first."""

    counts: FeedbackAnswer | None = Field(
        description="What counts of it: the newest that tells labels. Null: none does."
    )


class PageOfMessage(BaseModel):
    """Which feedback on a message to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    before: str | None = Field(
        None, pattern=id_pattern("fb"), description="Only what was said before this feedback."
    )
    limit: int = Field(50, ge=1, le=200)


class Page(PageOfMessage):
    """Which feedback to list."""

    since: Instant | None = Field(None, description="Only what was said from this instant on.")


@router.post(
    "/v1/messages/{id}/acknowledge",
    summary="Take a message: say that somebody answers it",
    response_model=ReplyAnswer,
    responses=problems(*_REFUSALS, 409),
    openapi_extra=body_of(AcknowledgeRequest, examples=ACKNOWLEDGE_EXAMPLES),
    dependencies=[Depends(Needs("messages:write"))],
)
def acknowledge_message(
    id: str,
    request: Request,
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Stop a message's reply clock. The first who takes it has it.

    A repeat by the same person gets the same answer; anybody else gets 409 with `taken`, or with
    `closed` where there is nothing to take any more, and `settled_by` says who was first.
    """
    by = read_acknowledgement(raw).by
    with services.database.write() as conn:
        settled = acknowledge(conn, checked_id(id, "msg"), by=by, now=services.now())
        if settled.outcome is Outcome.NO_CLOCK and messages.find(conn, id) is None:
            raise NotFound(_NO_MESSAGE)
    if settled.outcome is Outcome.TAKEN_BEFORE and settled.by != by:
        return _refused(request, _TAKEN, "somebody else took this message before", settled.by)
    if settled.outcome is Outcome.CLOSED_BEFORE:
        return _refused(request, _CLOSED, "this message was closed before", settled.by)
    return JSONResponse({"message_id": id, "reply": _reply(settled.clock)})


@router.post(
    "/v1/messages/{id}/feedback",
    summary="Say that a message's labels hold, that others do, or that it is no lead",
    response_model=NotedAnswer,
    responses=problems(*_REFUSALS),
    openapi_extra=body_of(FeedbackRequest, examples=FEEDBACK_EXAMPLES),
    dependencies=[Depends(Needs("messages:write"))],
)
def give_feedback(
    id: str,
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Keep what a person says, and when; a repeat is not kept twice, and the newest word counts.

    It closes the message's reply clock where it is no lead, or where the right labels no longer
    call for its route.
    """
    request, now = read_feedback(raw), services.now()
    with services.database.write() as conn:
        stored = messages.find(conn, checked_id(id, "msg"))
        if stored is None:
            raise NotFound(_NO_MESSAGE)
        said = Feedback(
            id=new_id("fb", now),
            message_id=id,
            kind=request.kind,
            labels=_labels(request, stored.prediction),
            given_by=request.by,
            created_at=now,
        )
        noted = note(conn, said, policy=services.intake.policy(), now=now)
    if noted is None:
        raise NotFound(_NO_MESSAGE)
    return JSONResponse({**_feedback(noted.feedback), "reply": _reply(noted.clock)})


@router.get(
    "/v1/messages/{id}/feedback",
    summary="List what was said of a message, newest first",
    response_model=MessageFeedback,
    responses=problems(401, 403, 404, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def feedback_of_message(
    id: str,
    page: Annotated[PageOfMessage, Query()],
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Give one page of what people said of a message, and what counts of all of it."""
    with services.database.read() as conn:
        if messages.find(conn, checked_id(id, "msg")) is None:
            raise NotFound(_NO_MESSAGE)
        counts = stored_feedback.standing(conn, id)
        found = stored_feedback.listed(conn, message_id=id, limit=page.limit, before=page.before)
    counting = None if counts is None else _feedback(counts)
    return JSONResponse({"counts": counting, **_page(found, page.limit)})


@router.get(
    "/v1/feedback",
    summary="List feedback, newest first",
    response_model=FeedbackPage,
    responses=problems(401, 403, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def list_feedback(
    page: Annotated[Page, Query()], services: Annotated[Services, Depends(services_of)]
) -> JSONResponse:
    """Give one page of what people said of messages."""
    with services.database.read() as conn:
        found = stored_feedback.listed(conn, since=page.since, limit=page.limit, before=page.before)
    return JSONResponse(_page(found, page.limit))


def _labels(request: FeedbackRequest, said: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Give the labels that hold in the order of the intents that the model told of the message.

    Raises:
        InvalidInput: They cannot be this message's, or there are none to confirm.
    """
    labels, intents = request.labels, tuple(said["intents"])
    if request.kind is FeedbackKind.RIGHT_LABEL:
        told = told_labels(said)
        if not told:
            why = "cannot be right_label: the model gave no label; send wrong_label with labels"
            raise InvalidInput(f"kind {why}", [("kind", why)])
        return told
    if labels is None:
        return None
    wrong = label_problem(labels, intents)
    if wrong is not None:
        raise InvalidInput(f"labels {wrong}", [("labels", wrong)])
    return labels_of(labels, intents)


def _refused(request: Request, code: str, detail: str, by: str | None) -> JSONResponse:
    return problem(request.scope, 409, code, detail, {"settled_by": by})


def _reply(clock: ReplyClock | None) -> dict[str, Any] | None:
    return None if clock is None else clock_answer(clock)


def _page(found: Sequence[Feedback], limit: int) -> dict[str, Any]:
    before = found[-1].id if len(found) == limit else None
    return {"feedback": [_feedback(one) for one in found], "before": before}


def _feedback(said: Feedback) -> dict[str, Any]:
    return {
        "id": said.id,
        "message_id": said.message_id,
        "kind": said.kind.value,
        "labels": None if said.labels is None else list(said.labels),
        "by": said.given_by,
        "created_at": instant(said.created_at),
    }

"""GET /v1/review: which messages a person should look at first."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import PredictionAnswer
from app.api.answers import instant
from app.api.openapi import problems
from app.api.services import Services, services_of
from app.domain import Channel
from app.replies import reviewing
from app.replies.reviewing import ABSTAINED, Doubt
from app.storage.review import Waiting

router = APIRouter(tags=["replies"])

_MAX_CURSOR_CHARS = 128


class Page(BaseModel):
    """Which messages to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str | None = Field(
        None,
        max_length=64,
        description=f"Only those of this primary intent, or `{ABSTAINED}`.",
    )
    after: str | None = Field(
        None,
        max_length=_MAX_CURSOR_CHARS,
        description="Where the page before ended: its `after`, as it came.",
    )
    limit: int = Field(50, ge=1, le=200)


class WaitingAnswer(BaseModel):
    """A message that waits for a person to say whether its labels hold."""

    message_id: str
    received_at: str
    channel: Channel
    subject: str
    excerpt: str = Field(description="The first 200 characters of its text.")
    prediction: PredictionAnswer
    kind: str = Field(description=f"Its primary intent, or `{ABSTAINED}`.")
    margin: float = Field(
        ge=0,
        le=1,
        description="How near the nearest intent came to its threshold; 0 where somebody said that "
        "the labels are wrong, and not which hold.",
    )


class DoubtAnswer(BaseModel):
    """How often people found a kind of messages wrong, of the last 500 that they looked at."""

    kind: str
    told: int = Field(description="Messages of whose labels somebody said which hold.")
    wrong: int = Field(description="… and they were others than the model's.")
    weight: float = Field(description="By which margins are multiplied: the least comes first.")


class ReviewAnswer(BaseModel):
    """A page of the messages that wait, the least sure first."""

    review: list[WaitingAnswer]
    kinds: list[DoubtAnswer] = Field(description="Those that wait.")
    after: str | None = Field(description="Give this as `after` for the next page, if any.")


@router.get(
    "/v1/review",
    summary="List the messages that a person should look at, the least sure first",
    response_model=ReviewAnswer,
    responses=problems(401, 403, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def list_review(
    page: Annotated[Page, Query()], services: Annotated[Services, Depends(services_of)]
) -> JSONResponse:
    """Give one page of the review queue; what is said by feedback takes a message off it.

    A message comes the earlier the nearer an intent is to its threshold, where the model
    abstained, and the more often people found its kind wrong.
    """
    after = None if page.after is None else reviewing.read_cursor(page.after)
    with services.database.read() as conn:
        found = reviewing.page(
            conn, now=services.now(), after=after, kind=page.kind, limit=page.limit
        )
    return JSONResponse(
        {
            "review": [_waiting(one) for one in found.waiting],
            "kinds": [_doubt(one) for one in found.doubts],
            "after": None if found.after is None else str(found.after),
        }
    )


def _waiting(one: Waiting) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "received_at": instant(one.received_at),
        "channel": one.channel.value,
        "subject": one.subject,
        "excerpt": one.excerpt,
        "prediction": one.prediction,
        "kind": one.kind,
        "margin": one.margin,
    }


def _doubt(one: Doubt) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "told": one.told,
        "wrong": one.wrong,
        "weight": round(one.weight, 4),
    }

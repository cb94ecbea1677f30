"""GET /v1/sla and GET /v1/reply-clocks: how promises of a reply are kept, and which are open."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import ReplyClockAnswer
from app.api.answers import clock_answer, instant
from app.api.ids import id_pattern
from app.api.openapi import problems
from app.api.services import Services, services_of
from app.domain import ClockStatus
from app.sla import By, Report, report, since_of
from app.storage import clocks

router = APIRouter(tags=["replies"])


class Span(BaseModel):
    """Which promises to count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: str = Field(
        "30d",
        max_length=40,
        description="Messages that came since: `12h`, `30d` or `8w` ago, or a date or time of "
        "ISO 8601 (UTC, unless it says otherwise).",
    )
    by: By = Field(By.OWNER, description="What to give figures for, beside the whole.")


class Page(BaseModel):
    """Which reply clocks to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: ClockStatus | None = Field(None, description="Only those that stand so.")
    owner: str | None = Field(None, max_length=200, description="Only those whose turn is theirs.")
    account: str | None = Field(None, max_length=253, description="Only those of this company.")
    before: str | None = Field(
        None, pattern=id_pattern("clk"), description="Only those made before this clock."
    )
    limit: int = Field(50, ge=1, le=200)


class FiguresAnswer(BaseModel):
    """How some promises were kept; times are seconds from the message's own time on."""

    promises: int = Field(description="Without those that a person closed as no lead.")
    acknowledged: int = Field(description="A person took the message.")
    inside: int = Field(description="… by when the first owner had to.")
    open: int = Field(description="Nobody has taken it yet.")
    overdue: int = Field(description="Open, and the promise is broken.")
    lapsed: int = Field(description="Nobody took it until nobody was asked any more.")
    closed: int = Field(description="By a person; not among the promises.")
    inside_ratio: float | None = Field(
        ge=0, le=1, description="Inside, of those acknowledged, overdue or lapsed."
    )
    median_s: float | None
    p90_s: float | None = Field(description="Nine of ten were not slower.")
    working_median_s: float | None = Field(description="Of clocks that count working time.")
    working_p90_s: float | None


class GroupAnswer(FiguresAnswer):
    """The figures of one owner, route or week."""

    name: str | None = Field(description="Null: nobody was named.")


class SlaAnswer(BaseModel):
    """Figures of a time, whole and in its parts."""

    since: str
    until: str
    by: By
    whole: FiguresAnswer
    groups: list[GroupAnswer]
    truncated: bool = Field(description="There were too many; the oldest are left out.")


class ReplyClocksAnswer(BaseModel):
    """A page of reply clocks, newest first."""

    clocks: list[ReplyClockAnswer]
    before: str | None = Field(description="Give this as `before` for the next page, if any.")


@router.get(
    "/v1/sla",
    summary="Say how promises of a reply were kept",
    response_model=SlaAnswer,
    responses=problems(401, 403, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def show_sla(
    span: Annotated[Span, Query()], services: Annotated[Services, Depends(services_of)]
) -> JSONResponse:
    """Give the time to acknowledge, and the share inside the promise; no figure names a sender."""
    now = services.now()
    since = since_of(span.since, now)
    policy = services.intake.policy()
    return JSONResponse(_told(report(services.database, policy, since=since, now=now, by=span.by)))


@router.get(
    "/v1/reply-clocks",
    summary="List reply clocks, newest first",
    response_model=ReplyClocksAnswer,
    responses=problems(401, 403, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def list_clocks(
    page: Annotated[Page, Query()], services: Annotated[Services, Depends(services_of)]
) -> JSONResponse:
    """Give one page of reply clocks."""
    with services.database.read() as conn:
        found = clocks.listed(
            conn,
            status=page.status,
            owner=page.owner,
            account=page.account,
            limit=page.limit,
            before=page.before,
        )
    before = found[-1].id if len(found) == page.limit else None
    return JSONResponse({"clocks": [clock_answer(one) for one in found], "before": before})


def _told(found: Report) -> dict[str, Any]:
    return found.as_dict() | {"since": instant(found.since), "until": instant(found.until)}

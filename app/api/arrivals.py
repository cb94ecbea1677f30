"""GET /v1/arrivals and POST /v1/arrivals/{id}/read: what providers sent, and reading it again."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import ArrivalAnswer, ArrivalsAnswer
from app.api.answers import instant
from app.api.ids import checked_id, id_pattern
from app.api.openapi import problems
from app.api.services import Services, services_of
from app.domain import Arrival, ArrivalStatus
from app.errors import NotFound, Refused
from app.storage import arrivals

router = APIRouter(tags=["inbound"])


class Page(BaseModel):
    """Which arrivals to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: ArrivalStatus | None = Field(None, description="Only those that stand so.")
    sha256: str | None = Field(
        None, pattern="^[0-9a-f]{64}$", description="Only that of a body with this digest."
    )
    before: str | None = Field(
        None, pattern=id_pattern("arr"), description="Only those that came before this one."
    )
    limit: int = Field(50, ge=1, le=200)


@router.get(
    "/v1/arrivals",
    summary="List what providers sent, newest first",
    response_model=ArrivalsAnswer,
    responses=problems(401, 403, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def list_arrivals(
    page: Annotated[Page, Query()], services: Annotated[Services, Depends(services_of)]
) -> JSONResponse:
    """Give one page of arrivals; those that failed wait for a person to look at them."""
    digest = None if page.sha256 is None else bytes.fromhex(page.sha256)
    with services.database.read() as conn:
        found = arrivals.listed(
            conn, status=page.status, sha256=digest, limit=page.limit, before=page.before
        )
    before = found[-1].id if len(found) == page.limit else None
    return JSONResponse({"arrivals": [arrival_answer(one) for one in found], "before": before})


@router.get(
    "/v1/arrivals/{id}",
    summary="Look at what a provider sent",
    response_model=ArrivalAnswer,
    responses=problems(401, 403, 404, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def find_arrival(id: str, services: Annotated[Services, Depends(services_of)]) -> JSONResponse:
    """Tell how an arrival stands, and which messages came of it."""
    with services.database.read() as conn:
        kept = arrivals.find(conn, checked_id(id, "arr"))
    if kept is None:
        raise NotFound("there is no arrival with this id")
    return JSONResponse(arrival_answer(kept))


@router.post(
    "/v1/arrivals/{id}/read",
    summary="Read an arrival again that could not be read",
    status_code=202,
    response_model=ArrivalAnswer,
    responses=problems(401, 403, 404, 409, 422, 500, 503),
    dependencies=[Depends(Needs("messages:write"))],
)
def read_again(id: str, services: Annotated[Services, Depends(services_of)]) -> JSONResponse:
    """Let an arrival be read anew, after what kept it from being read was mended."""
    with services.database.write() as conn:
        anew = arrivals.again(conn, checked_id(id, "arr"), now=services.now())
        kept = arrivals.find(conn, id)
    if kept is None:
        raise NotFound("there is no arrival with this id")
    if not anew:
        raise Refused("this arrival did not fail, or is no longer kept", code="arrival_settled")
    services.mailroom.wake()
    return JSONResponse(arrival_answer(kept), 202)


def arrival_answer(kept: Arrival) -> dict[str, Any]:
    """Answer how an arrival stands; never what was in it."""
    return {
        "id": kept.id,
        "source": kept.source,
        "sha256": kept.sha256.hex(),
        "received_at": instant(kept.received_at),
        "status": kept.status.value,
        "attempts": kept.attempts,
        "error_code": kept.error_code,
        "bytes": kept.size,
        "message_ids": list(kept.message_ids),
    }

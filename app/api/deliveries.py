"""GET /v1/deliveries, POST /v1/deliveries/replay and …/{id}/replay: what went out; again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import DeliveriesAnswer, DeliveryAnswer, ReplayedAnswer
from app.api.answers import delivery
from app.api.body import json_body
from app.api.ids import checked_id, id_pattern
from app.api.openapi import body_of, problems
from app.api.reading import read_replay
from app.api.schemas import REPLAY_EXAMPLES, ReplayRequest
from app.api.services import Services, services_of
from app.domain import DeliveryStatus
from app.storage import outbox, replays

router = APIRouter(tags=["deliveries"])


class Page(BaseModel):
    """Which deliveries to list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: DeliveryStatus | None = Field(None, description="Only those that stand so.")
    endpoint: str | None = Field(
        None, pattern=id_pattern("ep"), description="Only those to this endpoint, by its id."
    )
    before: str | None = Field(
        None, pattern=id_pattern("dlv"), description="Only those made before this delivery."
    )
    limit: int = Field(50, ge=1, le=200)


@router.get(
    "/v1/deliveries",
    summary="List deliveries, newest first",
    response_model=DeliveriesAnswer,
    responses=problems(401, 403, 422, 500, 503),
    dependencies=[Depends(Needs("deliveries:read"))],
)
def list_deliveries(
    page: Annotated[Page, Query()], services: Annotated[Services, Depends(services_of)]
) -> JSONResponse:
    """Give one page of deliveries."""
    with services.database.read() as conn:
        found = outbox.listed(
            conn,
            status=page.status,
            endpoint_id=page.endpoint,
            limit=page.limit,
            before=page.before,
        )
    before = found[-1].id if len(found) == page.limit else None
    return JSONResponse({"deliveries": [delivery(one) for one in found], "before": before})


@router.post(
    "/v1/deliveries/replay",
    summary="Send deliveries of a range of time again",
    status_code=202,
    response_model=ReplayedAnswer,
    responses=problems(400, 401, 403, 404, 408, 409, 413, 415, 422, 500, 503),
    openapi_extra=body_of(ReplayRequest, examples=REPLAY_EXAMPLES),
    dependencies=[Depends(Needs("deliveries:write"))],
)
def replay_deliveries(
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Let settled deliveries go out anew, the oldest first, at each endpoint's own rate.

    Endpoints that are disabled are left out.
    """
    request = read_replay(raw)
    if request.endpoint is not None:
        with services.database.read() as conn:
            replays.check_listening(conn, request.endpoint)
    wanted = replays.Wanted(
        status=request.status,
        endpoint_id=request.endpoint,
        since=request.since,
        until=request.until,
    )
    now = services.now()
    replayed = replays.replay_range(services.database, wanted, now=now, limit=request.limit)
    if replayed.count:
        services.intake.on_enqueued()
    return JSONResponse({"replayed": replayed.count, "more": replayed.more}, 202)


@router.post(
    "/v1/deliveries/{id}/replay",
    summary="Send a delivery again",
    status_code=202,
    response_model=DeliveryAnswer,
    responses=problems(401, 403, 404, 409, 422, 500, 503),
    dependencies=[Depends(Needs("deliveries:write"))],
)
def replay_delivery(
    id: str,
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Let a delivery go out anew, under its old id.

    A settled one has the whole schedule before it. One that waits for its next attempt is tried
    now instead; one that is on its way, or will be within 90 seconds, is refused, and one to
    an endpoint that is disabled.
    """
    with services.database.write() as conn:
        kept = replays.replay_one(conn, checked_id(id, "dlv"), now=services.now())
    services.intake.on_enqueued()
    return JSONResponse(delivery(kept), 202)

"""GET /v1/deliveries and POST /v1/deliveries/{id}/replay: what went out, and sending it again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import DeliveriesAnswer, DeliveryAnswer
from app.api.answers import delivery
from app.api.ids import checked_id, id_pattern
from app.api.openapi import problems
from app.api.services import Services, services_of
from app.domain import DeliveryStatus
from app.errors import NotFound, Refused
from app.storage import outbox

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
    """Let a settled delivery go out anew: under its old id, with the whole schedule before it."""
    with services.database.write() as conn:
        replayed = outbox.replay(conn, checked_id(id, "dlv"), now=services.now())
        kept = outbox.find(conn, id)
    if kept is None:
        raise NotFound("there is no delivery with this id")
    if not replayed:
        raise Refused("this delivery is on its way already", code="delivery_pending")
    services.intake.on_enqueued()
    return JSONResponse(delivery(kept), 202)

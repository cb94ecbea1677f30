"""GET /deliveries and /deliveries/{id}: what went out to whom, each try with its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.delivery_look import PATH, DeliveryLook, delivery_look_of
from app.dashboard.delivery_rows import Line, Receiver, lines_of, receivers_of
from app.dashboard.failing import PageRoute
from app.dashboard.message_parts import Sent, sent_of
from app.dashboard.rendering import page
from app.dashboard.sessions import Viewer
from app.domain import DeliveryStatus, Role
from app.errors import NotFound
from app.storage import outbox

router = APIRouter(include_in_schema=False, route_class=PageRoute)

LIMIT = 50  # deliveries of a page
MayLook = Annotated[Viewer, Depends(Needs(Role.VIEWER))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page of the list shows."""

    lines: tuple[Line, ...]
    older: str | None  # the address of the next page; None: there is none
    counts: Mapping[DeliveryStatus, int]  # of all, or of the endpoint that is looked at
    receivers: tuple[Receiver, ...]


@router.api_route("/deliveries", methods=["GET", "HEAD"])
async def show(
    request: Request,
    viewer: MayLook,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> Response:
    """Show a page of the list, with the endpoints."""
    look = delivery_look_of(request.query_params)
    seen = await admission.run(lambda: _seen(services, look))
    return await page(
        request,
        "deliveries.html",
        look=look,
        seen=seen,
        statuses=tuple(DeliveryStatus),
        counted=outbox.COUNTED,
    )


@router.api_route("/deliveries/{id}", methods=["GET", "HEAD"])
async def show_one(
    id: str,
    request: Request,
    viewer: MayLook,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> Response:
    """Show a delivery: what is sent, and each attempt with its answer."""
    delivery_id = checked_id(id, "dlv")
    line, sent = await admission.run(lambda: _one(services, delivery_id))
    return await page(request, "delivery.html", one=line, sent=sent, back=PATH)


def _seen(services: Services, look: DeliveryLook) -> Seen:
    with services.database.read() as conn:
        found = outbox.listed(
            conn,
            status=look.status,
            endpoint_id=look.endpoint,
            limit=LIMIT,
            before=look.before,
        )
        lines = lines_of(conn, found)
        counts = outbox.counted(conn, endpoint_id=look.endpoint)
        receivers = receivers_of(conn, services.now())
    older = look.address(before=found[-1].id) if len(found) == LIMIT else None
    return Seen(lines=lines, older=older, counts=counts, receivers=receivers)


def _one(services: Services, delivery_id: str) -> tuple[Line, Sent]:
    with services.database.read() as conn:
        found = outbox.find(conn, delivery_id)
        if found is None:
            raise NotFound("there is no delivery with this id")
        return lines_of(conn, [found])[0], sent_of(conn, [found])[0]

"""GET /numbers and /numbers/data.json: what came in, how fast people were, how right the model."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.remembered import Remembered
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.charts import Chart, alert_charts, model_charts, reply_charts, volume_charts
from app.dashboard.counting import PERIODS, USUAL, Counted, count, period_of
from app.dashboard.failing import PageRoute
from app.dashboard.headers import HEADERS
from app.dashboard.rendering import page, translator_of
from app.dashboard.rows import owner_name
from app.dashboard.sessions import Viewer
from app.dashboard.strings import Translator
from app.domain import Role
from app.routing.owners import Owner

router = APIRouter(include_in_schema=False, route_class=PageRoute)

PATH = "/numbers"
MayLook = Annotated[Viewer, Depends(Needs(Role.VIEWER))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """The charts of the page, part by part."""

    volume: tuple[Chart, ...]
    replies: tuple[Chart, ...]
    model: tuple[Chart, ...]
    alerts: tuple[Chart, ...]

    @property
    def every(self) -> tuple[Chart, ...]:
        """All of them, as the page has them."""
        return (*self.volume, *self.replies, *self.model, *self.alerts)


def remember_numbers(api: FastAPI) -> None:
    """Let an application that has its services count each period once for all who look."""
    api.state.counted = Remembered[int, Counted](
        lambda days: count(api.state.services, days), most=len(PERIODS), monotonic=time.monotonic
    )


async def counted_of(request: Request, viewer: MayLook, days: str = "") -> Counted:
    """Give an endpoint the numbers of the period that is asked for; a dependency."""
    remembered: Remembered[int, Counted] = request.app.state.counted
    return await remembered.get(period_of(days))


Asked = Annotated[Counted, Depends(counted_of)]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def show(
    request: Request,
    counted: Asked,
    services: Annotated[Services, Depends(services_of)],
) -> Response:
    """Show the numbers of a period, each chart with its table."""
    owners = services.intake.policy().owners
    return await page(
        request,
        "numbers.html",
        counted=counted,
        whole=counted.replies.whole,
        broken=_broken(counted),
        charts=_charts(counted, owners, translator_of(request)),
        periods=[(days, address_of(days)) for days in PERIODS],
        source=f"{PATH}/data.json?days={counted.days}",
        name_of=lambda owner: owner_name(owners, owner),
    )


@router.get(f"{PATH}/data.json")
async def data(
    request: Request,
    counted: Asked,
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Give the figures of the page's charts, in the words of the page."""
    owners = services.intake.policy().owners
    charts = _charts(counted, owners, translator_of(request))
    return JSONResponse(
        {
            "days": counted.days,
            "since": counted.since.isoformat(),
            "until": counted.until.isoformat(),
            "figures": _figures(counted),
            "charts": [asdict(chart) for chart in charts.every],
        },
        headers=dict(HEADERS),
    )


def address_of(days: int) -> str:
    """Write the address of the page for a period."""
    return PATH if days == USUAL else f"{PATH}?days={days}"


def _charts(counted: Counted, owners: Mapping[str, Owner], t: Translator) -> Charts:
    return Charts(
        volume=volume_charts(counted, t),
        replies=reply_charts(counted, t),
        model=model_charts(counted, t),
        alerts=alert_charts(counted, owners, t),
    )


def _figures(counted: Counted) -> Mapping[str, Any]:
    return {
        "messages": counted.messages,
        "abstained": counted.unsure,
        "looked_at": counted.looked_at,
        "replies": asdict(counted.replies.whole),
        "broken": _broken(counted),
    }


def _broken(counted: Counted) -> int:
    """Count the promises of which one knows that they were not kept."""
    whole = counted.replies.whole
    return whole.acknowledged - whole.inside + whole.overdue + whole.lapsed

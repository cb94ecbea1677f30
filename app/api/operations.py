"""/livez, /readyz and /metrics: for those who run the service."""

import shutil
import sqlite3
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, PlainTextResponse, Response

from app.api.access import Needs
from app.api.admission import Admission, probe_admission
from app.api.answer_schemas import LiveAnswer, ReadyAnswer
from app.api.openapi import problems
from app.api.services import Services, services_of
from app.errors import AppError
from app.storage import arrivals, claims, outbox
from app.storage.migrations import schema_is_current

router = APIRouter(tags=["operations"])

_MIN_FREE_BYTES = 64 * 1024**2  # below this a write may fail soon
_PING_TIMEOUT_S = 2.0  # readiness must turn red within 5 s (RELIABILITY.md P13)
_PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_WORKING = ("running", "off")  # off: deliveries are another process's work


@router.get("/livez", summary="Whether the process answers", response_model=LiveAnswer)
async def livez() -> JSONResponse:
    """Answer from the event loop alone; touches neither model nor database."""
    return JSONResponse({"alive": True})


@router.get(
    "/readyz",
    summary="Whether messages can be taken",
    response_model=ReadyAnswer,
    responses={503: {"model": ReadyAnswer, "description": "Not ready; the answer says why."}},
)
async def readyz(
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(probe_admission)],
) -> JSONResponse:
    """Look at everything that accepting a message needs.

    Looked at in threads of its own: a database that hangs may hold all others.
    """
    state = await admission.run(partial(readiness, services))
    return JSONResponse(state, 200 if state["ready"] else 503)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=PlainTextResponse,
    responses=problems(401, 403, 500, 503),
    dependencies=[Depends(Needs("metrics"))],
)
def metrics(services: Annotated[Services, Depends(services_of)]) -> Response:
    """Give the service's figures; those of the outbox are read for each scrape."""
    services.metrics.show_waiting(services.waiting())
    try:
        _show_deliveries(services)
    except AppError:
        services.metrics.show_database_down()
    return Response(services.metrics.render(), media_type=_PROMETHEUS_TEXT)


def readiness(services: Services) -> dict[str, Any]:
    """Tell what each part that accepting a message needs is doing; also for `inlet doctor`."""
    database = _database_state(services)
    parts = {
        "model": "ok" if services.model_ready() else "loading",
        "database": database,
        "schema": _schema_state(services) if database == "ok" else "unknown",
        "disk": _disk_state(services.settings.data_dir),
    }
    loops = services.loops()
    ready = all(state == "ok" for state in parts.values())
    working = all(state in _WORKING for state in loops.values())
    state = {"ready": ready and working, **parts, **loops}
    # A policy that cannot be read leaves the one before it in force: no reason to take nothing.
    state |= {"policy": "refused" if services.policy_problem() else "ok"}
    state |= {"model_version": services.model_version()}
    if services.database.dialect == "sqlite":
        state["sqlite_version"] = sqlite3.sqlite_version
    return state


def _database_state(services: Services) -> str:
    try:
        services.database.ping(timeout_s=_PING_TIMEOUT_S)
    except AppError:
        return "down"
    return "ok"


def _schema_state(services: Services) -> str:
    try:
        return "ok" if schema_is_current(services.database) else "outdated"
    except AppError:
        return "unknown"


def _disk_state(folder: Path) -> str:
    """Look at the disk of the data; where the folder is missing, nothing is written there."""
    if not folder.exists():
        return "ok"
    return "ok" if shutil.disk_usage(folder).free >= _MIN_FREE_BYTES else "full"


def _show_deliveries(services: Services) -> None:
    with services.database.read() as conn:
        counts = outbox.counts(conn)
        due_at = claims.oldest_due_at(conn)
        arrived = arrivals.counts(conn)
    age_s = 0.0 if due_at is None else (services.now() - due_at).total_seconds()
    services.metrics.show_deliveries(counts, age_s)
    services.metrics.show_arrivals(arrived)

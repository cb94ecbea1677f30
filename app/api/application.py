"""Put the HTTP edge together: routes, error answers, layers around them."""

from typing import Any

from starlette.types import Lifespan

from app.api import (
    arrivals,
    classify,
    deliveries,
    inbound,
    messages,
    operations,
    pages,
    rasa,
    replies,
    review,
    sla,
)
from app.api.admission import Admission
from app.api.budget import Budget
from app.api.load_shedding import LoadShedding
from app.api.middleware import Guarded, Observed
from app.api.openapi import InletAPI
from app.api.problems import HANDLERS
from app.api.services import Services
from app.explaining import MAX_RUNNING

_DESCRIPTION = (
    "Says what the sender of an inbound business message wants, with calibrated probabilities, "
    "and hands it to whoever should answer."
)
_BATCHES = 8  # of messages on their way in at once: two in passes, and those that wait
_PROVIDERS = 32  # requests of providers being kept or judged at once
_PROVIDER_BYTES = 256 * 1024 * 1024  # of their bodies in memory: four of the largest
_PAGES = 16  # behind the links of alerts, at once
_PROBES = 4  # looks at /readyz at once; each ends within seconds
# FastAPI would give request bodies to any OpenTelemetry provider that it finds; ours are private.
_NO_TELEMETRY: Any = {"auto_configure": False, "tracing": False, "metrics": False, "logs": False}


def create_api(
    services: Services, *, version: str = "0.1.0", lifespan: Lifespan[Any] | None = None
) -> InletAPI:
    """Make the application that a server runs.

    Args:
        services: What stands behind the endpoints; it need not have been started yet.
        version: Of Inlet, for /docs.
        lifespan: What starts and stops the services.
    """
    api = InletAPI(
        title="Inlet",
        version=version,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,  # a redirect would be built from the caller's Host header
        exception_handlers=dict(HANDLERS),
        telemetry=_NO_TELEMETRY,
    )
    api.state.services = services
    api.state.intake_admission = Admission(
        _BATCHES * services.settings.max_batch,
        refusal="too many messages are being accepted; come back in a second",
    )
    api.state.inbound_admission = Admission(
        _PROVIDERS, refusal="too much is being sent to us; send it again in a second"
    )
    api.state.inbound_budget = Budget(_PROVIDER_BYTES)
    api.state.explain_admission = Admission(
        MAX_RUNNING, refusal="enough is being explained now; ask without explain, or later"
    )
    api.state.probe_admission = Admission(_PROBES, refusal="the state is being looked at")
    api.state.page_admission = Admission(_PAGES, refusal="too many pages are being asked for")
    for module in (
        classify,
        messages,
        replies,
        review,
        pages,
        inbound,
        rasa,
        arrivals,
        deliveries,
        sla,
        operations,
    ):
        api.include_router(module.router)
    api.add_middleware(LoadShedding, path=classify.PATH, services=services)
    api.add_middleware(Guarded)
    api.add_middleware(Observed, metrics=services.metrics)  # added last, so the outermost
    return api

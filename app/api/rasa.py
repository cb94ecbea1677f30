"""POST /model/parse: stands in for the parse call of a Rasa server."""

import hmac
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.body import json_body
from app.api.classify import predicted
from app.api.openapi import problems
from app.api.services import Services, services_of
from app.errors import Refused
from app.inbound.chat.rasa import parse_answer, parse_request, parse_token
from app.inbound.values import Unreadable
from models.text.compose import compose_text

router = APIRouter(tags=["classify"])

_RASA = "rasa"


@router.post(
    "/model/parse",
    summary="Classify a text as Rasa's own server would",
    responses=problems(400, 401, 403, 408, 413, 415, 422, 500, 503),
)
async def parse(
    request: Request,
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Give intents and their ranking; `nlu_fallback` comes first where the model abstained.

    A Rasa bot sends the token of its `endpoints.yml` in the body: INLET_RASA_SECRET, or nothing
    where an API key is sent as everywhere else.
    """
    try:
        if not _has_token(request, raw, services):
            await Needs("classify")(request)
        text = parse_request(raw)
    except Unreadable as error:
        raise Refused(error.detail, code=error.code) from None
    [prediction] = await predicted(services, [compose_text("", text)])
    return JSONResponse(parse_answer(text, services.for_channel(prediction, "chat")))


def _has_token(request: Request, raw: bytes, services: Services) -> bool:
    """Whether the call shows the secret of the Rasa source, in its body or its query."""
    keys = services.settings.sources.get(_RASA)
    if keys is None or not keys.secret:
        return False
    shown = parse_token(raw) or request.query_params.get("token", "")
    return hmac.compare_digest(shown.encode(), keys.secret.encode())

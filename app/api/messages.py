"""POST /v1/messages and GET /v1/messages/{id}: what comes in, and what became of it."""

import hashlib
import re
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.admission import Admission, intake_admission
from app.api.answer_schemas import AcceptedAnswer, MessageAnswer
from app.api.answers import accepted, whole
from app.api.auth import Caller
from app.api.body import json_body, parsed
from app.api.ids import checked_id
from app.api.openapi import body_of, parameter, problems
from app.api.reading import read_message
from app.api.schemas import MESSAGE_EXAMPLES, MessageRequest
from app.api.services import Services, services_of
from app.errors import NotFound, Refused
from app.storage import messages, outbox
from app.storing import Idempotency

router = APIRouter(tags=["messages"])

_MAX_KEY_CHARS = 255
_KEY = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_KEY_HELP = (
    "Send the same key with the same body again, and the first answer is repeated for "
    "INLET_IDEMPOTENCY_HOURS. Visible ASCII."
)


@router.post(
    "/v1/messages",
    summary="Take a message in",
    status_code=201,
    response_model=AcceptedAnswer,
    responses=problems(400, 401, 403, 408, 409, 413, 415, 422, 500, 503),
    openapi_extra={
        **body_of(MessageRequest, examples=MESSAGE_EXAMPLES),
        "parameters": [parameter("Idempotency-Key", _KEY_HELP, pattern=f"^{_KEY.pattern}$")],
    },
)
async def accept_message(
    caller: Annotated[Caller, Depends(Needs("messages:write"))],
    request: Request,
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(intake_admission)],
) -> JSONResponse:
    """Classify a message, decide on it, store it and start its deliveries: all or nothing.

    It is on disk when 201 is answered. A repeat, by `Idempotency-Key` or by `message_id`, gets
    the first answer again, with the header `Idempotency-Replayed: true`.
    """
    idempotency = _idempotency(request, caller, raw)
    read = partial(
        read_message, max_text_chars=services.settings.max_text_chars, now=services.now()
    )
    message = await parsed(raw, read)
    accept = partial(services.intake.accept, message, idempotency=idempotency)
    receipt = await admission.run(accept)
    headers = {"Location": f"/v1/messages/{receipt.stored.message.id}"}
    if receipt.replayed:
        headers["Idempotency-Replayed"] = "true"
    else:
        services.metrics.count_accepted()
    return JSONResponse(accepted(receipt.stored), 201, headers=headers)


@router.get(
    "/v1/messages/{id}",
    summary="Look a message up",
    response_model=MessageAnswer,
    responses=problems(401, 403, 404, 422, 500, 503),
    dependencies=[Depends(Needs("messages:read"))],
)
def find_message(
    id: str,
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Give a message with its prediction, its decision, and how far its deliveries are."""
    with services.database.read() as conn:
        stored = messages.find(conn, checked_id(id, "msg"))
        if stored is None:
            raise NotFound("there is no message with this id")
        history = {one.id: outbox.attempts_of(conn, one.id) for one in stored.deliveries}
    return JSONResponse(whole(stored, history))


def _idempotency(request: Request, caller: Caller, raw: bytes) -> Idempotency | None:
    """Read the key under which this call may be repeated, if there is one."""
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        raise Refused(
            f"Idempotency-Key must be 1 to {_MAX_KEY_CHARS} visible ASCII characters, once",
            code="bad_idempotency_key",
        )
    return Idempotency(owner=caller.owner, key=given[0], body_sha256=hashlib.sha256(raw).digest())

"""POST /v1/inbound/{source}: what mail providers and chat platforms send us."""

import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.api.access import Needs
from app.api.admission import Admission, inbound_admission
from app.api.body import read_body
from app.api.budget import Budget
from app.api.openapi import body_of, problems
from app.api.problems import problem
from app.api.services import Services, services_of
from app.errors import AppError, Overloaded, Refused
from app.inbound.chat.generic import ChatRequest
from app.inbound.values import NotAuthentic, Post, Reply, Source, Unreadable
from app.mailroom import CHAT, EMAIL, Desk

router = APIRouter(tags=["inbound"])

MAX_MAIL_BYTES = 35 * 1024 * 1024  # RELIABILITY.md P20
CHAT_EXAMPLES = {
    "a line": {
        "value": {
            "conversation_id": "visit-81",
            "message_id": "3",
            "text": "Could we see a demo next week?",
            "sender": {"email": "ann@example.com"},
        }
    }
}
_SENT_BADLY = ("body_timeout", "incomplete_body")  # a 4xx would lose the mail: it is sent again
_MAIL_TYPES = ("message/rfc822", "application/octet-stream", "text/plain")
_PACKED = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


@router.post(
    "/v1/inbound/email",
    summary="Take a raw mail in",
    status_code=202,
    responses=problems(400, 401, 403, 408, 413, 415, 500, 503),
    dependencies=[Depends(Needs("messages:write"))],
)
async def receive_mail(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(inbound_admission)],
) -> JSONResponse:
    """Keep a whole mail, as `message/rfc822`; it is read in the background, each mail once."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _MAIL_TYPES:
        raise Refused("send Content-Type: message/rfc822", code="unsupported_media_type")
    async with _body_of(request, services, MAX_MAIL_BYTES) as whole:
        kept = await admission.run(lambda: _keep(services, whole()))
    return JSONResponse({"id": kept}, 202)


def _keep(services: Services, post: Post) -> str:
    if not post.body.strip():
        raise Refused("the body is empty; send the whole mail", code="bad_request")
    return services.mailroom.keep(EMAIL, post)


@router.post(
    "/v1/inbound/chat",
    summary="Take a line of a chat in, and say whether a person should take over",
    responses=problems(400, 401, 403, 408, 413, 415, 422, 500, 503),
    openapi_extra=body_of(ChatRequest, examples=CHAT_EXAMPLES),
    dependencies=[Depends(Needs("messages:write"))],
)
async def receive_chat(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(inbound_admission)],
) -> Response:
    """Judge what one person wrote in a conversation, together with what they wrote just before."""
    desk = services.mailroom.desk(CHAT)
    return await _received(desk, services.mailroom.judge, request, services, admission)


@router.head("/v1/inbound/{source}", include_in_schema=False)
async def show_presence(
    source: str, services: Annotated[Services, Depends(services_of)]
) -> Response:
    """Tell a provider that checks the address whether it is switched on."""
    services.mailroom.desk(source)
    return Response()


@router.post("/v1/inbound/mailgun/mime", include_in_schema=False)
async def receive_raw_from_mailgun(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(inbound_admission)],
) -> Response:
    """Take Mailgun's raw mails: it sends them where an address ends in `mime`."""
    return await _proved("mailgun", request, services, admission)


@router.post(
    "/v1/inbound/{source}",
    summary="Take in what a provider or a chat platform sends",
    responses=problems(400, 401, 404, 408, 413, 422, 429, 500, 503),
)
async def receive(
    source: str,
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(inbound_admission)],
) -> Response:
    """Prove that the provider sent it, keep it, and answer as that provider needs.

    A source whose keys are not set is answered 404.
    """
    return await _proved(source, request, services, admission)


async def _proved(
    name: str, request: Request, services: Services, admission: Admission
) -> Response:
    """Take what a provider proves to have sent, at once where it waits for the decision."""
    desk, mailroom = services.mailroom.desk(name), services.mailroom
    take = mailroom.take if desk.source.answer is None else mailroom.answer
    return await _received(desk, take, request, services, admission)


async def _received(
    desk: Desk,
    take: Callable[[Desk, Post], Reply],
    request: Request,
    services: Services,
    admission: Admission,
) -> Response:
    try:
        async with _body_of(request, services, desk.source.max_bytes) as whole:
            reply = await admission.run(lambda: take(desk, whole()))
    except (NotAuthentic, Unreadable, Overloaded) as error:
        return _refusal(error, desk.source, request)
    except Refused as error:
        if error.code not in _SENT_BADLY:
            raise
        return _refusal(Overloaded(error.detail), desk.source, request)
    return Response(reply.body, reply.status, media_type=reply.content_type)


def _refusal(error: AppError, source: Source, request: Request) -> Response:
    """Answer with the code that makes this provider do the right thing."""
    status, headers = source.unreadable_status, {}
    if isinstance(error, NotAuthentic):
        status = source.refused_status
    if isinstance(error, Overloaded):
        status, headers = source.busy_status, {"Retry-After": str(error.retry_after_s)}
    return problem(request.scope, status, error.code, error.detail, headers=headers)


@asynccontextmanager
async def _body_of(
    request: Request, services: Services, max_bytes: int
) -> AsyncIterator[Callable[[], Post]]:
    """Read a body within all limits, and give what makes a Post of it, in a thread.

    Unpacking a body takes longer than the event loop may be held.
    """
    budget: Budget = request.app.state.inbound_budget
    taken = _Taken(budget)
    try:
        raw = await read_body(
            request, max_bytes=max_bytes, deadline_s=services.body_deadline_s, take=taken
        )
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            taken(max_bytes)  # what it may become
        yield partial(_post_of, request, services, raw, max_bytes)
    finally:
        budget.give_back(taken.size)


class _Taken:
    """What one request holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.size = 0

    def __call__(self, size: int) -> None:
        self._budget.take(size)
        self.size += size


def _post_of(request: Request, services: Services, raw: bytes, max_bytes: int) -> Post:
    """Give a request as it came, unpacked."""
    headers = dict(reversed(request.headers.items()))  # of one sent twice, the first stands
    packing = headers.get("content-encoding", "identity").strip().lower()
    return Post(
        url=_url_of(request, services.settings.public_url),
        query=dict(request.query_params),
        headers=headers,
        body=raw if packing == "identity" else unpacked(raw, packing, max_bytes=max_bytes),
        received_at=services.now(),
    )


def unpacked(raw: bytes, packing: str, *, max_bytes: int) -> bytes:
    """Undo a Content-Encoding.

    Raises:
        Refused: It is none that we know, is broken, or holds more than is read of a body.
    """
    if packing not in _PACKED:
        raise Refused("send the body plain, gzip or deflate", code="unsupported_media_type")
    stream = zlib.decompressobj(_PACKED[packing])
    try:
        plain = stream.decompress(raw, max_bytes + 1)
    except zlib.error:
        raise Refused(
            "the body is not what its Content-Encoding says", code="bad_request"
        ) from None
    if len(plain) > max_bytes:
        raise Refused(f"the body is larger than {max_bytes} bytes", code="too_large")
    if not stream.eof or stream.unused_data:  # cut short, or more than one
        raise Refused("the body is not what its Content-Encoding says", code="bad_request")
    return plain


def _url_of(request: Request, public_url: str | None) -> str:
    """Give the address as the provider called it; behind a proxy only the operator knows it."""
    if public_url is None:
        return str(request.url)
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{public_url}{request.url.path}{query}"

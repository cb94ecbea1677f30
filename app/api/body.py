"""Read a request's body within limits: type, size and time are checked before any parsing."""

import asyncio
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from app.api.services import Services, services_of
from app.errors import Refused

_Parsed = TypeVar("_Parsed")

_BESIDE_LOOP_BYTES = 16_384  # parsing more than this takes milliseconds that /livez would wait
_DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


async def json_body(request: Request, services: Annotated[Services, Depends(services_of)]) -> bytes:
    """Give the raw bytes of a JSON body; the dependency of every endpoint that takes one."""
    check_json_type(request.headers)
    return await read_body(
        request,
        max_bytes=services.settings.max_body_bytes,
        deadline_s=services.body_deadline_s,
    )


async def parsed(raw: bytes, parse: Callable[[bytes], _Parsed]) -> _Parsed:
    """Parse a body, a large one in a thread so that the event loop keeps answering."""
    if len(raw) > _BESIDE_LOOP_BYTES:
        return await run_in_threadpool(parse, raw)
    return parse(raw)


def check_json_type(headers: Headers) -> None:
    """Refuse a body that is not said to be plain JSON in UTF-8.

    Raises:
        Refused: `unsupported_media_type`.
    """
    types = headers.getlist("content-type")
    if len(types) != 1 or not _is_json(types[0]):
        raise _unsupported("send Content-Type: application/json, in UTF-8")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise _unsupported("send the body without Content-Encoding")


async def read_body(
    request: Request,
    *,
    max_bytes: int,
    deadline_s: float,
    take: Callable[[int], None] = lambda _size: None,
) -> bytes:
    """Read a whole body, and stop as soon as it is too large or too slow.

    Args:
        request: Whose body it is.
        max_bytes: That it may have.
        deadline_s: Until its end.
        take: Told the size of each piece before it is kept; may refuse it.

    Raises:
        Refused: `too_large`, `body_timeout` or `incomplete_body`.
    """
    _check_announced(request.headers.get("content-length"), max_bytes)
    try:
        async with asyncio.timeout(deadline_s):
            return await _collect(request, max_bytes, take)
    except TimeoutError:
        raise Refused("the body did not arrive in time", code="body_timeout") from None
    except ClientDisconnect:
        raise Refused("the body ended early", code="incomplete_body") from None


async def _collect(request: Request, max_bytes: int, take: Callable[[int], None]) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > max_bytes:
            raise _too_large(max_bytes)
        take(len(chunk))
        body += chunk
    return bytes(body)


def _check_announced(length: str | None, max_bytes: int) -> None:
    """Refuse by Content-Length alone, so that a huge body costs nothing."""
    if length is None:
        return
    if not length.isascii() or not length.isdigit():
        raise Refused("Content-Length is not a number", code="bad_request")
    if not _DIGITS.fullmatch(length) or int(length) > max_bytes:
        raise _too_large(max_bytes)


def _is_json(content_type: str) -> bool:
    media_type, *parameters = content_type.split(";", maxsplit=8)
    if media_type.strip().lower() != "application/json":
        return False
    return all(_keeps_utf8(parameter) for parameter in parameters)


def _keeps_utf8(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip().lower() != "charset" or value.strip(' "').lower() in ("utf-8", "utf8")


def _unsupported(detail: str) -> Refused:
    return Refused(detail, code="unsupported_media_type")


def _too_large(max_bytes: int) -> Refused:
    return Refused(f"the body is larger than {max_bytes} bytes", code="too_large")

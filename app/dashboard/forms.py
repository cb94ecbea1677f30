"""The fields of a form that a page sent, read within limits, once for all who need them."""

from urllib.parse import parse_qsl

from starlette.datastructures import Headers, ImmutableMultiDict
from starlette.requests import Request

from app.api.body import read_body
from app.api.services import services_behind
from app.errors import Refused

Fields = ImmutableMultiDict[str, str]

MAX_FIELDS = 256
_TYPE = "application/x-www-form-urlencoded"


async def fields(request: Request) -> Fields:
    """Give the fields of a form; none where the request has no body. A dependency.

    Not FastAPI's `Form`: its size and time have no bounds.

    Raises:
        Refused: `unsupported_media_type`, `bad_request`, and what `read_body` raises.
    """
    return await small_fields(request, services_behind(request).settings.max_body_bytes)


async def small_fields(request: Request, max_bytes: int) -> Fields:
    """Give the fields of a form that has at most so many bytes; see `fields`."""
    known: Fields | None = getattr(request.state, "fields", None)
    if known is None:
        deadline_s = services_behind(request).body_deadline_s
        raw = await read_body(request, max_bytes=max_bytes, deadline_s=deadline_s)
        known = request.state.fields = _parsed(raw, request.headers)
    return known


def _parsed(raw: bytes, headers: Headers) -> Fields:
    if not raw:
        return ImmutableMultiDict()
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _TYPE:
        raise Refused(f"send a form as {_TYPE}", code="unsupported_media_type")
    try:
        pairs = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
        )
    except ValueError:
        raise Refused("the form cannot be read", code="bad_request") from None
    return ImmutableMultiDict(pairs)

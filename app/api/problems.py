"""Every error's answer: one table from the error tree to HTTP, and one body that never echoes."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Scope

from app.errors import (
    AppError,
    ConfigError,
    Duplicate,
    EndpointRejected,
    FetchFailed,
    Forbidden,
    KeyReused,
    MessageRejected,
    NotFound,
    Overloaded,
    PredictionLate,
    Refused,
    StorageDown,
    Unauthenticated,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
STATUS: Mapping[type[AppError], int] = {
    AppError: 500,
    Refused: 422,
    MessageRejected: 422,
    EndpointRejected: 422,
    KeyReused: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Duplicate: 409,
    Overloaded: 503,
    FetchFailed: 503,
    PredictionLate: 503,
    StorageDown: 503,
    ConfigError: 500,
}
STATUS_OF_CODE: Mapping[str, int] = {  # codes that need another status than their error's
    "bad_encoding": 400,
    "bad_idempotency_key": 400,
    "bad_json": 400,
    "bad_request": 400,
    "incomplete_body": 400,
    "body_timeout": 408,
    "head_timeout": 408,
    "delivery_pending": 409,
    "endpoint_disabled": 409,
    "arrival_settled": 409,
    "too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "headers_too_large": 431,
}
MAX_PROBLEMS = 20  # enough to mend a request by; the rest would only make the answer long
_CODE_OF_STATUS = {404: "not_found", 405: "method_not_allowed"}


class InvalidInput(Refused):
    """Input that reads well but does not fit: names each path and what is wrong there."""

    code = "invalid"

    def __init__(
        self, detail: str, problems: Sequence[tuple[str, str]], *, code: str | None = None
    ) -> None:
        super().__init__(detail, code=code)
        # (path, what is wrong), our own words only
        self.problems = tuple(dict.fromkeys(problems))[:MAX_PROBLEMS]


def status_of(error: AppError) -> int:
    """Tell the HTTP status of an expected error."""
    if isinstance(error, Refused | Forbidden) and error.code in STATUS_OF_CODE:
        return STATUS_OF_CODE[error.code]
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem_of(error: AppError, scope: Scope) -> JSONResponse:
    """Answer an expected error."""
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return internal_problem(scope)
    members: dict[str, Any] = {}
    if isinstance(error, InvalidInput):
        members["errors"] = [{"path": path, "problem": what} for path, what in error.problems]
    return problem(scope, status, error.code, error.detail, members, _headers(error))


def internal_problem(scope: Scope) -> JSONResponse:
    """Answer what nobody expected, without any detail: the log has it under the request's id."""
    return problem(scope, 500, "internal", "something went wrong on our side")


def problem(
    scope: Scope,
    status: int,
    code: str,
    detail: str,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Build a problem document; `code` is what programs may rely on.

    Source:
        RFC 9457, "Problem Details for HTTP APIs": with about:blank, title is the status phrase.
    """
    state = scope.setdefault("state", {})
    state["problem_code"] = code
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": state.get("request_id"),
        **(members or {}),
    }
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


async def on_app_error(request: Request, error: AppError) -> JSONResponse:
    """Answer an expected error that an endpoint raised, and name what brought it about."""
    if error.__cause__ is not None:
        cause_type = type(error.__cause__).__qualname__
        log.warning("request_not_served", code=error.code, cause_type=cause_type)
    return problem_of(error, request.scope)


async def on_http_exception(request: Request, error: HTTPException) -> JSONResponse:
    """Answer the router's own refusals: no such path, no such method (with Allow)."""
    code = _CODE_OF_STATUS.get(error.status_code, "http_error")
    detail = HTTPStatus(error.status_code).phrase
    return problem(request.scope, error.status_code, code, detail, None, error.headers)


async def on_invalid_parameters(request: Request, error: RequestValidationError) -> JSONResponse:
    """Answer query or path parameters that do not fit."""
    problems = [_parameter_problem(found) for found in error.errors()]
    refused = InvalidInput("a parameter does not fit; see errors", problems)
    return problem_of(refused, request.scope)


HANDLERS: Mapping[Any, Any] = {
    AppError: on_app_error,
    HTTPException: on_http_exception,
    RequestValidationError: on_invalid_parameters,
}


def in_words(found: Mapping[str, Any]) -> str:
    """Say what Pydantic found without its expressions; its sentences never hold the input."""
    if found["type"] == "string_pattern_mismatch":
        return "does not have the form that /docs gives"
    return str(found["msg"]).removeprefix("Value error, ")


def _parameter_problem(found: Mapping[str, Any]) -> tuple[str, str]:
    if found["type"] == "extra_forbidden":  # the name is the caller's: not repeated
        return str(found["loc"][0]), "unknown parameter"
    return ".".join(map(str, found["loc"])), in_words(found)


def _headers(error: AppError) -> dict[str, str]:
    headers = MutableHeaders()
    if isinstance(error, Overloaded):
        headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, Duplicate):  # the first stands by then, and a repeat will find it
        headers["Retry-After"] = "1"
    elif isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="inlet"'
    return dict(headers)

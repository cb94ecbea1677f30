"""What a person sees where a page cannot be shown; programs go on getting problem documents."""

from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.api.problems import (
    internal_problem,
    on_http_exception,
    on_invalid_parameters,
    problem_of,
)
from app.dashboard.rendering import answer, rendered, toast, translator_of
from app.errors import AppError, Refused

log = structlog.get_logger(__name__)

_KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
_PROGRAMS = ("/v1/", "/static/", "/metrics", "/livez", "/readyz")  # never asked for by a person


class PageRoute(APIRoute):
    """A route whose errors are pages: `APIRouter(route_class=PageRoute)`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Give what serves a request of this route."""
        serve = super().get_route_handler()

        async def serve_or_tell(request: Request) -> Response:
            try:
                return await serve(request)
            except AppError as error:
                return _app_error_page(request, error)
            except RequestValidationError as error:
                return error_page(request, await on_invalid_parameters(request, error))
            except HTTPException as error:
                return await _http_page(request, error)

        return serve_or_tell


async def on_any_http_exception(request: Request, error: HTTPException) -> Response:
    """Answer the router's own refusals: with a page where a person asked for one."""
    if wants_page(request.scope):
        return await _http_page(request, error)
    return await on_http_exception(request, error)


def on_internal(scope: Scope) -> Response:
    """Answer what nobody expected: with a page where a person asked for one."""
    problem = internal_problem(scope)
    return error_page(Request(scope), problem) if wants_page(scope) else problem


def wants_page(scope: Scope) -> bool:
    """Whether a person's browser asks, and not a program."""
    if scope["path"].startswith(_PROGRAMS):
        return False
    return "text/html" in Headers(scope=scope).get("accept", "")


def error_page(request: Request, problem: Response, detail: str = "") -> Response:
    """Say in a person's words what a problem document says.

    Args:
        request: What was asked.
        problem: The answer that a program would get; its status and some headers are kept.
        detail: How to mend it, where that is known.
    """
    status = problem.status_code
    headers = {name: problem.headers[name] for name in _KEPT if name in problem.headers}
    t = translator_of(request)
    kind = str(status) if f"error.{status}.title" in t.texts else "other"
    if "hx-request" in request.headers:  # htmx leaves the page as it is
        told = toast(detail or t(f"error.{kind}.title"), kind="bad")
        return answer(request, "", status_code=status, headers=headers | told)
    reference = request.scope.get("state", {}).get("request_id") or ""
    text = rendered(request, "error.html", kind=kind, detail=detail, reference=reference)
    return answer(request, text, status_code=status, headers=headers)


def _app_error_page(request: Request, error: AppError) -> Response:
    if error.__cause__ is not None:
        cause_type = type(error.__cause__).__qualname__
        log.warning("request_not_served", code=error.code, cause_type=cause_type)
    detail = error.detail if isinstance(error, Refused) else ""
    return error_page(request, problem_of(error, request.scope), detail)


async def _http_page(request: Request, error: HTTPException) -> Response:
    redirected = error.status_code < 400 or "HX-Redirect" in (error.headers or {})
    if redirected:  # to sign in
        return Response(status_code=error.status_code, headers=error.headers)
    return error_page(request, await on_http_exception(request, error))

"""Around every request: its id, its limits, its log line, and the answer where something broke."""

import re
import time
import traceback
import uuid
from pathlib import Path
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.metrics import UNMATCHED, Metrics
from app.api.problems import internal_problem, problem_of
from app.api.refusal_log import RefusalLog
from app.errors import Refused

MAX_HEADERS = 100  # RELIABILITY.md P21
MAX_HEADER_BYTES = 32_768  # names and values of all of them
MAX_URI_BYTES = 8_192
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)

log = structlog.get_logger(__name__)


class Observed:
    """Give each request an id, a log line and its figures; answer 500 where something broke.

    The outermost of our layers. An exception ends here: a server would log it whole, and its
    sentence may hold what a caller wrote.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._refusals = RefusalLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["request_id"] = _request_id(Headers(scope=scope))
        answer = _Answer(scope, receive, send)
        with structlog.contextvars.bound_contextvars(request_id=scope["state"]["request_id"]):
            try:
                await self._app(scope, answer.receive, answer.send)
            except Exception as error:  # noqa: BLE001  the outermost loop of a request
                log.error("request_failed", error_type=type(error).__qualname__, at=_place(error))
                if answer.status is None:
                    state = getattr(scope.get("app"), "state", None)
                    told = getattr(state, "on_internal", internal_problem)
                    await told(scope)(scope, answer.receive, answer.send)
            self._note(scope, answer)

    def _note(self, scope: Scope, answer: "_Answer") -> None:
        found = getattr(scope.get("route"), "path", UNMATCHED)
        route = scope["state"].get("route", found)  # of what was refused on the way there
        status = answer.status or 500
        duration_s = time.perf_counter() - answer.started_s
        self._metrics.count_request(scope["method"], route, status, duration_s)
        if scope["state"].get("shed") and not self._refusals.is_first():
            return
        log.info(
            "request",
            method=scope["method"][:16],
            route=route,
            status=status,
            code=scope["state"].get("problem_code"),
            duration_ms=round(duration_s * 1_000, 1),
        )


class Guarded:
    """Refuse a request whose head alone shows that it is hostile or cannot be understood."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            check_head(scope)
        except Refused as error:
            await problem_of(error, scope)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _Answer:
    """What goes back to the caller, as it is sent."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._body_read = not _has_body(Headers(scope=scope))
        self.status: int | None = None
        self.started_s = time.perf_counter()

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            self._body_read = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._add_headers(MutableHeaders(raw=message["headers"]))
        await self._send(message)

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers["X-Request-ID"] = self._scope["state"]["request_id"]
        headers["X-Content-Type-Options"] = "nosniff"
        if self._scope["path"].startswith("/v1"):
            headers["Cache-Control"] = "no-store"
        if not self._body_read:  # else the server would go on reading what nobody wants
            headers["Connection"] = "close"


def check_head(scope: Scope) -> None:
    """Check what every request must keep, whichever parser the server has.

    Raises:
        Refused: `headers_too_large`, `uri_too_long` or `bad_request`.

    Source:
        RFC 9112 section 3.2 (exactly one Host) and section 6.3 (Content-Length beside
        Transfer-Encoding is how requests are smuggled).
    """
    raw: list[tuple[bytes, bytes]] = scope["headers"]
    size = sum(len(name) + len(value) for name, value in raw)
    if len(raw) > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise Refused("the headers are too many or too large", code="headers_too_large")
    if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > MAX_URI_BYTES:
        raise Refused("the address is too long", code="uri_too_long")
    names = [name.lower() for name, _ in raw]
    if names.count(b"host") != 1:
        raise Refused("send exactly one Host header", code="bad_request")
    if b"transfer-encoding" in names and b"content-length" in names:
        raise Refused("send Content-Length or Transfer-Encoding, not both", code="bad_request")


def _place(error: BaseException) -> str:
    """Tell where an error was raised; what it says may hold what a caller wrote."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"


def _request_id(headers: Headers) -> str:
    """Keep the caller's id where it is harmless in a log, else make one."""
    given: Any = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid.uuid4())

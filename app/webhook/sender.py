"""The one way out: what is sent becomes an answer, whatever the receiver does."""

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import httpcore2

from app.domain import Answer
from app.errors import EndpointRejected
from app.webhook.formats.steps import Outgoing, Reply, Request
from app.webhook.guard import Guard
from app.webhook.retry import parse_retry_after
from app.webhook.smtp import send_mail
from app.webhook.target import Target, parse_target
from app.webhook.transport import (
    MAX_ANSWER_BYTES,
    Deadline,
    GuardedBackend,
    TooLargeError,
)

EXCERPT_BYTES = 1_024

_ERROR_CODES: tuple[tuple[type[Exception], str], ...] = (  # the first that fits
    (EndpointRejected, "blocked_address"),
    (TooLargeError, "too_large"),
    (TimeoutError, "timeout"),
    (socket.gaierror, "dns_error"),
    (ConnectionRefusedError, "connection_refused"),
    (ssl.SSLError, "tls_error"),
    (OSError, "protocol_error"),  # reset, closed
    (httpcore2.ProtocolError, "protocol_error"),
    (httpcore2.NetworkError, "protocol_error"),
)
_FAILURES = tuple(error for error, _ in _ERROR_CODES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of getting a document."""

    status_code: int | None  # None where no HTTP answer came
    error_code: str | None = None
    body: bytes = b""

    @property
    def found(self) -> bool:
        """Whether the document is there; only 200 is."""
        return self.status_code == 200


class Sender:
    """Posts to receivers, each attempt on a connection of its own; threads may share it.

    Follows no redirect, keeps no cookie, asks no proxy, inflates nothing, and reads 64 KiB at most.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        timeout_s: float,
        ssl_context: ssl.SSLContext | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Set what every attempt obeys.

        Args:
            guard: Says where attempts may go.
            timeout_s: Seconds from the look-up of the name to the last byte of the answer.
            ssl_context: Trust; the system's store where it is None.
            now: The wall clock, for a Retry-After that is a date.
        """
        self._guard = guard
        self._timeout_s = timeout_s
        self._ssl_context = ssl_context or httpcore2.default_ssl_context()
        self._now = now
        self._user_agent = f"Inlet/{_version()}"

    def begin(self) -> Callable[[Outgoing], Reply]:
        """Begin an attempt: what sends its steps, all within one deadline.

        Whatever a receiver does is an answer, never an exception.
        """
        return partial(self._send, Deadline(time.monotonic() + self._timeout_s))

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Make an attempt of one step."""
        request = Request(method="POST", url=url, headers=headers, body=body)
        return self.begin()(request).answer

    def fetch(self, url: str, headers: Mapping[str, str], *, max_bytes: int) -> Fetched:
        """Get a document whole, or the reason why there is none; never an exception."""
        deadline = Deadline(time.monotonic() + self._timeout_s)
        room = max_bytes + MAX_ANSWER_BYTES  # for the headers
        try:
            request = Request(method="GET", url=url, headers=headers)
            with self._stream(request, deadline, room) as response:
                body = _whole(response, max_bytes)
                return Fetched(status_code=response.status, body=body)
        except _FAILURES as error:
            return Fetched(status_code=None, error_code=_error_code(error))

    def _send(self, deadline: Deadline, outgoing: Outgoing) -> Reply:
        started = time.monotonic()
        try:
            reply = self._step(outgoing, deadline)
        except _FAILURES as error:
            reply = Reply(answer=Answer(status_code=None, error_code=_error_code(error)))
        took_ms = round((time.monotonic() - started) * 1000, 1)
        return replace(reply, answer=replace(reply.answer, duration_ms=took_ms))

    def _step(self, outgoing: Outgoing, deadline: Deadline) -> Reply:
        if isinstance(outgoing, Request):
            return self._exchange(outgoing, deadline)
        trust = self._ssl_context
        return Reply(answer=send_mail(outgoing, self._guard, deadline=deadline, trust=trust))

    def _exchange(self, request: Request, deadline: Deadline) -> Reply:
        with self._stream(request, deadline, MAX_ANSWER_BYTES) as response:
            body = _beginning(response)
            return Reply(answer=self._answer(response, body), body=body)

    @contextmanager
    def _stream(
        self, request: Request, deadline: Deadline, room: int
    ) -> Iterator[httpcore2.Response]:
        """Open the one connection of an exchange, and give what comes back."""
        target = parse_target(request.url)
        url = httpcore2.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        connection = httpcore2.HTTPConnection(
            url.origin,
            ssl_context=self._ssl_context,
            network_backend=GuardedBackend(
                self._guard, scheme=target.scheme, deadline=deadline, max_answer_bytes=room
            ),
        )
        sent = [*request.headers.items(), *self._own_headers(target, request.body)]
        with (
            closing(connection),
            connection.stream(request.method, url, headers=sent, content=request.body) as response,
        ):
            yield response

    def _own_headers(self, target: Target, body: bytes) -> list[tuple[str, str]]:
        return [
            ("Host", target.authority),
            ("Content-Length", str(len(body))),
            ("User-Agent", self._user_agent),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ]

    def _answer(self, response: httpcore2.Response, body: bytes) -> Answer:
        named = {name.lower(): value for name, value in reversed(response.headers)}
        retry_after = named.get(b"retry-after", b"").decode("latin-1")
        return Answer(
            status_code=response.status,
            error_code=_status_error(response.status),
            body_excerpt=_excerpt(body),
            retry_after_s=parse_retry_after(retry_after, self._now()),
        )


def _status_error(status_code: int) -> str | None:
    if 300 <= status_code < 400:
        return "redirect"
    return "protocol_error" if status_code >= 600 else None  # RFC 9110, section 15


def _error_code(error: Exception) -> str:
    return next(code for kind, code in _ERROR_CODES if isinstance(error, kind))


def _beginning(response: httpcore2.Response) -> bytes:
    """Read the answer to its end or its limit."""
    kept = bytearray()
    try:
        for chunk in response.iter_stream():
            kept += chunk
    except TooLargeError:
        pass  # the status counts; nobody reads the rest
    return bytes(kept)


def _excerpt(body: bytes) -> str:
    """Keep the beginning as text without NUL."""
    text = body[:EXCERPT_BYTES].decode("utf-8", errors="replace").replace("\0", "")
    return text.encode()[:EXCERPT_BYTES].decode(errors="ignore")  # a replacement is longer


def _whole(response: httpcore2.Response, max_bytes: int) -> bytes:
    body = b""
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLargeError
    return body


def _version() -> str:
    try:
        return version("inlet")
    except PackageNotFoundError:
        return "dev"

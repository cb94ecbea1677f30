"""Read requests by llhttp, which is quick and strict, within bounds that it has not itself."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.api.problems import STATUS_OF_CODE, problem

HEAD_DEADLINE_S = 10.0  # RELIABILITY.md P21
MAX_HEAD_BYTES = 65_536  # of a head that is not whole yet; app.api.middleware bounds whole ones
_SAYS: Mapping[str, str] = {
    "bad_request": "this is no HTTP/1.1 request",
    "head_timeout": "the head of the request was not whole in time",
    "headers_too_large": "the headers are too many or too large",
    "uri_too_long": "the address is too long",
}

log = structlog.get_logger(__name__)


class HttpProtocol(HttpToolsProtocol):
    """One connection; who sends a head too slowly, or without an end, is told so and let go.

    Source:
        RFC 9112, sections 2.2 (bare LF), 5.2 (folded lines) and 6.3 (two lengths of a body): all
        are refused by the parser.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._heads = 0  # that came whole
        self._head_bytes = 0  # of the one that has not
        self._in_first_line = True
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]  # sockets give transports
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and look at what is still no head."""
        awaited, heads = self._in_head, self._heads
        super().data_received(data)
        if not awaited or heads != self._heads or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        self._in_first_line &= b"\n" not in data.lstrip()
        self._wait()
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse("uri_too_long" if self._in_first_line else "headers_too_large")

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of a head."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._in_head, self._in_first_line, self._head_bytes = False, True, 0
        self._heads += 1
        self._wait_no_longer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Let the next head come."""
        super().on_message_complete()
        self._in_head = True

    def send_400_response(self, msg: str) -> None:
        """Answer what the parser refused, as all errors are answered."""
        self._refuse("bad_request")

    def _wait(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_DEADLINE_S, self._give_up)

    def _wait_no_longer(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._wait()  # who sends ahead is answered first
        elif self._head_bytes:
            self._refuse("head_timeout")
        else:
            self.transport.close()

    def _refuse(self, code: str) -> None:
        """Answer with a problem document and close."""
        self._wait_no_longer()
        request_id = str(uuid.uuid4())
        log.info("connection_refused", code=code, request_id=request_id)
        headers = {"Connection": "close", "X-Request-ID": request_id}
        scope = {"state": {"request_id": request_id}}
        status = STATUS_OF_CODE[code]
        answer = problem(scope, status, code, _SAYS[code], headers=headers)
        head = b"".join(b"%s: %s\r\n" % pair for pair in answer.raw_headers)
        if not self._is_answering():
            self.transport.write(STATUS_LINE[status] + head + b"\r\n" + bytes(answer.body))
        self.transport.close()

    def _is_answering(self) -> bool:
        """Whether half of an answer is out: another one would be read as its rest."""
        return bool(self.cycle and self.cycle.response_started and not self.cycle.response_complete)

"""A real HTTP receiver on loopback whose raw answers are scripted, for tests of what we send.

    with Receiver(status(500), drip(b"HTTP/1.1 200 OK", every_s=0.05)) as receiver:
        sender.post(receiver.url, {}, b"{}")
    receiver.requests[0].headers["host"]

Each connection takes the next answer; the last one serves all that follow. An answer is bytes, or
a function of the open connection. Waits end when the receiver is closed, so no test hangs on one.
"""

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Answering = Callable[["Conversation"], None]


@dataclass(frozen=True)
class Request:
    """What a sender sent, header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    raw_head: bytes = field(repr=False)


@dataclass
class Conversation:
    """An open connection in the hands of a scripted answer."""

    connection: socket.socket
    request: Request | None
    closing: threading.Event

    def send(self, data: bytes) -> bool:
        """Send all of it; False where the sender has hung up."""
        try:
            self.connection.sendall(data)
        except OSError:
            return False
        return True


class Receiver:
    """Listens from `with` to the end of it; counts connections and keeps requests."""

    def __init__(
        self,
        *answers: bytes | Answering,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
        read_request: bool = True,
    ) -> None:
        self._answers = [_raw(a) if isinstance(a, bytes) else a for a in answers or (status(200),)]
        self._tls = tls
        self._read_request = read_request
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self.requests: list[Request] = []
        self.connections = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=64)
        self.host, self.port = self._listener.getsockname()[:2]

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}/hook"

    def wait_for(self, requests: int, *, timeout_s: float = 5.0) -> list[Request]:
        """Wait until so many requests have come, and give them; fails where they do not."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self.requests) >= requests, timeout_s):
                raise AssertionError(f"{len(self.requests)} requests came, not {requests}")
            return list(self.requests)

    def __enter__(self) -> "Receiver":
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=5)

    def _start(self, run: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=run, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            answer = self._answers[min(self.connections, len(self._answers) - 1)]
            self.connections += 1
            self._start(self._serve, connection, answer)

    def _serve(self, connection: socket.socket, answer: Answering) -> None:
        connection.settimeout(10)
        with contextlib.suppress(OSError):
            try:
                connection = self._secured(connection)
                request = _read_request(connection) if self._read_request else None
                self._keep(request)
                answer(Conversation(connection, request, self._closing))
            finally:
                connection.close()

    def _secured(self, connection: socket.socket) -> socket.socket:
        return self._tls.wrap_socket(connection, server_side=True) if self._tls else connection

    def _keep(self, request: Request | None) -> None:
        if request is not None:
            with self._changed:
                self.requests.append(request)
                self._changed.notify_all()


def status(code: int, body: bytes = b"", *, headers: Iterable[str] = (), reason: str = "") -> bytes:
    """Make a plain answer."""
    lines = [f"HTTP/1.1 {code} {reason}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def drip(start: bytes, piece: bytes, *, every_s: float) -> Answering:
    """Send the start at once, and then the piece over and over, for ever."""

    def answer(talk: Conversation) -> None:
        going = talk.send(start)
        while going and not talk.closing.wait(every_s):
            going = talk.send(piece)

    return answer


def endless(start: bytes, piece: bytes, *, limit_bytes: int) -> Answering:
    """Send the start and then the piece as fast as the sender takes it, up to a limit."""

    def answer(talk: Conversation) -> None:
        sent, going = 0, talk.send(start)
        while going and sent < limit_bytes and not talk.closing.is_set():
            going = talk.send(piece)
            sent += len(piece)

    return answer


def silent(talk: Conversation) -> None:
    """Say nothing and keep the line open."""
    talk.closing.wait()


def hang_up(talk: Conversation) -> None:
    """Close without a word."""


def reset(talk: Conversation) -> None:
    """Abort the connection with a RST."""
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def held(release: threading.Event, then: bytes) -> Answering:
    """Wait for the test before answering."""

    def answer(talk: Conversation) -> None:
        give_up_at = time.monotonic() + 10
        while not release.wait(0.01) and not talk.closing.is_set():
            if time.monotonic() > give_up_at:
                return
        talk.send(then)

    return answer


def _raw(data: bytes) -> Answering:
    def answer(talk: Conversation) -> None:
        talk.send(data)

    return answer


def _read_request(connection: socket.socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        data = connection.recv(65_536)
        if not data:
            return None
        received += data
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65_536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body, head)

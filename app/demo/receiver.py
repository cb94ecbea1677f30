"""The receiver of the demo: it verifies what it gets, and keeps it to be shown."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.domain import Endpoint, new_id
from app.storage import endpoints
from app.storage.engine import Database
from app.webhook.signing import new_secret, verify

HIGH_INTENT = ("sales", "success")  # routes that the demo's receiver listens for
_MAX_BODY_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Received:
    """A webhook as it reached the demo's receiver."""

    path: str
    headers: Mapping[str, str]
    body: str
    verified: bool  # whether the signature is right


@dataclass(slots=True)
class Receiver:
    """A webhook receiver on a free port of 127.0.0.1 that verifies what it gets."""

    secret: str = field(default_factory=new_secret)
    received: list[Received] = field(default_factory=list)
    url: str = ""
    _arrived: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def listening(self) -> Iterator["Receiver"]:
        """Listen while the block runs."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, name="demo-receiver", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Keep a request; says whether its signature is right."""
        named = {name.lower(): value for name, value in headers.items()}
        verified = bool(verify(named, body, secrets=[self.secret], now=datetime.now(UTC)))
        shown = {name: named[name] for name in sorted(named) if name.startswith("webhook-")}
        with self._arrived:
            self.received.append(Received(path, shown, body.decode("utf-8", "replace"), verified))
            self._arrived.notify_all()
        return verified

    def wait_for(self, count: int, timeout_s: float) -> list[Received]:
        """Wait until so many have come, or the time is up; gives those that have."""
        deadline = time.monotonic() + timeout_s
        with self._arrived:
            self._arrived.wait_for(
                lambda: len(self.received) >= count, max(0.0, deadline - time.monotonic())
            )
            return list(self.received)


def add_receiver(database: Database, receiver: Receiver, now: datetime) -> None:
    """Make the receiver the endpoint of every high-intent route."""
    with database.write() as conn:
        for route in HIGH_INTENT:
            endpoints.add(
                conn,
                Endpoint(
                    id=new_id("ep", now),
                    name=route,
                    url=f"{receiver.url}/{route}",
                    secrets=(receiver.secret,),
                    enabled=True,
                    created_at=now,
                ),
            )


def _handler_of(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    """Make the class that the HTTP server wants for one receiver."""

    class Handler(BaseHTTPRequestHandler):
        """Answers 204 to a rightly signed webhook and 401 to anything else."""

        timeout = 10  # seconds for a request to arrive

        def do_POST(self) -> None:
            """Take a webhook."""
            length = min(int(self.headers.get("content-length") or 0), _MAX_BODY_BYTES)
            taken = receiver.take(self.path, dict(self.headers), self.rfile.read(length))
            self.send_response(204 if taken else 401)
            self.end_headers()

        def log_message(self, format: str, *_: object) -> None:
            """Say nothing: the demo tells what came."""

    return Handler

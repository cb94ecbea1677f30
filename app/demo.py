"""The first run: a service, a receiver and a handful of messages, all on this machine."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2

from app.domain import Endpoint, new_id
from app.errors import ConfigError
from app.storage import endpoints
from app.storage.engine import Database
from app.webhook.signing import new_secret, verify

SAMPLES: tuple[Mapping[str, Any], ...] = (
    {
        "channel": "email",
        "subject": "sitting down about scheduling",
        "text": "We run 14 clinics on three rota tools and want one. Could somebody walk my team "
        "lead and me through yours next Tuesday?\n\nMarit Hallgren\nOperations Director",
        "sender": {"email": "marit.hallgren@example.com", "name": "Marit Hallgren"},
    },
    {
        "channel": "web_form",
        "text": "What would 220 seats come to for a year, and is SSO in that or extra?",
        "sender": {"email": "procurement@example.org"},
    },
    {
        "channel": "email",
        "subject": "third outage this month",
        "text": "Exports are down again and my CFO has asked me for two other quotes. If this is "
        "not stable by Friday we will not be renewing in March.",
        "sender": {"email": "it-lead@example.net"},
    },
    {
        "channel": "chat",
        "text": "hi, the password reset mail never arrives, checked spam too",
        "sender": {"name": "Jonas"},
    },
    {
        "channel": "email",
        "subject": "Angebot",
        "text": "Guten Tag, was kostet Ihre Lösung für 60 Arbeitsplätze im Jahr? Ein Angebot bis "
        "Donnerstag wäre hilfreich.",
        "sender": {"email": "einkauf@example.de"},
    },
    {
        "channel": "email",
        "subject": "Out of office",
        "text": "I am away until 4 May and will read your message when I am back.",
        "sender": {"email": "away@example.com"},
    },
)
HIGH_INTENT = ("sales", "success")  # routes that the demo's receiver listens for
_MAX_BODY_BYTES = 65_536
_ANSWER_S = 30.0  # the first one may find the service starting


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


def post_samples(url: str, *, busy_s: float) -> list[dict[str, Any]]:
    """Post the samples as a gateway would, and give what was answered.

    Args:
        url: Of the service.
        busy_s: For how long it may answer 503; each time it is asked again when it says.

    Raises:
        ConfigError: It did not take them.
    """
    busy_until = time.monotonic() + busy_s
    try:
        with httpx2.Client(base_url=url, timeout=_ANSWER_S, trust_env=False) as client:
            return [_posted(client, sample, busy_until) for sample in SAMPLES]
    except httpx2.HTTPError as error:
        raise ConfigError(f"the service did not take the samples: {error}") from error


def _posted(client: httpx2.Client, sample: Mapping[str, Any], busy_until: float) -> dict[str, Any]:
    """Post a message until it is taken, or refused for another reason than too much work."""
    while True:
        answer = client.post("/v1/messages", json=sample)
        wait_s = float(answer.headers.get("retry-after", 1))
        busy = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        if not busy or time.monotonic() + wait_s > busy_until:
            taken: dict[str, Any] = answer.raise_for_status().json()
            return taken
        time.sleep(wait_s)


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

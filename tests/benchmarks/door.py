"""The running service as providers and an operator see it: posts, arrivals, messages, its log."""

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.support_proofs import Sent
from tests.support_service import Inlet

GIVE_UP_S = 600.0  # until everything is read; the machine may be busy
_POST_S = 120.0
FETCHED = "resend"  # the source whose mails are fetched, which cannot be reached here
_PAUSE_S = 0.1
_LOGGED_S = 5.0  # after a message is stored
_NO_REUSE = httpx2.Limits(max_keepalive_connections=0)  # a refusal may close the connection
_BLOCK = 65_536
_MEMORY = "VmHWM:"  # of /proc: the most that a process ever held, in KiB


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What came back of one post."""

    status: int  # 0 where the connection was closed without an answer
    milliseconds: float
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a table."""

    name: str
    status: str
    milliseconds: float
    outcome: str  # what came of it, and how many messages
    reading_ms: float | None = None
    cpu_ms: float | None = None  # that the answer cost the service
    wrong: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_broken(self) -> bool:
        """Whether it breaks a promise."""
        return bool(self.wrong) and not self.note


class Door:
    """One running service."""

    def __init__(self, service: Inlet) -> None:
        self._service = service
        self.url = service.wait_until_it_listens()
        self._client = httpx2.Client(
            base_url=self.url, timeout=_POST_S, trust_env=False, limits=_NO_REUSE
        )

    def close(self) -> None:
        """Let the connections go."""
        self._client.close()

    def post(self, sent: Sent) -> Answered:
        """Post a request as a provider would, and wait for its answer."""
        headers = {"content-type": sent.content_type, **dict(sent.headers)}
        body = _in_chunks(sent.body) if sent.chunked else sent.body
        started = time.perf_counter()
        try:
            answer = self._client.post(f"/v1/inbound/{sent.source}", content=body, headers=headers)
        except httpx2.TransportError:
            return Answered(status=0, milliseconds=_since(started))
        return Answered(
            status=answer.status_code, milliseconds=_since(started), body=answer.content
        )

    def arrivals(self, **filters: str) -> list[dict[str, Any]]:
        """List what was kept, newest first."""
        answer = self._client.get("/v1/arrivals", params={**filters, "limit": "200"})
        found: list[dict[str, Any]] = answer.raise_for_status().json()["arrivals"]
        return found

    def kept(self, sent: Sent) -> list[dict[str, Any]]:
        """List what was kept of a request: one arrival, however often it was sent."""
        found = self.arrivals(sha256=sent.sha256)
        return [arrival for arrival in found if arrival["source"] == sent.source]

    def message(self, message_id: str) -> dict[str, Any]:
        """Give a stored message with its facts."""
        answer = self._client.get(f"/v1/messages/{message_id}").raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def wait_until_read(self) -> list[dict[str, Any]]:
        """Wait until nothing waits but what waits for somebody else; give what still does."""
        give_up_at = time.monotonic() + GIVE_UP_S
        while time.monotonic() < give_up_at:
            waiting = self.arrivals(status="waiting")
            # One that was late is read again; what must be fetched elsewhere waits for ever.
            if all(one["source"] == FETCHED and one["error_code"] for one in waiting):
                return waiting
            time.sleep(_PAUSE_S)
        raise SystemExit(
            f"{len(waiting)} arrivals were never read:\n{self._service.said()[-5_000:]}"
        )

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Give the service's log, event by event."""
        for line in self._service.said().splitlines():
            if line.startswith("{"):
                yield json.loads(line)

    def reading_ms(self, found: Sequence[Mapping[str, Any]]) -> float | None:
        """Tell how long it took to read what was kept; its line is logged just after."""
        give_up_at = time.monotonic() + _LOGGED_S
        while found and found[0]["status"] != "waiting" and time.monotonic() < give_up_at:
            for event in self.events():
                if event.get("arrival_id") == found[0]["id"] and "duration_ms" in event:
                    spent_ms: float = event["duration_ms"]
                    return spent_ms
            time.sleep(_PAUSE_S)
        return None

    def cpu_ms(self) -> float:
        """Tell how much of the processor the service took so far, its parser left out."""
        fields = Path(f"/proc/{self._service.pid}/stat").read_text().rpartition(")")[2].split()
        return 1_000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> int:
        """Tell the most memory that the service held so far; its parser is a process apart."""
        status = Path(f"/proc/{self._service.pid}/status").read_text()
        return int(status.partition(_MEMORY)[2].split()[0]) // 1024


def _in_chunks(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _BLOCK):
        yield body[start : start + _BLOCK]


def _since(started: float) -> float:
    return round(1_000 * (time.perf_counter() - started), 1)


def ids_of(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Give the messages that came of arrivals."""
    return [i for one in found for i in one["message_ids"]]


def code_of(found: Sequence[Mapping[str, Any]]) -> str:
    """Show why an arrival could not be read."""
    return f"({found[0]['error_code']}) " if found and found[0]["error_code"] else ""

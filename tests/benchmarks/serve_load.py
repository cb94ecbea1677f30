"""Load over HTTP that costs little of the processor: clients in a closed loop, or a rate.

A library for HTTP would take as much of the machine as what is measured. These clients send bytes
that were prepared before, and read of an answer its status, its head and its body by length.
"""

import asyncio
import contextlib
import itertools
import json
import random
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

DEADLINE_S = 60.0  # for one answer
MAX_LINES = 4_096  # connections of one open loop
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request and what came of it; times of time.perf_counter."""

    number: int  # counts on through all loads on one target
    began_s: float  # when it was due
    ended_s: float
    status: int  # 0 where no answer came in time
    head: bytes = b""
    body: bytes = b""
    late_ms: float = 0.0  # that it was sent after it was due: the clients' own doing

    @property
    def took_ms(self) -> float:
        """From when it was due until its answer was read."""
        return 1_000 * (self.ended_s - self.began_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """All calls of one load, and the stretch of it that counts."""

    calls: tuple[Call, ...]
    from_s: float
    until_s: float


class Target:
    """A server on this machine, and what it is asked in turn."""

    def __init__(self, port: int, requests: Sequence[bytes]) -> None:
        self.port = port
        self._requests = requests
        self._numbers = itertools.count()

    def next(self) -> tuple[int, bytes]:
        """Give the next request and its number."""
        number = next(self._numbers)
        return number, self._requests[number % len(self._requests)]


class Line:
    """One kept connection; opened when it is needed, and again where the server closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> tuple[int, bytes, bytes]:
        """Give status, head and body; status 0 where nothing came within the deadline."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await self._exchange(request)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            self.close()
            return 0, b"", b""

    def close(self) -> None:
        """Let the connection go."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _exchange(self, request: bytes) -> tuple[int, bytes, bytes]:
        if self._reader is None or self._reader.at_eof():
            self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        assert self._writer is not None
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise EOFError("an answer without a length")
        body = await self._reader.readexactly(int(length[1]))
        if _CLOSES.search(head):
            self.close()
        return int(head[9:12]), head, body


def closed_loop(target: Target, *, clients: int, warm_up_s: float, seconds: float) -> Load:
    """Let clients ask one thing after the other; what ends after the warm-up counts."""
    return asyncio.run(_closed(target, clients, warm_up_s, seconds))


async def _closed(target: Target, clients: int, warm_up_s: float, seconds: float) -> Load:
    from_s = time.perf_counter() + warm_up_s
    until_s = from_s + seconds
    calls: list[Call] = []

    async def client() -> None:
        line = Line(target.port)
        while (began_s := time.perf_counter()) < until_s:
            call = await _call(line, target, began_s)
            calls.append(call)
            if call.status in (0, 503):  # gone, or full: not asked again as fast as we can
                await asyncio.sleep(0.05)
        line.close()

    await asyncio.gather(*(client() for _ in range(clients)))
    return Load(calls=tuple(calls), from_s=from_s, until_s=until_s)


async def _call(line: Line, target: Target, due_s: float) -> Call:
    number, request = target.next()
    late_ms = 1_000 * (time.perf_counter() - due_s)
    status, head, body = await line.ask(request)
    return Call(
        late_ms=late_ms,
        number=number,
        began_s=due_s,
        ended_s=time.perf_counter(),
        status=status,
        head=head,
        body=body,
    )


def open_loop(target: Target, *, per_s: float, seconds: float, seed: int = 0) -> Load:
    """Ask at random moments of a mean rate, whether or not answers come; waits for all of them."""
    return asyncio.run(open_calls(target, arrivals(per_s, seconds, seed)))


def arrivals(per_s: float, seconds: float, seed: int) -> list[float]:
    """Draw the moments of a Poisson process, in seconds from its start."""
    rng = random.Random(seed)
    moments = itertools.accumulate(rng.expovariate(per_s) for _ in itertools.count())
    return list(itertools.takewhile(lambda moment: moment < seconds, moments))


async def open_calls(target: Target, moments: Iterable[float]) -> Load:
    """Ask at given moments; an answer's time runs from its moment, not from when it was sent."""
    free: list[Line] = []
    room = asyncio.Semaphore(MAX_LINES)
    calls: list[Call] = []

    async def one(due_s: float) -> None:
        async with room:
            line = free.pop() if free else Line(target.port)
            calls.append(await _call(line, target, due_s))
            free.append(line)

    start_s = time.perf_counter()
    last_s = start_s
    async with asyncio.TaskGroup() as tasks:
        for moment in moments:
            last_s = start_s + moment
            await asyncio.sleep(max(0.0, last_s - time.perf_counter()))
            tasks.create_task(one(last_s))
    for line in free:
        line.close()
    return Load(calls=tuple(calls), from_s=start_s, until_s=last_s)


def post(path: str, content: Mapping[str, object], **headers: str) -> bytes:
    """Write a whole request of JSON."""
    body = json.dumps(content).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def get(path: str) -> bytes:
    """Write a whole request without a body."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode("latin-1")


def ask_once(port: int, request: bytes) -> tuple[int, bytes]:
    """Ask one thing on a new connection: status and body."""

    async def ask() -> tuple[int, bytes]:
        line = Line(port)
        with contextlib.closing(line):
            status, _, body = await line.ask(request)
        return status, body

    return asyncio.run(ask())

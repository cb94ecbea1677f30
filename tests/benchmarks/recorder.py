"""Receivers in a process of their own that write down all they get.

    python -m tests.benchmarks.recorder --file requests.jsonl --secret whsec_… [--ports 20]

The first part of a URL's path says how a receiver answers, a second one after how many
milliseconds: /good/20 /moody/20 (500 the first time for some webhook-ids) /gone /drip /endless
/bomb /mute. Each request is a line of JSON, written before it is answered.
"""

import argparse
import asyncio
import contextlib
import gzip
import hashlib
import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from app.webhook.signing import verify
from tests.support_receiver import status

LISTENS = "receivers listen on "
_DRIP_S = 1.0  # from byte to byte
_ONE_IN = 20  # webhook-ids that a moody receiver refuses once
_PIECE = b"a" * 65_536
_ENDLESS_BYTES = 2 * 10**9
_TOLERANCE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request."""

    path: str
    webhook_id: str
    sha256: str  # of the body
    signed: bool
    answered: int  # the status code; 0 where none is meant to come


def read_received(path: Path) -> Iterator[Received]:
    """Read what was written down so far; the last line may be half written."""
    with path.open() as lines:
        for line in lines:
            if line.endswith("\n"):
                yield Received(**json.loads(line))


class Recorder:
    """Answers on every port alike, and writes down what came."""

    def __init__(self, file: TextIO, secret: str) -> None:
        self._file = file
        self._secret = secret
        self._seen: set[str] = set()
        self._bomb = _bomb()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request on one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").rstrip().split("\r\n")
            headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            path = first.split(" ")[1]
            kind, _, after_ms = path.strip("/").partition("/")
            answer = self._answers(headers).get(kind.partition("-")[0])
            if answer is not None:
                code, send = answer
                self._write_down(path, headers, body, code)
                await asyncio.sleep(int(after_ms or "0") / 1_000)
                await send(writer)
        writer.close()

    def _answers(
        self, headers: Mapping[str, str]
    ) -> Mapping[str, tuple[int, Callable[[asyncio.StreamWriter], Awaitable[None]]]]:
        moody = 500 if self._refuses(headers.get("webhook-id", "")) else 204
        return {
            "good": (204, lambda writer: _say(writer, status(204))),
            "moody": (moody, lambda writer: _say(writer, status(moody))),
            "gone": (410, lambda writer: _say(writer, status(410))),
            "drip": (200, _drip),
            "endless": (200, _endless),
            "bomb": (200, lambda writer: _say(writer, self._bomb)),
            "mute": (0, _mute),
        }

    def _refuses(self, webhook_id: str) -> bool:
        """Say no to some ids, once: too few in a row to open a circuit."""
        some = zlib.crc32(webhook_id.encode()) % _ONE_IN == 0
        return some and webhook_id not in self._seen

    def _write_down(self, path: str, headers: Mapping[str, str], body: bytes, code: int) -> None:
        webhook_id = headers.get("webhook-id", "")
        self._seen.add(webhook_id)
        secrets, now = [self._secret], datetime.now(UTC)
        received = Received(
            path=path,
            webhook_id=webhook_id,
            sha256=hashlib.sha256(body).hexdigest(),
            signed=verify(headers, body, secrets=secrets, now=now, tolerance_s=_TOLERANCE_S),
            answered=code,
        )
        self._file.write(json.dumps(asdict(received)) + "\n")
        self._file.flush()


async def _say(writer: asyncio.StreamWriter, answer: bytes) -> None:
    writer.write(answer)
    await writer.drain()


async def _drip(writer: asyncio.StreamWriter) -> None:
    await _say(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        await asyncio.sleep(_DRIP_S)
        await _say(writer, b"x")


async def _endless(writer: asyncio.StreamWriter) -> None:
    await _say(writer, b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(_ENDLESS_BYTES // len(_PIECE)):
        await _say(writer, _PIECE)


async def _mute(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3_600)


def _bomb() -> bytes:
    """Make an answer of a few hundred bytes that is 100 MB when it is twice inflated."""
    once = zlib.compressobj(9, zlib.DEFLATED, 31)
    inner = b"".join(once.compress(bytes(1_000_000)) for _ in range(100)) + once.flush()
    return status(200, gzip.compress(inner), headers=["Content-Encoding: gzip"])


async def listen(recorder: Recorder, ports: int) -> None:
    """Serve until killed; prints where."""
    servers = [
        await asyncio.start_server(recorder.serve, "127.0.0.1", 0, backlog=512)
        for _ in range(ports)
    ]
    numbers = [str(server.sockets[0].getsockname()[1]) for server in servers]
    print(LISTENS + " ".join(numbers), flush=True)  # noqa: T201
    await asyncio.gather(*(server.serve_forever() for server in servers))


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--ports", type=int, default=1)
    given = parser.parse_args()
    with given.file.open("a") as file:
        asyncio.run(listen(Recorder(file, given.secret), given.ports))


if __name__ == "__main__":
    main()

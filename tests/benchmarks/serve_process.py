"""A server as a process of its own, with whatever it starts: until it answers, and its memory."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.serve_load import ask_once

START_S = 180.0
_STOP_S = 30.0
_PAUSE_S = 0.02
_SHOWN = 500  # characters of what a server said that never answered
_KIB = 1_024
_MB = 1_000_000


class Server:
    """A started program; it is ended with all its processes at the end of `with`."""

    def __init__(
        self, command: Sequence[str], *, environ: Mapping[str, str], folder: Path, port: int
    ) -> None:
        self.port = port
        self.began_s = time.perf_counter()
        self._log = folder / f"log-{port}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env=dict(environ),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def said(self) -> str:
        """Give all that it wrote."""
        return self._log.read_text(errors="replace")

    def wait_until_it_answers(
        self, request: bytes, is_good: Callable[[bytes], bool], *, status: int = 200
    ) -> float:
        """Give the seconds from its start to the first good answer.

        Raises:
            Unstarted: It ended, or the deadline passed.
        """
        last = "nothing"
        while time.perf_counter() < self.began_s + START_S:
            if self.process.poll() is not None:
                break
            answered, body = ask_once(self.port, request)
            if answered == status and is_good(body):
                return round(time.perf_counter() - self.began_s, 2)
            if answered:
                last = f"{answered} {body[:_SHOWN]!r}"
            time.sleep(_PAUSE_S)
        raise Unstarted(f"last answer: {last}; it said: {self.said()[-_SHOWN:]}")

    def memory_mb(self) -> float:
        """Tell what it holds of the memory, pages that its processes share counted once."""
        return round(sum(map(proportional_kib, family_of(self.process.pid))) * _KIB / _MB, 1)

    def resident_mb(self) -> float:
        """Tell the resident memory of its first process."""
        return round(resident_kib(self.process.pid) * _KIB / _MB, 1)

    def stop(self) -> None:
        """Ask it to end; what still lives of it after a while is killed."""
        pids = list(family_of(self.process.pid))
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_STOP_S)
        for pid in pids:  # of its own, which it may have left behind
            if _session_of(pid) == self.process.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait(_STOP_S)


class Unstarted(Exception):
    """A server that never answered; says what it wrote."""


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def family_of(pid: int) -> Iterator[int]:
    """Give a process and all that come of it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from family_of(int(child))


def proportional_kib(pid: int) -> int:
    """Read a process's share of the memory (Pss)."""
    return _kib(Path(f"/proc/{pid}/smaps_rollup"), "Pss:")


def resident_kib(pid: int) -> int:
    """Read a process's resident memory."""
    return _kib(Path(f"/proc/{pid}/status"), "VmRSS:")


def _kib(path: Path, key: str) -> int:
    try:
        return kib_in(path.read_text(), key)
    except OSError:  # it has ended
        return 0


def kib_in(status: str, key: str) -> int:
    """Find a number of KiB in a file of /proc; 0 where it does not stand."""
    for line in status.splitlines():
        if line.startswith(key):
            return int(line.split()[1])
    return 0


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None

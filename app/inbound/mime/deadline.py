"""Parsing with a deadline: in processes of their own that are killed when they take too long.

Not through `multiprocessing`'s spawn: that imports the service's own main module again, 120 MB
and some seconds for each process. Not by fork: the service has threads.
"""

import atexit
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Collection
from multiprocessing import Pipe
from multiprocessing.connection import Connection

from app.errors import Overloaded
from app.inbound.mime.child import READY
from app.inbound.mime.values import Mail, ParseStatus

DEADLINE_S = 5.0  # RELIABILITY.md, P20
MEMORY_BYTES = 512 * 1024 * 1024  # of address space; a mail of 35 MiB needs about 100 MiB
_START_S = 60.0  # for an interpreter to come up, on a busy machine
_END_S = 10.0  # for a killed process to be gone
# The arguments behind it: descriptor, memory, and the path to import from.
_CODE = (
    "import sys; sys.path[:] = sys.argv[3:]; "
    "from app.inbound.mime.child import serve; serve(int(sys.argv[1]), int(sys.argv[2]))"
)


class ParsingPool:
    """A few processes that parse mails for any number of threads."""

    def __init__(
        self, *, processes: int = 1, waiting: int = 8, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        """Set the size; a process starts when it is first needed.

        Args:
            processes: That parse at the same time.
            waiting: Threads that may wait for one; those beyond are told to come back.
            memory_bytes: Of address space that each process may take.
        """
        if processes < 1 or waiting < 0:
            raise ValueError("need processes >= 1 and waiting >= 0")
        self._memory_bytes = memory_bytes
        self._places = threading.BoundedSemaphore(processes + waiting)
        self._most_turns = 1 + waiting / processes  # before a waiting thread has its own
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(processes):
            self._idle.put(None)

    def parse_within(
        self, raw: bytes, seconds: float = DEADLINE_S, *, own: Collection[str] = ()
    ) -> Mail:
        """Read a mail as parse_mail does, or say `timeout` or `failed`; never hangs.

        Raises:
            Overloaded: Too many threads wait, or no process could be started.
        """
        if not self._places.acquire(blocking=False):
            raise Overloaded("too many mails wait to be parsed")
        try:
            child = self._idle.get(timeout=self._most_turns * (seconds + _START_S + _END_S))
            try:
                child = self._living(child)
                return child.parse(raw, seconds, tuple(own))
            finally:
                self._idle.put(child)
        except queue.Empty as error:
            raise Overloaded("no parsing process came free") from error
        finally:
            self._places.release()

    def close(self) -> None:
        """End the processes that are idle; call it when no thread parses any more."""
        while True:
            try:
                child = self._idle.get_nowait()
            except queue.Empty:
                return
            if child is not None:
                child.end()

    def _living(self, child: "_Child | None") -> "_Child":
        if child is not None and child.lives:
            return child
        return _Child(self._memory_bytes)


class _Child:
    """One process and our end of the pipe to it; used by one thread at a time."""

    def __init__(self, memory_bytes: int) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = _started(theirs, memory_bytes)
        if not self._pipe.poll(_START_S) or not self._is_ready():
            self.end()
            raise Overloaded("a parsing process did not start")

    @property
    def lives(self) -> bool:
        """Whether it can take a mail."""
        return self._process.poll() is None and not self._pipe.closed

    def parse(self, raw: bytes, seconds: float, own: tuple[str, ...]) -> Mail:
        """Have a mail parsed; afterwards the process may be dead."""
        is_late = threading.Event()
        timer = threading.Timer(seconds, self._kill, [is_late])
        timer.start()
        mail = self._answer(raw, seconds, own)
        timer.cancel()
        timer.join()
        if mail is None or is_late.is_set():
            self.end()
        return mail or Mail(status=self._status(is_late=is_late.is_set()))

    def end(self) -> None:
        """Kill the process, and wait until it is gone."""
        self._pipe.close()
        self._process.kill()
        self._process.wait(_END_S)

    def _is_ready(self) -> bool:
        try:
            return self._pipe.recv_bytes(len(READY)) == READY
        except (EOFError, OSError):
            return False

    def _kill(self, is_late: threading.Event) -> None:
        is_late.set()
        self._process.kill()

    def _answer(self, raw: bytes, seconds: float, own: tuple[str, ...]) -> Mail | None:
        try:
            self._pipe.send((own, seconds))
            self._pipe.send_bytes(raw)
            mail = self._pipe.recv()  # a pickle, of a process that runs our own code alone
        except (EOFError, OSError):
            return None
        return mail if isinstance(mail, Mail) else None

    def _status(self, *, is_late: bool) -> ParseStatus:
        is_over = is_late or self._process.returncode == -signal.SIGXCPU
        return ParseStatus.TIMEOUT if is_over else ParseStatus.FAILED


def _started(theirs: Connection, memory_bytes: int) -> "subprocess.Popen[bytes]":
    descriptor = theirs.fileno()
    arguments = [str(descriptor), str(memory_bytes), *sys.path]
    return subprocess.Popen(  # noqa: S603  our own interpreter and code
        [sys.executable, "-I", "-c", _CODE, *arguments],
        stdin=subprocess.DEVNULL,
        pass_fds=[descriptor],
        env={},  # the service's secrets are none of its business
    )


class _Shared:
    """The pool that parse_within uses, made when it is first asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ParsingPool | None = None

    def pool(self) -> ParsingPool:
        with self._lock:
            if self._pool is None:
                self._pool = ParsingPool()
                atexit.register(self._pool.close)
            return self._pool


_SHARED = _Shared()


def parse_within(raw: bytes, seconds: float = DEADLINE_S, *, own: Collection[str] = ()) -> Mail:
    """Read a mail in a process that this service shares; see ParsingPool.parse_within."""
    return _SHARED.pool().parse_within(raw, seconds, own=own)

"""Names to addresses, within a deadline: the system's resolver has none."""

import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread
from typing import TypeAlias

Lookup: TypeAlias = Callable[[str, int], Sequence[str]]

_MAX_RUNNING = 16  # look-ups that hang are left behind; this many at most


def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver for every address of a name."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in answers]


class BoundedLookup:
    """A look-up that gives up in time, for threads to share."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._running = BoundedSemaphore(_MAX_RUNNING)

    def __call__(self, host: str, port: int, wait_s: float) -> tuple[str, ...]:
        """Give every address of a name, each once.

        Raises:
            TimeoutError: No answer in `wait_s` seconds.
            socket.gaierror: The name has no address.
        """
        future: Future[Sequence[str]] = Future()
        give_up_at = time.monotonic() + wait_s
        if not self._running.acquire(timeout=wait_s):
            raise TimeoutError("too many look-ups are hanging")
        # Not an executor: its threads are joined at exit, which a hanging look-up would hold.
        Thread(target=self._run, args=(future, host, port), daemon=True, name="lookup").start()
        addresses = tuple(dict.fromkeys(future.result(max(0.0, give_up_at - time.monotonic()))))
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "the name has no address")
        return addresses

    def _run(self, future: Future[Sequence[str]], host: str, port: int) -> None:
        try:
            future.set_result(self._lookup(host, port))
        except Exception as error:  # noqa: BLE001  the thread's outermost frame: who waits gets it
            future.set_exception(error)
        finally:
            self._running.release()

"""The HTTP server of `inlet serve` and `inlet demo`: its socket, its deadlines, its end."""

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import uvicorn
from fastapi import FastAPI

from app.cli.http_protocol import HttpProtocol
from app.cli.leaving import STOP_SIGNALS
from app.cli.output import say
from app.errors import ConfigError

_REQUESTS_S = 12  # for open requests when the server stops; the model's deadline and a commit
_BACKLOG = 2_048
_FURTHER = 10  # ports tried after one in use that nobody asked for
_LAST_PORT = 65_535


class Server(uvicorn.Server):
    """Stops in good order at the first signal, so that the process ends with exit code 0."""

    def __init__(self, config: uvicorn.Config, *, on_stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; the next signal, whichever it is, ends the process at once."""
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the requests that are open while the worker finishes its attempts."""
        self._on_stop()
        await super().shutdown(sockets)


def server_of(app: FastAPI) -> Server:
    """The server of an application that `create_app` made, with deadlines and few headers."""
    config = uvicorn.Config(
        app,
        loop="asyncio",  # the same everywhere, whether or not uvloop is installed
        http=HttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_REQUESTS_S,
    )
    return Server(config, on_stop=app.state.runtime.begin_stop)


@contextmanager
def bound(host: str, port: int) -> Iterator[socket.socket]:
    """Hold an address while the service is put together; nothing is accepted before `listen`.

    Raises:
        ConfigError: It is in use, or not this machine's.
    """
    with _told(host, port):
        family, address = _address_of(host, port)
        # Named in full, or asyncio leaves Nagle's algorithm on: 40 ms for every kept connection.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        with _told(host, port):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        yield listener


@contextmanager
def bound_nearby(host: str, port: int, *, listening: bool = False) -> Iterator[socket.socket]:
    """Hold the first port that is not in use, from the usual one on, and say where it is another.

    Args:
        host: Address to listen on.
        port: The usual one.
        listening: Let clients connect at once.

    Raises:
        ConfigError: Ten further ones are in use too, or the address is not this machine's.
    """
    last = min(port + _FURTHER, _LAST_PORT)
    with ExitStack() as held:
        for candidate in range(port, last + 1):
            listener = _tried(held, host, candidate, listening=listening)
            if listener is not None:
                break
        else:
            raise ConfigError(f"ports {port} to {last} are in use; give another with --port")
        if candidate != port:
            say(f"port {port} is in use; taking {candidate}")
        yield listener


def _tried(held: ExitStack, host: str, port: int, *, listening: bool) -> socket.socket | None:
    """Hold a port; None where it is in use, which is no fault of the address."""
    with ExitStack() as undo:
        try:
            listener = undo.enter_context(bound(host, port))
            if listening:
                listen(listener)
        except ConfigError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.EADDRINUSE:
                return None
            raise
        held.push(undo.pop_all())
        return listener


def listen(listener: socket.socket) -> None:
    """Let clients connect; raise ConfigError where another process was quicker."""
    host, port = listener.getsockname()[:2]
    with _told(host, port):
        listener.listen(_BACKLOG)


def shown_host(host: str) -> str:
    """Write a host as it stands in a URL that this machine can call."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  shown, not bound to
    return f"[{host}]" if ":" in host else host


def _address_of(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """Look a host up; of several addresses an IPv4 one is taken."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(address[0]), int(address[1]))


@contextmanager
def _told(host: str, port: int) -> Iterator[None]:
    """Say which address cannot be had, and what to do."""
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror}; "
            "set INLET_HOST and INLET_PORT, or give --host and --port"
        ) from error

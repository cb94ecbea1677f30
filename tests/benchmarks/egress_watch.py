"""Who would notice a request that must not be made: canaries, the process itself, the resolver."""

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from itertools import cycle

CANARY_HOSTS = ("127.0.0.1", "::1", "127.0.0.2", "127.254.254.254")
_USUAL_PORTS = (80, 443)  # where we may listen there, and nobody else does
_MAIL_PORTS = (2525, 587, 465, 25)  # likewise; mail goes to no other port
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_NO_MAIL = b"554 go away\r\n"


class Canaries:
    """Listen on loopback on several ports, and count who comes."""

    def __init__(self) -> None:
        self.reached: list[tuple[str, int]] = []
        self._listeners: list[socket.socket] = []
        self.ports = [*self._free_ports(2), *filter(self._listen, _USUAL_PORTS)]
        self.mail_ports = [*filter(self._listen, _MAIL_PORTS)] or [*_MAIL_PORTS]

    def __enter__(self) -> "Canaries":
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
            listener.close()

    @property
    def places(self) -> list[tuple[str, int]]:
        """Every address and port that is listened on."""
        return [listener.getsockname()[:2] for listener in self._listeners]

    def _free_ports(self, count: int) -> Iterator[int]:
        """Find ports that are free at every address."""
        while count:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                port: int = probe.getsockname()[1]
            if self._listen(port):
                count -= 1
                yield port

    def _listen(self, port: int) -> bool:
        opened: list[socket.socket] = []
        try:
            for host in CANARY_HOSTS:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                opened.append(socket.create_server((host, port), family=family, backlog=64))
        except OSError:
            for listener in opened:
                listener.close()
            return False
        self._listeners += opened
        return True

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                connection, _ = listener.accept()
                self.reached.append(listener.getsockname()[:2])
                with connection, contextlib.suppress(OSError):
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        if connection.getsockname()[1] in self.mail_ports:  # where the server speaks first
            connection.sendall(_NO_MAIL)
            return
        connection.settimeout(1)
        connection.recv(65_536)
        connection.sendall(_ANSWER)


class Wire:
    """Sees each connection that this process begins; none that leaves the machine gets far.

    An audit hook cannot be removed: the process that watches itself does nothing else.
    """

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        sys.addaudithook(self._see)

    def _see(self, event: str, args: tuple[object, ...]) -> None:
        if event != "socket.connect":
            return
        address = args[1]
        if not isinstance(address, tuple):  # a UNIX socket
            return
        host, port = str(address[0]), int(address[1])
        self.begun.append((host, port))
        if not _is_loopback(host):
            raise ConnectionRefusedError("nothing leaves this machine")


def _is_loopback(host: str) -> bool:
    address = ip_address(host)
    inner = getattr(address, "ipv4_mapped", None) or address
    return inner.is_loopback or inner.is_unspecified


class Names:
    """Stands in for the name servers: each look-up of a name gives the next of its answers."""

    def __init__(self) -> None:
        self._answers: dict[str, Iterator[Sequence[str]]] = {}
        self._lock = threading.Lock()
        self._system = socket.getaddrinfo
        self.asked = 0

    def __enter__(self) -> "Names":
        socket.getaddrinfo = self._look_up  # type: ignore[assignment]
        return self

    def __exit__(self, *_: object) -> None:
        socket.getaddrinfo = self._system

    def set(self, name: str, *answers: Sequence[str]) -> None:
        """Let a name have these answers, one after the other, over and over."""
        self._answers[name] = cycle(answers)

    def _look_up(
        self, host: str, port: int, family: int = 0, *_: int, **__: int
    ) -> list[tuple[object, ...]]:
        answers = self._answers.get(host)
        if answers is None:
            return self._plain(host, port, family)
        with self._lock:
            self.asked += 1
            found = next(answers)
        return [_entry(address, port) for address in found]

    def _plain(self, host: str, port: int, family: int) -> list[tuple[object, ...]]:
        """Read numbers as the system does, in any spelling; no query leaves the machine."""
        if host.rstrip(".").lower().endswith("localhost"):
            return [_entry(address, port) for address in ("127.0.0.1", "::1")]
        numeric = socket.AI_NUMERICHOST
        return list(self._system(host, port, family, socket.SOCK_STREAM, flags=numeric))


def _entry(address: str, port: int) -> tuple[object, ...]:
    if ":" in address:
        return socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, 0, 0)
    return socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port)

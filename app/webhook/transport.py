"""A connection that only goes where the guard lets it, and ends in time, whatever comes back."""

import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpcore2

from app.webhook.guard import Guard

MAX_ANSWER_BYTES = 65_536  # raw, headers included
_MAX_ADDRESSES = 4  # of one host, tried one after the other


class TooLargeError(Exception):
    """A receiver sends more than anyone reads."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment by which everything about one attempt is over."""

    at: float  # time.monotonic()

    @property
    def remaining_s(self) -> float:
        """What is left.

        Raises:
            TimeoutError: Nothing is.
        """
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left


class GuardedBackend(httpcore2.NetworkBackend):
    """Opens the sockets of one attempt: resolve, check, connect to what was checked."""

    def __init__(
        self,
        guard: Guard,
        *,
        scheme: str,
        deadline: Deadline,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
    ) -> None:
        self._guard = guard
        self._room = max_answer_bytes
        self._scheme = scheme
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first address that answers; the arguments after `port` are not used.

        Raises:
            EndpointRejected: The guard says no.
            ConnectionRefusedError: No address takes the connection.
            OSError: The name has no address, or the deadline has passed.
        """
        connected = connect(self._guard, host, port, scheme=self._scheme, deadline=self._deadline)
        return DeadlineStream(connected, self._deadline, self._room)


class DeadlineStream(httpcore2.NetworkStream):
    """A socket on which every wait ends at the deadline, and which reads only so much."""

    def __init__(
        self, connected: socket.socket, deadline: Deadline, room: int = MAX_ANSWER_BYTES
    ) -> None:
        self._socket = connected
        self._deadline = deadline
        self._room = room  # bytes that may still be read

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Give what has come; `timeout` is not used, the deadline is.

        Raises:
            TooLargeError: As much as there is room for was read before.
        """
        if self._room <= 0:
            raise TooLargeError
        self._socket.settimeout(self._deadline.remaining_s)
        data = self._socket.recv(min(max_bytes, self._room))
        self._room -= len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it; `timeout` is not used, the deadline is."""
        rest = memoryview(buffer)
        while rest:
            self._socket.settimeout(self._deadline.remaining_s)
            try:
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                raise
            except OSError as error:  # httpcore2 then looks whether an answer came all the same
                raise httpcore2.WriteError from error

    def close(self) -> None:
        """Hang up; nothing is waited for."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        """Shake hands for the host's own name, whatever address it was found at."""
        try:
            self._socket.settimeout(self._deadline.remaining_s)
            secured = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        except BaseException:
            self.close()
            raise
        return DeadlineStream(secured, self._deadline, self._room)


def connect(
    guard: Guard, host: str, port: int, *, scheme: str, deadline: Deadline
) -> socket.socket:
    """Resolve, check every address, and connect to the first of them that answers.

    Raises:
        EndpointRejected: The guard says no.
        ConnectionRefusedError: No address takes the connection.
        OSError: The name has no address, or the deadline has passed.
    """
    found = guard.resolve(host, port, scheme=scheme, wait_s=deadline.remaining_s)
    addresses = found[:_MAX_ADDRESSES]
    failure: OSError = TimeoutError("no address answers")
    for tried, address in enumerate(addresses):
        share_s = deadline.remaining_s / (len(addresses) - tried)
        try:
            return _connected(address, port, share_s)
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError | ConnectionResetError):
        raise failure
    raise ConnectionRefusedError("no address takes the connection") from failure


def _connected(address: str, port: int, timeout_s: float) -> socket.socket:
    connected = socket.create_connection((address, port), timeout=timeout_s)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError:  # it was reset at once
        connected.close()
        raise ConnectionResetError("reset on connecting") from None
    return connected

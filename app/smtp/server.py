"""The server: its connections, and its end."""

import asyncio
import logging
import socket
from typing import cast

import structlog

from app.smtp.connection import Connection, LmtpConnection
from app.smtp.door import Door
from app.smtp.terms import Terms

MAX_CONNECTIONS = 64

log = structlog.get_logger(__name__)


async def serve(listener: socket.socket, terms: Terms, stop: asyncio.Event) -> None:
    """Take mails until told to stop; then those that are on their way, and no others."""
    logging.getLogger("mail.log").disabled = True  # aiosmtpd's: it writes addresses and texts
    connections = _Connections(Door(terms))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(connections.open, sock=listener, backlog=MAX_CONNECTIONS)
    await stop.wait()
    server.close()
    await connections.close()


class _Connections:
    """Those who are connected now."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._kind = LmtpConnection if door.terms.lmtp else Connection
        self._open: set[Connection] = set()
        self._emptied = asyncio.Event()

    def open(self) -> asyncio.Protocol:
        """Give a new connection what speaks with it."""
        if len(self._open) >= MAX_CONNECTIONS:
            log.warning("smtp_full", connections=MAX_CONNECTIONS)
            return _OneTooMany()
        connection = self._kind(self._door, self._forget)
        self._open.add(connection)
        return connection

    async def close(self) -> None:
        """Send everybody home: those with a mail in hand when it is answered, or the time is up."""
        for connection in list(self._open):
            connection.leave("421 4.3.2 Closing; come back later", patient=True)
        self._emptied.clear()
        try:
            if self._open:
                await asyncio.wait_for(self._emptied.wait(), self._door.terms.stop_s)
        except TimeoutError:
            log.warning("smtp_cut_off", connections=len(self._open))
            for connection in list(self._open):
                connection.abort()
        self._door.keepers.close()

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)
        if not self._open:
            self._emptied.set()


class _OneTooMany(asyncio.Protocol):
    """Asks to come back, and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so in place of a greeting."""
        line = cast(asyncio.Transport, transport)
        line.write(b"421 4.3.2 Too many connections; come back later\r\n")
        line.close()

"""One connection: aiosmtpd reads the commands, and a mail's bytes are read here."""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable
from typing import AnyStr, TypeAlias, cast

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope

from app.errors import Overloaded
from app.inbound.values import Post
from app.smtp.door import Door
from app.smtp.incoming import Incoming

NAME = "inlet"  # in the greeting: a mail server that read its own name there would see a loop
_READER_BYTES = 65_536  # the reader holds up to twice as much, and one piece from the network
_READ_BYTES = 1_048_576  # more than it ever holds: a read empties it
_COMMAND_BYTES = 512  # RFC 5321, 4.5.3.1.4
_DRAINED_RATIO = 3  # of the largest size: read of a refused mail before we hang up
_KEEP_S = (
    90.0  # more than a database takes to say no; then the client hears nothing, and sends again
)
_NOT_KEPT = "451 4.3.0 The database does not take it; send it again"
_ABORT_S = 1.0  # for the last words to a client that does not read
# A path and what follows it; no control characters, and nothing that was no UTF-8. Linear time.
_PLAIN, _QUOTED = (
    r'[^<>"\x00-\x20\x7f\ud800-\udfff]',
    r'"(?:[^"\\\x00-\x1f\ud800-\udfff]|\\[ -~])*+"',
)
_PATH = re.compile(rf"<((?:{_PLAIN}|{_QUOTED})*+)>\s*(.*)")
_BARE = re.compile(r"[245][0-9]{2} (?![245]\.[0-9])")  # a reply without an enhanced code

log = structlog.get_logger(__name__)

OnLost: TypeAlias = Callable[["Connection"], None]


class Connection(SMTP):
    """A client that gives mails by SMTP, from its greeting to its end."""

    line_length_limit = _READER_BYTES

    def __init__(self, door: Door, on_lost: OnLost) -> None:
        self.command_size_limits = defaultdict(lambda: _COMMAND_BYTES)  # the library shares one
        super().__init__(
            door,
            data_size_limit=door.terms.max_bytes,
            enable_SMTPUTF8=True,
            hostname=NAME,
            ident="LMTP" if door.terms.lmtp else "ESMTP",
            timeout=door.terms.idle_s,
            loop=asyncio.get_running_loop(),
        )
        self._door = door
        self._on_lost = on_lost
        self._receiving = False
        self._keeping = False
        self._last_words: str | None = None  # said once the mail in hand is answered
        self._held_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to speak, and see when it must be over."""
        super().connection_made(transport)
        words = "421 4.4.2 This took too long"
        self._over = self.loop.call_later(self._door.terms.session_s, self.leave, words)
        if self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(_look_at)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client; what it has not finished is gone."""
        self._over.cancel()
        super().connection_lost(error)
        self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        """Take each piece of a mail for a sign of life; a command must come whole in time."""
        super().data_received(data)
        if self._receiving:
            self._reset_timeout()

    def _timeout_cb(self) -> None:
        self._keeping = False
        self.leave("421 4.4.2 Nothing came for too long")

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read a path; the library's way takes quadratic time, and fails on some."""
        found = _PATH.fullmatch(arg.strip())
        return (found[1] or "<>", found[2]) if found else (None, None)

    def _hold(self, size: int) -> bool:
        """Take memory for a mail, or give it back; False where there is none left."""
        more = size - self._held_bytes
        if more > self._door.free_bytes:
            return False
        self._door.free_bytes -= more
        self._held_bytes = size
        return True

    def leave(self, words: str, *, patient: bool = False) -> None:
        """Hang up, but after the answer to a mail that is being kept, or patiently: received."""
        if self._keeping or (patient and self._receiving):
            self._last_words = words
        elif self.transport is not None:
            log.info("smtp_hung_up", answer=words[:9])
            line = cast(asyncio.Transport, self.transport)
            line.write(words.encode() + b"\r\n")
            line.close()
            self.loop.call_later(_ABORT_S, line.abort)

    def abort(self) -> None:
        """Hang up at once."""
        if self.transport is not None:
            cast(asyncio.Transport, self.transport).abort()

    async def push(self, status: AnyStr) -> None:
        """Answer; the library's own replies get the enhanced code that RFC 2033 asks for."""
        extended = self.session is not None and self.session.extended_smtp
        if extended and isinstance(status, str) and _BARE.match(status):
            await super().push(f"{status[:3]} {status[0]}.0.0{status[3:]}")
        else:
            await super().push(status)

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802
        """Tell nobody who is known here."""
        await self.push("252 2.5.0 Send a mail and see")

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802
        """Ask nobody for a password."""
        await self.push("502 5.5.1 There is no AUTH here")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802
        """Take a mail; by LMTP it is answered once for each recipient."""
        recipients = [] if self.envelope is None else self.envelope.rcpt_tos
        if arg or not recipients:
            await self.push("501 5.5.4 DATA stands alone" if arg else "503 5.5.1 RCPT comes first")
            return
        await self.push("354 The mail, and a line with a dot alone")
        answer = await self._answer()
        self._reset_timeout()
        self.envelope = self._create_envelope()
        for _ in recipients if self._door.terms.lmtp else recipients[:1]:
            await self.push(answer)
        if self._last_words is not None:
            self.leave(self._last_words)

    async def _answer(self) -> str:
        """Receive a mail and have it kept; say what came of it."""
        self._receiving = True
        try:
            mail = await self._received()
            self._receiving = False
            if isinstance(mail, bytes):
                return await self._kept(mail)
        finally:
            self._receiving = False
            self._hold(0)
        log.warning("mail_refused", answer=mail[:9])
        return mail

    async def _received(self) -> bytes | str:
        """Read a mail to its end; of one that is refused, no more than it deserves."""
        incoming = Incoming(self._door.terms.max_bytes)
        rest = None
        while rest is None:
            chunk = await self._reader.read(_READ_BYTES)
            if not chunk:
                raise ConnectionResetError
            rest = incoming.take(chunk)
            if not self._hold(incoming.held_bytes):
                incoming.refuse("451 4.3.1 Too much is being received; send it again")
            if incoming.received_bytes > _DRAINED_RATIO * self._door.terms.max_bytes:
                self._last_words = "421 4.3.4 Enough of it"
                break
        self._reader.feed_data(rest or b"")  # commands that came behind it
        return incoming.mail()

    async def _kept(self, mail: bytes) -> str:
        """Wait until a mail is durable; the client waits for us as long."""
        began_s = time.perf_counter()
        keeping = asyncio.wrap_future(self._door.keepers.submit(self._post_of(mail)))
        self._reset_timeout(_KEEP_S)
        self._keeping = True
        try:
            kept = await keeping
        except Overloaded as error:
            log.warning("mail_not_kept", error_code=error.code)
            return _NOT_KEPT
        except Exception:  # whatever it was, the client must hear that it keeps the mail
            log.exception("keeping_failed")
            return _NOT_KEPT
        finally:
            self._keeping = False
        duration_ms = round((time.perf_counter() - began_s) * 1_000, 1)
        log.info("mail_kept", arrival_id=kept, bytes=len(mail), duration_ms=duration_ms)
        return f"250 2.0.0 Kept as {kept}"

    def _post_of(self, mail: bytes) -> Post:
        envelope = self.envelope or Envelope()
        return Post(
            url="lmtp:" if self._door.terms.lmtp else "smtp:",
            query={},
            headers={
                "content-type": "message/rfc822",
                "x-envelope-from": envelope.mail_from or "<>",
                "x-envelope-to": ", ".join(envelope.rcpt_tos),
            },
            body=mail,
            received_at=self._door.terms.now(),
        )


class LmtpConnection(Connection, LMTP):
    """A client that gives mails by LMTP: it says LHLO, and hears of each recipient."""


def _look_at(task: asyncio.Task[None]) -> None:
    """Let nobody complain of a connection that broke."""
    if not task.cancelled():
        task.exception()

"""The way out over SMTP: one mail on a connection that the guard has let through."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPTimeoutError,
)

from app.domain import Answer
from app.webhook.formats.steps import Mail
from app.webhook.guard import Guard
from app.webhook.mail_target import SMTPS, MailTarget, parse_mail_target
from app.webhook.transport import Deadline, connect

REFUSED = "smtp_refused"
TLS_ERROR = "tls_error"

_EXCERPT_CHARS = 500
_QUIT_S = 1.0  # the mail is taken by then


def send_mail(mail: Mail, guard: Guard, *, deadline: Deadline, trust: ssl.SSLContext) -> Answer:
    """Hand a mail to its server; the answer's status code is the server's, 250 where it took it.

    Raises:
        EndpointRejected: The guard says no.
        OSError: The server cannot be reached, or not in time.
    """
    target = parse_mail_target(mail.url)
    connected = connect(guard, target.host, target.port, scheme=target.scheme, deadline=deadline)
    exempt = guard.is_exempt(target.host, connected.getpeername()[0])
    talk = _Talk(mail, target, exempt=exempt, trust=trust)
    try:
        return asyncio.run(talk.deliver(connected, deadline))
    except SMTPException as error:
        return _failure(error)
    finally:
        connected.close()


class _Talk:
    """One conversation with a mail server."""

    def __init__(
        self, mail: Mail, target: MailTarget, *, exempt: bool, trust: ssl.SSLContext
    ) -> None:
        self._mail = mail
        self._target = target
        self._exempt = exempt
        self._trust = trust

    async def deliver(self, connected: socket.socket, deadline: Deadline) -> Answer:
        """Log in and send; whatever happens, the connection is closed by then."""
        client = SMTP(
            hostname=self._target.host,
            sock=connected,
            use_tls=self._target.scheme == SMTPS,
            start_tls=False,
            tls_context=self._trust,
            timeout=deadline.remaining_s,
            local_hostname=self._mail.sender.rpartition("@")[2],
        )
        try:
            async with asyncio.timeout(deadline.remaining_s):
                await client.connect()
                answer = await self._send(client)
            with suppress(SMTPException, TimeoutError):
                await client.execute_command(b"QUIT", timeout=_QUIT_S)
            return answer
        finally:
            await _hang_up(client)

    async def _send(self, client: SMTP) -> Answer:
        if self._target.scheme != SMTPS and not await self._is_secured(client):
            return Answer(
                status_code=None,
                error_code=TLS_ERROR,
                body_excerpt="the mail server offers no STARTTLS",
            )
        if self._target.user is not None:
            await client.login(self._target.user, self._target.password)
        refused, said = await client.sendmail(
            self._mail.sender, list(self._mail.recipients), self._mail.message
        )
        some = f"{len(refused)} of {len(self._mail.recipients)} recipients refused; "
        return Answer(
            status_code=250, error_code=None, body_excerpt=_short((some if refused else "") + said)
        )

    async def _is_secured(self, client: SMTP) -> bool:
        """Switch to TLS; False where nothing protects the mail and nobody allowed that."""
        await client.ehlo()
        if self._exempt and self._mail.in_clear:
            return True
        if not client.supports_extension("starttls"):
            return self._exempt
        await client.starttls()
        return True


async def _hang_up(client: SMTP) -> None:
    """Close the connection without waiting for the server's part of TLS."""
    transport = client.transport
    client.close()
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
        await asyncio.sleep(0)  # it closes its socket in the loop


def _failure(error: SMTPException) -> Answer:
    """Say what a conversation that broke off came to."""
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        error = error.recipients[0]
    if isinstance(error, SMTPResponseException) and 200 <= error.code < 600:
        return Answer(
            status_code=error.code, error_code=REFUSED, body_excerpt=_short(error.message)
        )
    if isinstance(error, SMTPTimeoutError):
        return Answer(status_code=None, error_code="timeout")
    is_tls = any(isinstance(cause, ssl.SSLError) for cause in _causes(error))
    return Answer(status_code=None, error_code=TLS_ERROR if is_tls else "protocol_error")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _short(said: str) -> str:
    return said.encode("utf-8", "replace").decode().replace("\0", "")[:_EXCERPT_CHARS]

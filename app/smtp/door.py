"""What all connections share: rules and memory."""

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from app.smtp.keepers import Keepers
from app.smtp.terms import Terms, domain_of

MAX_RECIPIENTS = 100  # of a mail; RFC 5321, 4.5.3.1.8, asks for as many
_MAILS_IN_MEMORY = 4  # of the largest size; what comes beyond is sent again later

log = structlog.get_logger(__name__)


class Door:
    """Rules and memory for all connections. aiosmtpd calls what is named `handle_…`."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.keepers = Keepers(terms.keep)
        self.free_bytes = _MAILS_IN_MEMORY * terms.max_bytes  # for mails on their way in

    def refusal_of(self, address: str, *, taken: int) -> str | None:
        """Say why a recipient is not taken, if so, where some are taken already."""
        if address == "<>":
            return "501 5.1.3 A recipient has an address"
        if self.terms.domains and domain_of(address) not in self.terms.domains:
            return "550 5.7.1 No mail is taken for this domain, and none is relayed"
        if taken >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients; send the mail again for the others"
        return None

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """Take a recipient, or not."""
        refusal = self.refusal_of(address, taken=len(envelope.rcpt_tos))
        if refusal is not None:
            log.info("recipient_refused", answer=refusal[:9])
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_EHLO(  # noqa: N802
        self,
        _server: SMTP,
        session: Session,
        _envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Say what is spoken here, all in one reply."""
        session.host_name = hostname
        offered = [line[4:] for line in responses if not line.endswith("HELP")]
        *lines, last = [*offered, "PIPELINING", "ENHANCEDSTATUSCODES"]
        return ["\r\n".join([*(f"250-{line}" for line in lines), f"250 {last}"])]

    async def handle_exception(self, error: Exception) -> str:
        """Answer for what should not have happened."""
        log.error("smtp_command_failed", exc_info=error)
        return "451 4.3.0 Something went wrong here; send it again"

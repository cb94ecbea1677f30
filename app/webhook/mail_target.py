"""A mail server's URL, read once and strictly: smtp://user:password@host:587."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from app.errors import EndpointRejected
from app.webhook.target import BAD_URL, MAX_URL_CHARS, plain_host

SMTP, SMTPS = "smtp", "smtps"  # STARTTLS; TLS from the first byte
MAIL_SCHEMES = frozenset({SMTP, SMTPS})
MAIL_PORTS = frozenset({25, 465, 587, 2525})

_DEFAULT_PORTS = {SMTP: 587, SMTPS: 465}  # RFC 8314, section 3.3
_PART = r"[a-z0-9._~!$&'()*+,;=%-]{1,256}"
_URL = re.compile(
    r"(?P<scheme>smtps?)://"
    rf"(?:(?P<user>{_PART})(?::(?P<password>{_PART}))?@)?"
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTarget:
    """Which mail server takes the mail, and how we log in."""

    scheme: str  # smtp or smtps
    host: str  # lower case; an IPv6 literal without its brackets
    port: int
    user: str | None = None
    password: str = field(default="", repr=False)


def is_mail_url(url: str) -> bool:
    """Whether a URL names a mail server."""
    return url.partition("://")[0].lower() in MAIL_SCHEMES


def parse_mail_target(url: str) -> MailTarget:
    """Take the URL of a mail server apart.

    Raises:
        EndpointRejected: With the code bad_url; does not repeat the URL.
    """
    parts = _URL.fullmatch(url) if len(url) <= MAX_URL_CHARS else None
    if parts is None:
        raise EndpointRejected(
            "the URL of a mail server must be smtp://user:password@host:587 or smtps://…, "
            "with what is no letter or digit of user and password as %40",
            code=BAD_URL,
        )
    scheme = parts["scheme"].lower()
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65_536:
        raise EndpointRejected("the port must be from 1 to 65535", code=BAD_URL)
    return MailTarget(
        scheme=scheme,
        host=plain_host(parts["host"].lower()),
        port=port,
        user=unquote(parts["user"]) if parts["user"] else None,
        password=unquote(parts["password"] or ""),
    )

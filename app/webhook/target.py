"""An endpoint's URL, read once and strictly: what is checked is what is called."""

import re
from dataclasses import dataclass

from app.errors import EndpointRejected
from app.webhook.address import parse_address

MAX_URL_CHARS = 2_048
BAD_URL = "bad_url"

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>[/?][a-z0-9/?:@\[\]._~!$&'()*+,;=%-]*)?",
    re.ASCII | re.IGNORECASE,
)
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, in the parts that a client needs."""

    scheme: str  # https or http
    host: str  # lower case; an IPv6 literal without its brackets
    port: int
    path: str  # with its query, exactly as written

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def parse_target(url: str) -> Target:
    """Take a URL apart, and refuse what two readers could read differently.

    Raises:
        EndpointRejected: With the code bad_url; blocked_address for odd spellings of one.
    """
    if len(url) > MAX_URL_CHARS:
        raise EndpointRejected(f"the URL is over {MAX_URL_CHARS} characters", code=BAD_URL)
    parts = _URL.fullmatch(url)
    if parts is None:
        raise EndpointRejected(
            "the URL must be https://host[:port]/path in ASCII (other names as xn--…), "
            "without a user, a fragment or spaces",
            code=BAD_URL,
        )
    scheme = parts["scheme"].lower()
    port = int(parts["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port < 65_536:
        raise EndpointRejected("the port must be from 1 to 65535", code=BAD_URL)
    path = parts["path"] or "/"
    return Target(
        scheme, plain_host(parts["host"].lower()), port, path if path[0] == "/" else f"/{path}"
    )


def check_name(host: str) -> None:
    """Refuse what is neither a plain address nor a plain name, such as 127.1 or 0x7f000001.

    The system's resolver takes a host whose last label is a number for an IPv4 address.
    """
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise EndpointRejected("write the address as four decimal numbers")
    if not _NAME.fullmatch(host):
        raise EndpointRejected("the host name is not a valid one", code=BAD_URL)


def plain_host(text: str) -> str:
    """Read the host of a URL: a name, or an address in its plain spelling.

    Raises:
        EndpointRejected: With the code bad_url; blocked_address for odd spellings of an address.
    """
    host = text.strip("[]")
    literal = parse_address(host)
    if (literal is not None and literal.version == 6) != text.startswith("["):
        raise EndpointRejected("only an IPv6 address stands in brackets", code=BAD_URL)
    if literal is None:
        check_name(host)
    return host

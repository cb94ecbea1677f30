"""Where webhooks may go: checked when an endpoint is made, and again on every connection."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from app.errors import ConfigError, EndpointRejected
from app.webhook.address import Address, embedded_address, is_public, parse_address
from app.webhook.lookup import BoundedLookup, Lookup, system_lookup
from app.webhook.mail_target import MAIL_PORTS, MAIL_SCHEMES, is_mail_url, parse_mail_target
from app.webhook.target import BAD_URL, check_name, parse_target

LOOKUP_WAIT_S = 3.0

_WEB_PORTS = frozenset({80, 443})  # below 1024 nothing else is a web server
_OTHER_PORTS = frozenset(
    {1080, 1433, 1521, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3128, 3306, 3389, 3659, 4045, 4190}
    | {4369, 5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379, 6443, 6566, 6697, 7000, 7001, 8086}
    | {9042, 9092, 9200, 9300, 10250, 10255, 11211, 15672, 27017, 27018, 50000}
)
"""Databases, queues, control planes and what browsers refuse (Fetch, "bad port"), from 1024 up."""


class Guard:
    """The rules of egress; holds no state, so threads may share it."""

    def __init__(
        self,
        allow_hosts: Iterable[str] = (),
        allow_cidrs: Iterable[str] = (),
        allow_http: bool = False,
        *,
        denied: Iterable[tuple[str, int]] = (),
        lookup: Lookup = system_lookup,
    ) -> None:
        """Set the operator's exceptions.

        Args:
            allow_hosts: Names (or literals) that may be called wherever they resolve to.
            allow_cidrs: Networks that may be called although they are not public.
            allow_http: Allow http:// everywhere; the two lists above allow it for themselves.
            denied: Our own listening addresses and ports: never called, whatever is allowed.
            lookup: Resolves a name; the system's resolver but in tests.
        """
        self._hosts = frozenset(host.lower().strip("[]") for host in allow_hosts)
        self._networks = tuple(_network(cidr) for cidr in allow_cidrs)
        self._allow_http = allow_http
        self._denied = frozenset((host.lower(), port) for host, port in denied)
        self._lookup = BoundedLookup(lookup)

    def check_url(self, url: str) -> None:
        """Refuse an endpoint's URL that must not be called.

        A name that has no address yet passes: every connection checks again.

        Raises:
            EndpointRejected: With the code bad_url or blocked_address; does not repeat the URL.
        """
        target = parse_mail_target(url) if is_mail_url(url) else parse_target(url)
        try:
            self.resolve(target.host, target.port, scheme=target.scheme)
        except OSError:
            if target.scheme == "http" and not self._may_be_plain(target.host):
                raise _need_https() from None

    def resolve(
        self, host: str, port: int, *, scheme: str = "https", wait_s: float = LOOKUP_WAIT_S
    ) -> tuple[str, ...]:
        """Give the addresses of a host that may be connected to: all of them, or none.

        Raises:
            EndpointRejected: One of its addresses, or its port, must not be called.
            OSError: The name has no address (socket.gaierror), or no answer came (TimeoutError).
        """
        self._check_port(host, port, scheme)
        addresses = self._addresses(host, port, wait_s)
        for address in addresses:
            self._check_address(host, port, scheme, address)
        return addresses

    def _addresses(self, host: str, port: int, wait_s: float) -> tuple[str, ...]:
        if parse_address(host) is not None:
            return (host,)
        check_name(host)
        if host == "localhost" or host.endswith(".localhost"):
            return ("127.0.0.1",)  # RFC 6761, section 6.3: no resolver is asked
        return self._lookup(host, port, wait_s)

    def is_exempt(self, host: str, address: str) -> bool:
        """Whether the operator named this host or its network: it may be called in clear."""
        found = parse_address(address)
        return host in self._hosts or (found is not None and self._is_listed(found))

    def _check_port(self, host: str, port: int, scheme: str) -> None:
        odd = port not in _WEB_PORTS if port < 1024 else port in _OTHER_PORTS
        if scheme in MAIL_SCHEMES:
            odd = port not in MAIL_PORTS
        if odd and host not in self._hosts:
            raise EndpointRejected("webhooks are not sent to this port")

    def _check_address(self, host: str, port: int, scheme: str, text: str) -> None:
        address = parse_address(text)
        if address is None:
            raise EndpointRejected("the host has an address that is not a plain one")
        if self._is_own(host, port, address):
            raise EndpointRejected("webhooks are not sent to the service itself")
        if host in self._hosts or self._is_listed(address):
            return
        if not is_public(address):
            raise EndpointRejected(
                "the host is not on the public internet; an operator can allow it with "
                "INLET_EGRESS_ALLOW_HOSTS or INLET_EGRESS_ALLOW_CIDRS"
            )
        if scheme == "http" and not self._allow_http:
            raise _need_https()

    def _may_be_plain(self, host: str) -> bool:
        return self._allow_http or host in self._hosts or bool(self._networks)

    def _is_listed(self, address: Address) -> bool:
        inner = embedded_address(address)
        return any(address in network or inner in network for network in self._networks)

    def _is_own(self, host: str, port: int, address: Address) -> bool:
        inner = embedded_address(address)
        names = {host, str(address), str(inner)}
        if inner.is_loopback or inner.is_unspecified:  # where a listener on every address is met
            names |= {"localhost", "0.0.0.0", "::"}  # noqa: S104  compared with, not bound to
        return any((name, port) in self._denied for name in names)


def _network(cidr: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(cidr.strip(), strict=False)
    except ValueError:
        raise ConfigError(
            "INLET_EGRESS_ALLOW_CIDRS: need networks such as 10.1.0.0/16 or fd00::/8"
        ) from None


def _need_https() -> EndpointRejected:
    return EndpointRejected(
        "the URL must begin with https://; an operator can allow http:// with "
        "INLET_EGRESS_ALLOW_HTTP, or for hosts and networks of the allow-lists",
        code=BAD_URL,
    )

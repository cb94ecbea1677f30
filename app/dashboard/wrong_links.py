"""How often a browser came with a link that is none: who does it often is not looked up."""

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.requests import Request

MOST = 10  # wrong links of one client
WINDOW_S = 300.0
_MAX_CLIENTS = 4_096  # the one that began longest ago is forgotten first
_IPV6_BITS = 64  # one subscriber's: RFC 6177, section 2


class WrongLinks:
    """Counts for each client in windows. Used by the event loop's thread alone.

    A link has 256 random bits and is not guessed, so this bounds load alone: it must never keep
    people out because somebody else behind the same proxy is up to mischief.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._clients: OrderedDict[str, tuple[float, int]] = OrderedDict()  # window's begin, count

    def note(self, client: str) -> None:
        """Count a wrong link."""
        began_s, count = self._window(client)
        self._clients[client] = (began_s, count + 1)
        if len(self._clients) > _MAX_CLIENTS:
            self._clients.popitem(last=False)

    def wait_s(self, client: str) -> float:
        """Tell how long a client has to wait; 0 where it does not."""
        began_s, count = self._window(client)
        return max(0.0, began_s + WINDOW_S - self._monotonic()) if count >= MOST else 0.0

    def _window(self, client: str) -> tuple[float, int]:
        now_s = self._monotonic()
        began_s, count = self._clients.get(client, (now_s, 0))
        if now_s - began_s < WINDOW_S:
            return began_s, count
        self._clients.pop(client, None)
        return now_s, 0


def client_of(headers: Headers, host: str | None) -> str:
    """Tell clients apart: by their address, behind a proxy by the one that it saw as well.

    Who is not behind a proxy can write anything there, and gains only a count of its own.
    """
    seen_by_proxy = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return f"{_network(host or '')} {_network(seen_by_proxy)}"


def client_of_request(request: Request) -> str:
    """Tell the client of a request; see `client_of`."""
    return client_of(request.headers, request.client.host if request.client else None)


def _network(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return f"{int(parsed) >> (128 - _IPV6_BITS):x}/{_IPV6_BITS}"

"""Whether a request comes from this machine's own user, or from a web page open in a browser."""

import ipaddress
import re
from collections.abc import Mapping

from app.errors import Forbidden

_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class CrossSite(Forbidden):
    """A request that a browser made for another site's page."""

    code = "cross_site"


def is_loopback(host: str | None) -> bool:
    """Whether a host's name or address can only mean this machine."""
    name = (host or "").lower().removeprefix("[").removesuffix("]")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_forwarded(headers: Mapping[str, str]) -> bool:
    """Whether a proxy says that it passes on somebody else's request."""
    return any(name in headers for name in _FORWARDED)


def check_same_site(headers: Mapping[str, str]) -> None:
    """Refuse what a browser sends for another site's page, also one that rebinds its DNS name.

    Raises:
        Forbidden: `cross_site`.

    Source:
        W3C Fetch Metadata Request Headers, section 2.3 (Sec-Fetch-Site).
    """
    host = headers.get("host", "").lower()
    origin = headers.get("origin")
    same_origin = origin is None or origin.lower() in (f"http://{host}", f"https://{host}")
    fetched = headers.get("sec-fetch-site", "none").lower() in ("none", "same-origin")
    if not (is_loopback(_name_of(host)) and same_origin and fetched):
        raise CrossSite("a web page must not use this service without an API key")


def check_own_page(headers: Mapping[str, str], public_url: str | None) -> None:
    """Refuse a change that a browser sends for any page but our own, on whatever host we are.

    Where a browser says whose page it was, that counts: a proxy may have changed Host. Origin
    counts for browsers that do not say it, and for addresses that they do not say it to.

    Args:
        headers: Of the request.
        public_url: Our address as browsers know it; None where nobody set one.

    Raises:
        Forbidden: `cross_site`.

    Source:
        W3C Fetch Metadata Request Headers, section 2.3 (Sec-Fetch-Site), which no page can set.
    """
    fetched = headers.get("sec-fetch-site", "").lower()
    origin = headers.get("origin", "").lower()
    host = headers.get("host", "").lower()
    ours = (f"http://{host}", f"https://{host}", origin_of(public_url))
    own_page = fetched in ("same-origin", "none") if fetched else not origin or origin in ours
    if not own_page:
        raise CrossSite("only a page of this service may ask for this")


def origin_of(url: str | None) -> str | None:
    """Give scheme, host and port of an address, as browsers write them."""
    if url is None:
        return None
    scheme, _, rest = url.lower().partition("://")
    host = rest.partition("/")[0]
    usual_port = {"http": ":80", "https": ":443"}.get(scheme, "")
    return f"{scheme}://{host.removesuffix(usual_port)}"


def _name_of(host: str) -> str:
    """Take the port off a Host header."""
    return re.sub(r":[0-9]{1,5}$", "", host)

"""Where a sign-in may lead back to: pages of ours and nothing else."""

import re
from urllib.parse import urlsplit

START = "/inbox"
_MAX_CHARS = 1_024
# RFC 3986, section 3.3 and 3.4, without the characters that browsers read as a slash or drop.
_LOCAL = re.compile(r"/(?!/)[A-Za-z0-9._~%!$&'()*+,;=:@/-]*(\?[A-Za-z0-9._~%!$&'()*+,;=:@/?-]*)?")
_NOT_BACK_TO = ("/login", "/logout")


def local_path(given: str | None) -> str:
    """Give a path of ours, START where what was given is none.

    Two slashes lead elsewhere, and so do a backslash and the tabs and line ends that browsers drop.

    Source:
        WHATWG URL Standard, "relative slash state".
    """
    if given is None or len(given) > _MAX_CHARS or not _LOCAL.fullmatch(given):
        return START
    path = given.partition("?")[0]
    return START if path == "/" or path.startswith(_NOT_BACK_TO) else given


def path_of_url(url: str) -> str:
    """Give the path of one of our pages by its whole address, as htmx sends it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return START
    return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))

"""Text of strangers made harmless to look at: no controls, no hidden direction marks, in bounds."""

import unicodedata
from bisect import bisect_right
from collections.abc import Callable

_JOINERS = "\u200c\u200d"  # carry meaning: Persian words, emoji sequences
_UNSEEN = {"Cc", "Cf", "Cs", "Co"}  # controls, direction marks, lone surrogates, private use
_MORE = "…"


def one_line(text: object, max_units: int) -> str:
    """Give a text in one line, as it is seen, within so many UTF-16 units."""
    return shorten(" ".join(_seen(str(text or "")).split()), max_units)


def paragraphs(text: object, max_units: int) -> str:
    """Give a text with its line breaks, of empty lines no two in a row, within a bound."""
    lines = [" ".join(line.split()) for line in _seen(str(text or "")).splitlines()]
    kept = [line for n, line in enumerate(lines) if line or (n and lines[n - 1])]
    return shorten("\n".join(kept).strip(), max_units)


def units(text: str) -> int:
    """Count UTF-16 units, as the chat platforms' own code does; never fewer than characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def shorten(text: str, max_units: int) -> str:
    """Cut a text that is too long, and show that it was."""
    return escaped(text, max_units, lambda part: part)


def escaped(text: str, max_units: int, escape: Callable[[str], str]) -> str:
    """Escape the longest beginning of a text that fits when it is escaped."""
    whole = escape(text)
    if units(whole) <= max_units:
        return whole
    room = max_units - units(_MORE)
    longest = range(len(text[: max(0, room)]) + 1)
    fitting = bisect_right(longest, room, key=lambda n: units(escape(text[:n])))
    return escape(text[: max(0, fitting - 1)]) + _MORE


def _seen(text: str) -> str:
    return "".join(
        c for c in text if c in _JOINERS or c.isspace() or unicodedata.category(c) not in _UNSEEN
    )

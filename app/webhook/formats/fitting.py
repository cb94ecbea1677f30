"""JSON that fits: compact, without what has no UTF-8, and cut to a number of bytes."""

import json
from bisect import bisect_right
from collections.abc import Iterable
from typing import Any


def encode(value: object) -> bytes:
    """Write JSON without spaces; a lone surrogate, which has no UTF-8, becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="replace")


def cut(text: str, max_bytes: int) -> str:
    """Give the longest beginning whose JSON takes at most so many bytes, quotes not counted."""
    longest = range(len(text[: max(0, max_bytes)]) + 1)
    fitting = bisect_right(longest, max_bytes, key=lambda n: len(encode(text[:n])) - len('""'))
    return text[: max(0, fitting - 1)]


def cut_or_none(text: str | None, max_chars: int) -> str | None:
    """Cut a name to so many characters, and to three bytes for each."""
    return text and cut(text[:max_chars], 3 * max_chars)


def fitting(items: Iterable[tuple[str, Any]], max_bytes: int) -> dict[str, Any]:
    """Take members of an object until one does not fit any more."""
    taken: dict[str, Any] = {}
    for name, value in items:
        more = {**taken, name: value}
        if len(encode(more)) > max_bytes:
            break
        taken = more
    return taken


def fitting_list(items: Iterable[Any], max_bytes: int) -> list[Any]:
    """Take items of a list until one does not fit any more."""
    taken: list[Any] = []
    for item in items:
        if len(encode([*taken, item])) > max_bytes:
            break
        taken.append(item)
    return taken

"""A part's header block, read leniently: a bad line costs that line and no more.

The standard library's parser ends the headers at the first line that is none, which turns the
rest of them into text; here the block ends at the blank line.

Source:
    RFC 5322, section 2.2, and RFC 6532 (UTF-8 in headers).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.inbound.mime import charsets, flags, limits

_FIELD = re.compile(rb"([A-Za-z0-9_.-]{1,76})[ \t]*+:")
_KNOWN = {
    "from", "to", "cc", "bcc", "subject", "date", "sender", "reply-to", "received", "return-path",
    "message-id", "mime-version", "in-reply-to", "references", "delivered-to", "dkim-signature",
    "auto-submitted", "precedence", "importance", "priority", "thread-topic", "thread-index",
    "authentication-results", "status", "comments", "keywords", "user-agent", "organization",
}  # fmt: skip
_KNOWN_PREFIXES = ("content-", "x-", "list-", "resent-", "arc-", "received-")
_SINGLE = ("content-type", "from", "subject", "message-id", "date", "content-transfer-encoding")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields in their order: lower-case name, and unfolded value with its encoded words."""

    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Headers":
        """Make headers from what a provider lists."""
        return cls(tuple((name.strip().lower(), value) for name, value in pairs))

    def every(self, name: str) -> list[str]:
        """Give the values of all fields of a name."""
        return [value for field, value in self.fields if field == name]

    def first(self, name: str) -> str | None:
        """Give the first value of a name; mail that has two is ambiguous."""
        return next((value for field, value in self.fields if field == name), None)

    def text(self, name: str) -> str:
        """Give the first value of a name, or an empty string."""
        return self.first(name) or ""


@dataclass(frozen=True, slots=True)
class Block:
    """What was read at the head of a part."""

    headers: Headers
    body_start: int
    stray: bytes = b""  # lines among the fields that are none
    flags: frozenset[str] = frozenset()


def read_block(raw: bytes, start: int, end: int) -> Block:
    """Read the headers of a part whose lines end with LF alone.

    A block in which no field is known is no header block: it is text that holds colons.
    """
    first = _first_line(raw, start, end) if start == 0 else start
    if raw[first : first + 1] == b"\n":
        return Block(Headers(), min(first + 1, end))
    blank = raw.find(b"\n\n", first, end)
    block_end = end if blank < 0 else blank
    lines = raw[first : min(block_end, first + limits.HEADER_BLOCK_BYTES)].split(b"\n")
    fields, stray, used = _fields(lines)
    if not any(_is_known(name) for name, _ in fields):
        return Block(Headers(), start)
    body_start = min(block_end + 2, end) if used is None else first + used
    is_cut = block_end - first > limits.HEADER_BLOCK_BYTES
    found = {flags.CAPPED} if is_cut else set()
    headers = _headers(fields, found)
    return Block(headers, body_start, b"\n".join(stray), frozenset(found))


def _first_line(raw: bytes, start: int, end: int) -> int:
    """Skip what stands before the first header: byte order mark, blank lines, mbox lines."""
    if raw.startswith(_BOM, start):
        start += len(_BOM)
    while start < end and raw.startswith((b"\n", b"From ", b">From "), start):
        newline = raw.find(b"\n", start, end)
        start = end if newline < 0 else newline + 1
    return start


def _fields(
    lines: list[bytes],
) -> tuple[list[tuple[str, list[bytes]]], list[bytes], int | None]:
    """Group lines to fields; also stray lines, and where a body begins without a blank line."""
    fields: list[tuple[str, list[bytes]]] = []
    stray: list[bytes] = []
    offset, body = 0, None
    for line in lines:
        if found := _FIELD.match(line):
            fields.append((found[1].decode("ascii").lower(), [line[found.end() :]]))
            body = None  # what stood before was a bad line among headers
        elif line[:1] in (b" ", b"\t") and fields and body is None:
            fields[-1][1].append(line)
        else:
            stray.append(line)
            body = offset if body is None else body
        offset += len(line) + 1
    return fields, stray, body


def _is_known(name: str) -> bool:
    return name in _KNOWN or name.startswith(_KNOWN_PREFIXES)


def _headers(fields: list[tuple[str, list[bytes]]], found: set[str]) -> Headers:
    values: list[tuple[str, str]] = []
    for name, lines in fields:
        value = b"".join(lines)
        if len(value) > limits.HEADER_BYTES:
            found.add(flags.CAPPED)
            value = value[: limits.HEADER_BYTES]
        values.append((name, charsets.decode(value, None).strip()))
    headers = Headers(tuple(values))
    if any(len(headers.every(name)) > 1 for name in _SINGLE):
        found.add(flags.AMBIGUOUS)
    return headers

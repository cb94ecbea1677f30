"""The tree of a mail's parts, cut by positions so that nothing is copied, inside all limits.

The standard library's parser knows no limits: 1,500 levels end it with a RecursionError, and
20,000 parts take seconds. Here the limits are taken while the tree grows.

Source:
    RFC 2046, section 5.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.inbound.mime import flags, limits, transfer
from app.inbound.mime.headers import Headers, read_block
from app.inbound.mime.parameters import Value, read_value

MESSAGES = {"message/rfc822", "message/global", "message/news"}
_FAMILIES = {"text", "multipart", "message", "application", "image", "audio", "video", "font",
             "model", "chemical", "x-world"}  # fmt: skip
_GUESS = re.compile(rb"(?:^|\n)--([^\n]{1,200}?)(?:--)?[ \t]*\n[ \t\n]{0,4}content-", re.IGNORECASE)
_GUESS_BYTES = 64 * 1024  # so far a boundary is looked for that nobody declared
_PREAMBLE_BYTES = 64 * 1024  # of it are kept
_LINE_TAIL = 64  # white space behind a boundary


@dataclass(frozen=True, slots=True)
class Part:
    """A node of the tree; its body is raw[start:end], still encoded."""

    headers: Headers
    content: Value  # Content-Type; main is always family/subtype
    raw: bytes
    start: int
    end: int
    children: tuple["Part", ...] = ()
    leftover: bytes = b""  # stray lines of the headers, or what stands before the first child

    @property
    def family(self) -> str:
        """The type without its subtype."""
        return self.content.main.partition("/")[0]

    @property
    def encoding(self) -> str:
        """The transfer encoding's name."""
        return transfer.encoding_of(self.headers.text("content-transfer-encoding"))

    def walk(self) -> Iterator["Part"]:
        """Give this part and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Tree:
    """A mail's outermost part, and what was odd about the structure."""

    root: Part
    flags: frozenset[str]


def read_tree(raw: bytes) -> Tree:
    """Cut a mail into its parts.

    Args:
        raw: Any bytes, of at most limits.RAW_BYTES.
    """
    raw = raw.replace(b"\r\n", b"\n")
    if raw.count(b"\r") > raw.count(b"\n"):
        raw = raw.replace(b"\r", b"\n")  # line ends of old Macs, or of a broken gateway
    builder = _Builder()
    root = builder.part(raw, (0, len(raw)), depth=0, default="text/plain")
    if not root.headers.fields:
        builder.flags.add(flags.NO_HEADERS)
    return Tree(root, frozenset(builder.flags))


class _Builder:
    """Grows a tree while there is budget for parts and levels."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self._left = limits.PARTS - 1

    def part(self, raw: bytes, span: tuple[int, int], *, depth: int, default: str) -> Part:
        """Read the part that stands in a span, and what it holds."""
        block = read_block(raw, *span)
        value = read_value(block.headers.first("content-type"))
        self.flags |= block.flags | value.flags
        content = replace(value, main=_type(value, default))
        part = Part(block.headers, content, raw, block.body_start, span[1], leftover=block.stray)
        if part.family == "multipart" or content.main in MESSAGES:
            return self._opened(part, depth)
        return part

    def _opened(self, part: Part, depth: int) -> Part:
        if depth >= limits.DEPTH or self._left <= 0:
            self.flags.add(flags.CAPPED)
            return part
        if part.content.main in MESSAGES:
            return replace(part, children=(self._message(part, depth),))
        spans = self._spans_of(part)
        if not spans:
            # Its body may still hold text: better read as such than lost.
            self.flags.add(flags.MALFORMED)
            return replace(part, content=replace(part.content, main="text/plain"))
        default = "message/rfc822" if part.content.main == "multipart/digest" else "text/plain"
        children = (
            self.part(part.raw, span, depth=depth + 1, default=default)
            for span in self._afforded(spans)
        )
        preamble = part.raw[part.start : min(spans[0][0], part.start + _PREAMBLE_BYTES)]
        return replace(part, children=tuple(children), leftover=part.leftover + preamble)

    def _message(self, part: Part, depth: int) -> Part:
        """Open a forwarded mail; some mailers encode it, though they must not."""
        raw, span = part.raw, (part.start, part.end)
        if part.encoding in ("base64", "quoted-printable"):
            raw = transfer.decode(raw[slice(*span)], part.encoding).replace(b"\r\n", b"\n")
            span = (0, len(raw))
        self._left -= 1
        return self.part(raw, span, depth=depth + 1, default="text/plain")

    def _afforded(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        afforded = spans[: max(self._left, 0)]
        if len(afforded) < len(spans):
            self.flags.add(flags.CAPPED)
        self._left -= len(afforded)
        return afforded

    def _spans_of(self, part: Part) -> list[tuple[int, int]]:
        """Cut a multipart at its boundary, or at one that looks like it."""
        declared = part.content.parameters.get("boundary", "").rstrip()
        if 0 < len(declared) <= limits.BOUNDARY_CHARS:
            boundary = declared.encode("utf-8", "replace")
            if spans := _spans(part, boundary, limit=self._left + 1):
                return spans
        start = max(part.start - 1, 0)  # with the line end before the first line
        guess = _GUESS.search(part.raw, start, min(part.end, part.start + _GUESS_BYTES))
        if guess is None:
            return []
        self.flags.add(flags.MALFORMED)
        return _spans(part, guess[1], limit=self._left + 1)


def _type(value: Value, default: str) -> str:
    """Give the type that a part is read as; RFC 2045, section 5.2, for those that are none."""
    family, slash, subtype = value.main.partition("/")
    if not slash or not subtype or family not in _FAMILIES:
        has_name = "name" in value.parameters
        return "application/octet-stream" if has_name else default
    return "/".join((family, subtype.split()[0] if subtype.split() else "plain"))


def _spans(part: Part, boundary: bytes, *, limit: int) -> list[tuple[int, int]]:
    """Find what stands between a boundary's lines; a missing last line ends at the part's end."""
    spans: list[tuple[int, int]] = []
    begun: int | None = None
    for line_start, behind, is_last in _boundary_lines(part, boundary):
        if begun is not None:
            spans.append((begun, max(begun, line_start - 1)))
        begun = None if is_last else behind
        if is_last or len(spans) >= limit:
            return spans
    return spans if begun is None else [*spans, (begun, part.end)]


def _boundary_lines(part: Part, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Find the lines of a boundary: where each begins and ends, and whether it is the last."""
    raw, end, marker = part.raw, part.end, b"--" + boundary
    is_first = raw.startswith(marker, part.start, end)
    at = part.start if is_first else _line_with(marker, part, part.start)
    for _ in range(limits.BOUNDARY_LINES):
        if at < 0:
            return
        newline = raw.find(b"\n", at, end)
        behind = end if newline < 0 else newline + 1
        tail = raw[at + len(marker) : min(behind, at + len(marker) + _LINE_TAIL)].strip()
        if tail in (b"", b"--"):
            yield at, behind, tail == b"--"
        at = _line_with(marker, part, behind - 1)


def _line_with(marker: bytes, part: Part, start: int) -> int:
    """Find the next line that begins with a marker; -1 where there is none."""
    return part.raw.find(b"\n" + marker, start, part.end) + 1 or -1

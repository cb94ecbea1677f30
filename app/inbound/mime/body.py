"""The text of a mail from the tree of its parts: what its reader would see, read once.

Source:
    RFC 2046, sections 5.1 (multipart) and 5.2 (message); RFC 3676.
"""

import re
from dataclasses import dataclass

from app.inbound.mime import charsets, flags, limits, transfer
from app.inbound.mime.attachments import is_attachment
from app.inbound.mime.flowed import unflow
from app.inbound.mime.html import read_html
from app.inbound.mime.invitation import read_invitation
from app.inbound.mime.pieces import Piece, choose, distinct
from app.inbound.mime.structure import MESSAGES, Part, Tree
from app.inbound.mime.words import decode_words, one_line

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff]+")
_NEWLINES = re.compile("\r\n?|[\x85\u2028\u2029]")
_EMPTY_LINES = re.compile(r"\n(?:[ \t]*+\n){3,}+")
_META = re.compile(rb"<meta[^>]{0,200}?charset=[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_META_BYTES = 2_048
_TEXTUAL = {"text", "message", "multipart"}  # of which something can be read
_HTML = {"text/html", "text/enriched", "text/richtext"}
_FORWARDED = "---------- Forwarded message ----------"
_FORWARDED_FIELDS = (("From", "from"), ("Date", "date"), ("Subject", "subject"), ("To", "to"))
_RETURNED = 2  # in a report, the parts from this one on are the mail that it is about


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail says."""

    text: str
    is_from_html: bool
    calendar_method: str  # REQUEST, REPLY, …; empty where there is no calendar
    flags: frozenset[str]


def read_body(tree: Tree) -> Body:
    """Put together what the parts of a mail say."""
    reader = _Reader()
    pieces = reader.read(tree.root) or reader.anything(tree.root)
    calendar = [piece.text for piece in pieces if piece.is_calendar]
    written = [piece for piece in pieces if not piece.is_calendar]
    text = reader.kept("\n\n".join([*distinct(written), *dict.fromkeys(calendar)]))
    is_from_html = bool(written) and all(piece.is_html for piece in written)
    return Body(text, is_from_html, reader.calendar_method, frozenset(reader.flags))


class _Reader:
    """Reads parts while there is budget for their bytes."""

    def __init__(self) -> None:
        self.flags: set[str] = set()
        self.calendar_method = ""
        self._bytes_left = limits.ENCODED_BYTES
        self._html_left = limits.HTML_CHARS
        self._read: set[int] = set()  # ids of parts

    def read(self, part: Part) -> list[Piece]:
        """Read what a part and those in it say; files say nothing."""
        if part.content.main in MESSAGES and part.children:
            return self._forwarded(part.children[0])
        if not part.children:
            return [] if _is_file(part) else self._leaf(part)
        if part.content.main == "multipart/alternative":
            return self._chosen(part)
        said = part.children
        if part.content.main == "multipart/report":
            said = part.children[:_RETURNED]
        elif part.content.main == "multipart/related":
            said = part.children[:1]  # the others are its pictures
        return [piece for child in said for piece in self.read(child)]

    def anything(self, root: Part) -> list[Piece]:
        """Read whatever text there is, for a mail in which nothing was said."""
        for part in root.walk():
            if part.children or id(part) in self._read or _is_marked(part, root):
                continue
            # A multipart without children is beyond the limit of levels: better raw than lost.
            if part.family in _TEXTUAL and (pieces := self._leaf(part)):
                return pieces
        return [piece for part in root.walk() for piece in _left_over(part)]

    def kept(self, text: str) -> str:
        """Cut text to what is kept."""
        text = text.strip("\n")
        kept = text[: limits.TEXT_CHARS].encode("utf-8", "replace")[: limits.TEXT_CHARS]
        if len(kept) < len(text.encode("utf-8", "replace")):
            self.flags.add(flags.TRUNCATED)
        return kept.decode("utf-8", "ignore")

    def _leaf(self, part: Part) -> list[Piece]:
        self._read.add(id(part))
        data = self._decoded(part)
        if part.content.main in _HTML:
            return self._html(part, data)
        text = _clean(charsets.decode(data, part.content.parameters.get("charset")))
        if part.content.main == "text/calendar":
            return self._calendar(part, text)
        if part.content.parameters.get("format", "").lower() == "flowed":
            delete = part.content.parameters.get("delsp", "").lower() == "yes"
            text = unflow(text, delete_space=delete)
        return [Piece(text)] if text.strip() else []

    def _decoded(self, part: Part) -> bytes:
        end = min(part.end, part.start + self._bytes_left)
        if end < part.end:
            self.flags.add(flags.TRUNCATED)
        self._bytes_left -= end - part.start
        return transfer.decode(part.raw[part.start : end], part.encoding)

    def _html(self, part: Part, data: bytes) -> list[Piece]:
        label = part.content.parameters.get("charset")
        if label is None and (meta := _META.search(data[:_META_BYTES])):
            label = meta[1].decode("ascii")
        html = _CONTROLS.sub("", charsets.decode(data, label))
        if len(html) > self._html_left:
            self.flags.add(flags.TRUNCATED)
        page = read_html(html[: self._html_left])
        self._html_left -= min(len(html), self._html_left)
        self.flags |= page.flags
        return [Piece(_clean(page.text), is_html=True)] if page.text else []

    def _calendar(self, part: Part, text: str) -> list[Piece]:
        invitation = read_invitation(text, part.content.parameters.get("method", ""))
        self.calendar_method = self.calendar_method or invitation.method
        return [Piece(invitation.line, is_calendar=True)] if invitation.line else []

    def _forwarded(self, message: Part) -> list[Piece]:
        """Read a forwarded mail under a head as mail programs write it: the lead may be inside."""
        inner = self.read(message)
        fields = [
            f"{title}: {one_line(decode_words(message.headers.text(name)), limits.SUBJECT_CHARS)}"
            for title, name in _FORWARDED_FIELDS
            if message.headers.first(name)
        ]
        head = "\n".join([_FORWARDED, *fields])
        return [Piece(head), *inner] if inner else []

    def _chosen(self, part: Part) -> list[Piece]:
        choice = choose([self.read(child) for child in part.children])
        if choice.is_mismatched:
            self.flags.add(flags.MISMATCH)
        return choice.pieces


def _left_over(part: Part) -> list[Piece]:
    """Read what stands where no text belongs, but for the note that mailers put there."""
    text = _clean(charsets.decode(part.leftover, part.content.parameters.get("charset")))
    lines = [line for line in text.split("\n") if not line.startswith("--")]
    kept = "\n".join(lines).strip()
    return [Piece(kept)] if kept and "MIME" not in kept.upper() else []


def _is_marked(part: Part, root: Part) -> bool:
    """Whether a part says that it is a file; the whole mail is none, whatever it says."""
    disposition = part.headers.text("content-disposition").lower()
    return part is not root and disposition.startswith("attachment")


def _is_file(part: Part) -> bool:
    return part.family == "multipart" or is_attachment(part)


def _clean(text: str) -> str:
    """Give text with LF line ends, without control characters and floods of empty lines."""
    text = _CONTROLS.sub("", _NEWLINES.sub("\n", text))
    return _EMPTY_LINES.sub("\n\n\n", text)

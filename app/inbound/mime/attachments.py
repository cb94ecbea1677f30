"""The files of a mail, by name, type and size; none is opened or decoded."""

import re
from collections.abc import Iterator

from app.inbound.mime import limits, transfer
from app.inbound.mime.parameters import read_value
from app.inbound.mime.structure import MESSAGES, Part
from app.inbound.mime.values import Attachment
from app.inbound.mime.words import decode_words, one_line

_READ = {"text/plain", "text/html", "text/calendar", "text/enriched", "text/richtext"}
_SEPARATORS = re.compile(r"[/\\]")
_UNNAMED = "attachment"
_UNFIT = {"", ".", ".."}


def is_attachment(part: Part) -> bool:
    """Whether a leaf is a file rather than something that was written to us."""
    disposition = read_value(part.headers.first("content-disposition"))
    if disposition.main == "attachment":
        return True
    if part.content.main == "text/calendar":
        return False  # invitations carry a file name and are read all the same
    has_name = bool(disposition.parameters.get("filename") or part.content.parameters.get("name"))
    return has_name or part.content.main not in _READ


def attachments_of(root: Part) -> Iterator[Attachment]:
    """List the files of a mail in their order, those of forwarded mails too."""
    for part in root.walk():
        is_message = part.content.main in MESSAGES and part is not root
        if is_message or (not part.children and part.family != "multipart" and is_attachment(part)):
            size = transfer.decoded_size(part.raw, part.start, part.end, part.encoding)
            name = one_line(part.content.main, limits.NAME_CHARS)
            yield Attachment(_name(part), name, max(size, 0))


def base_name(name: str) -> str:
    """Give what is left of a file name that somebody else chose; never a path, never empty."""
    last = _SEPARATORS.split(one_line(decode_words(name), limits.HEADER_BYTES))[-1].strip()
    if last in _UNFIT:
        return _UNNAMED
    return last.encode("utf-8", "replace")[: limits.FILE_NAME_BYTES].decode("utf-8", "ignore")


def _name(part: Part) -> str:
    disposition = read_value(part.headers.first("content-disposition"))
    name = disposition.parameters.get("filename") or part.content.parameters.get("name", "")
    if not name and part.content.main in MESSAGES and part.children:
        name = part.children[0].headers.text("subject").replace("/", " ").replace("\\", " ")
    return base_name(name)

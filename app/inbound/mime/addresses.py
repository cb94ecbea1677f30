"""Address headers to mailboxes, in one pass and without recursion.

Nothing may be authenticated by what stands here: parsers disagree on odd addresses, so one that
is not plain is reported without its e-mail.

Source:
    RFC 5322, section 3.4; RFC 6854 (groups).
"""

import re

from app.inbound.mime import limits
from app.inbound.mime.values import Address
from app.inbound.mime.words import decode_words, one_line

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"?|\\.|<[^<>]*+>?|[(),;:]|[^"\\<(),;:]++|.', re.DOTALL)
_NO_ADDRESS = re.compile(r"[\s<>()\[\],;:\"\\]")  # in an address; IP literals are not mail to us
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read_addresses(value: str) -> tuple[Address, ...]:
    """Read the mailboxes of a header; groups are flattened, empty ones dropped."""
    found: list[Address] = []
    mailbox = _Mailbox()
    for piece in _PIECE.findall(value):
        if len(found) == limits.ADDRESSES:
            break
        if not mailbox.take(piece):
            found += mailbox.address()
            mailbox = _Mailbox()
    else:
        found += mailbox.address()
    return tuple(found[: limits.ADDRESSES])


class _Mailbox:
    """The pieces of one mailbox, gathered until a comma."""

    def __init__(self) -> None:
        self._depth = 0  # of open comments
        self._name: list[str] = []
        self._comment: list[str] = []
        self._angle: str | None = None

    def take(self, piece: str) -> bool:
        """Take one piece; False at the end of the mailbox."""
        if piece == "(":
            self._depth += 1
        elif piece == ")" and self._depth:
            self._depth -= 1
        elif self._depth:
            self._comment.append(piece)
        else:
            return self._take_outside(piece)
        return True

    def _take_outside(self, piece: str) -> bool:
        if piece in (",", ";"):
            return False
        if piece == ":":
            self._name.clear()  # it was the name of a group
        elif piece.startswith("<") and self._angle is None:
            self._angle = piece.strip("<>")
        else:
            self._name.append(_unquoted(piece))
        return True

    def address(self) -> list[Address]:
        """Give the mailbox, if there is anything of one."""
        words = "".join(self._name)
        comment = "".join(self._comment)
        if self._angle is None:
            email = _email(words)
            name = comment if email else words or comment
        else:
            email = _email(self._angle.rpartition(":")[2])  # behind a route of old times
            name = words if words.strip() else comment
        name = one_line(decode_words(name), limits.NAME_CHARS)
        return [Address(email, name or None)] if email or name else []


def _unquoted(piece: str) -> str:
    if not piece.startswith('"'):
        return piece
    return _ESCAPE.sub(r"\1", piece[1:].removesuffix('"'))


def _email(text: str) -> str | None:
    """Give the one address in a text; None where there is none, or more than one."""
    before, at, behind = one_line(text, limits.HEADER_BYTES).partition("@")
    local = _NO_ADDRESS.split(before)[-1].lstrip("'`")
    domain = _NO_ADDRESS.split(behind)[0].rstrip("'`.")
    if not (at and local and domain) or "@" in behind:
        return None
    email = f"{local}@{domain}"
    return email if len(email) <= limits.EMAIL_CHARS else None

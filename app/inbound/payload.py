"""What providers write, read within bounds: JSON, mailboxes, dates and the names of files."""

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from itertools import chain, islice
from typing import NoReturn

from app.domain import Sender
from app.inbound.values import Unreadable

MAX_DEPTH = 32  # of JSON; ours, because the interpreter's own limit moves with its version
_MAX_MARKS = 200_000  # brackets and commas: a mail with its attachments has some hundreds
_MAX_MENDED = 1_000_000  # backslashes of a text that has unstorable ones
_MAX_INT_DIGITS = 40  # ids of platforms outgrow 64 bits, no date or size does
_MAX_FLOAT_CHARS = 400  # the largest double written out in full has 309 digits
_MAX_LIST_CHARS = 100_000  # of a line of recipients
_MAX_MAILBOXES = 1_000
_MAX_ADDRESS_CHARS = 320  # RFC 5321 section 4.5.3.1: 64, the at sign, 255
_MAX_NAME_CHARS = 500  # of a person or a file
_MAX_DATE_CHARS = 100
_MAX_HEADERS = 1_000
_MAX_ID_CHARS = 512  # of a Message-ID; an index cannot hold much more

_MAX_HEAD_BYTES = 256 * 1024  # of a mail's headers

# Possessive quantifiers keep each of these linear on hostile text; an unclosed string is taken too.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_A_MARK = bytes(set(range(256)) - set(b"[]{},"))
_SQUARE = bytes.maketrans(b"{}", b"[]")
_SUSPECT = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2}))|.)",
    re.DOTALL,
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
# A list of mailboxes, piece by piece; a comment does not nest, nor does an address.
_PIECE = re.compile(r'"(?:[^"\\]++|\\.)*+"?|<[^<>]*+>?|\([^()]*+\)?|[,;]|[^",;<(]++', re.DOTALL)
_MESSAGE_ID = re.compile(rb"\nmessage-id:[ \t]*(?:\r?\n[ \t]+)?([^\r\n]{1,999})", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MAIL_DATE = re.compile(
    r"(?:[a-z]{3,9}, *)?(\d{1,2}) +([a-z]{3})[a-z]{0,6} +(\d{4})"
    r" +(\d{1,2}):(\d{2})(?::(\d{2}))? *([+-]\d{4}|gmt|utc?|z)\b.*",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)


def parse_json(body: bytes) -> object:
    """Read one JSON value; NUL and halves of surrogate pairs in its strings become U+FFFD.

    Raises:
        Unreadable: It is no JSON in UTF-8, has a key twice, a number without end or beyond all
            use, more than 32 levels or 200,000 brackets and commas.

    Source:
        RFC 8259 section 8.1 (UTF-8) and section 4 (names should be unique).
    """
    _check_structure(body)
    try:
        text = body.decode("utf-8")
        mended = text if _SUSPECT.search(text) is None else _mended(text)
        return _DECODER.decode(mended)
    except ValueError:  # of both decoders
        raise Unreadable("the body is not JSON in UTF-8") from None


def _mended(text: str) -> str:
    """Put U+FFFD for what no database takes; one callback an escape, so they are bounded."""
    if text.count("\\") > _MAX_MENDED:
        raise Unreadable("the body has too many escapes")
    return _ESCAPE.sub(_mend, text)


def value_at(value: object, *path: str) -> object:
    """Give what stands at a path of keys; None where one of them is missing."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def text_at(value: object, *path: str) -> str:
    """Give the string at a path of keys; empty where there is none, or something else."""
    found = value_at(value, *path)
    return found if isinstance(found, str) else ""


def list_at(value: object, *path: str) -> list[object]:
    """Give the list at a path of keys; empty where there is none, or something else."""
    found = value_at(value, *path)
    return found if isinstance(found, list) else []


def id_at(value: object, *path: str) -> str:
    """Give an id at a path as text, whether it was written as a number or as a string."""
    found = value_at(value, *path)
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) else ""


def size_at(value: object, *path: str) -> int:
    """Give a number of bytes at a path; 0 where there is none that can be one."""
    found = value_at(value, *path)
    whole = isinstance(found, int) and not isinstance(found, bool)
    return found if whole and 0 <= found < 2**53 else 0  # type: ignore[operator,return-value]


def header_pairs(value: object, key: str) -> tuple[tuple[str, str], ...]:
    """Give headers told as an object, 1,000 at most; of one sent several times a list."""
    found = value_at(value, key)
    groups = found.items() if isinstance(found, dict) else ()
    pairs = ((n, v) for n, vs in groups for v in (vs if isinstance(vs, list) else [vs]))
    texts = (pair for pair in pairs if isinstance(pair[1], str))
    return tuple(islice(texts, _MAX_HEADERS))


def storable(text: str) -> str:
    """Put U+FFFD for NUL and halves of surrogate pairs, which no database takes."""
    return _UNSTORABLE.sub("\ufffd", text)


def parse_sender(text: str) -> Sender:
    """Read who wrote from one mailbox; a comma in a name without quotes does not part it."""
    text = text[:_MAX_LIST_CHARS]
    before, bracket, behind = text.rpartition("<")
    if bracket:
        return Sender(_address(behind.partition(">")[0]), _person(before))
    mailboxes = parse_mailboxes(text)
    return mailboxes[0] if mailboxes else Sender()


def parse_mailboxes(text: str) -> tuple[Sender, ...]:
    """Read a list of mailboxes, as in a To line; what has no address is left out.

    Source:
        RFC 5322 section 3.4, without routes, quoted local parts and nested comments.
    """
    found: list[Sender] = []
    names: list[str] = []
    address = None
    for piece in _PIECE.findall(text[:_MAX_LIST_CHARS] + ","):
        if piece in (",", ";"):
            found += _mailbox(names, address)
            names, address = [], None
        elif piece.startswith("<"):
            address = _address(piece.strip("<>"))
        elif not piece.startswith("("):
            names.append(piece)
        if len(found) >= _MAX_MAILBOXES:
            break
    return tuple(found)


def mailbox(address: str, name: str = "") -> Sender:
    """Make a mailbox of an address and a name that came apart; what is neither is left out."""
    return Sender(_address(address), _person(name))


def addresses(*groups: Iterable[Sender]) -> tuple[str, ...]:
    """Give the addresses of mailboxes once each, in their order, whatever their case."""
    found: dict[str, str] = {}
    for one in chain(*groups):
        if one.email:
            found.setdefault(one.email.casefold(), one.email)
    return tuple(found.values())


def parse_date(text: str) -> datetime | None:
    """Read the date of a mail or an ISO date with a zone, as UTC; None where it is neither.

    Source:
        RFC 5322 section 3.3; ISO 8601.
    """
    text = text.strip()[:_MAX_DATE_CHARS]
    try:
        match = _MAIL_DATE.fullmatch(text)
        moment = _mail_date(*match.groups()) if match else datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def parse_message_id(text: str) -> str | None:
    """Give a Message-ID as it can be kept: visible, in one word, of bounded length, or None."""
    text = text.strip()
    is_one = 0 < len(text) <= _MAX_ID_CHARS and text.isprintable() and " " not in text
    return text if is_one else None


def message_id_in(mail: bytes) -> str | None:
    """Find the Message-ID of a whole mail in its first 256 KiB, without parsing it."""
    head = re.split(rb"\r?\n\r?\n", mail[:_MAX_HEAD_BYTES], maxsplit=1)[0]
    match = _MESSAGE_ID.search(b"\n" + head)
    return parse_message_id(match[1].decode("ascii", "replace")) if match else None


def parse_file_name(text: str) -> str:
    """Give the last part of a file's path on one line; empty where it names no file."""
    name = re.split(r"[/\\]", text[-10 * _MAX_NAME_CHARS :])[-1]
    name = _CONTROLS.sub(" ", name).strip()[:_MAX_NAME_CHARS]
    return "" if name in (".", "..") else name


def header(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Give the first header of a name in small letters, or an empty string."""
    return next((value for key, value in headers if key.lower() == name), "")


def _check_structure(body: bytes) -> None:
    """Count levels outside strings before any parser can recurse: each pass takes one off."""
    marks = _STRING.sub(b"", body).translate(None, _NOT_A_MARK)
    if len(marks) > _MAX_MARKS:
        raise Unreadable("the body has too many values")
    brackets = marks.translate(_SQUARE, b",")
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Unreadable(f"the body nests deeper than {MAX_DEPTH} levels, or is cut off")


def _mend(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape[1] else escape[0]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Unreadable("an object has the same key twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INT_DIGITS:
        raise Unreadable("a number is too long")
    return int(digits)


def _finite(digits: str) -> float:
    if len(digits) > _MAX_FLOAT_CHARS or not math.isfinite(float(digits)):
        raise Unreadable("a number is not finite")
    return float(digits)


def _no_constant(_name: str) -> NoReturn:
    raise Unreadable("a number is not finite")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_finite,
    parse_constant=_no_constant,
)


def _mailbox(names: list[str], address: str | None) -> list[Sender]:
    """Make one mailbox; without brackets the last word with an at sign is the address."""
    text = "".join(names)
    if address:
        return [Sender(address, _person(text))]
    bare = next((word for word in reversed(text.split()) if "@" in word), "")
    address = _address(bare.rpartition(":")[2])  # behind the name of a group
    return [Sender(address, None)] if address else []


def _address(text: str) -> str | None:
    address = text.strip()
    local, at, domain = address.rpartition("@")
    is_one = local and at and domain and len(address) <= _MAX_ADDRESS_CHARS
    return address if is_one and address.isprintable() and " " not in address else None


def _person(text: str) -> str | None:
    name = _CONTROLS.sub(" ", text).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return " ".join(name.split())[:_MAX_NAME_CHARS] or None


def _mail_date(*parts: str | None) -> datetime:
    day, month, year, hour, minute, second, zone = (part or "0" for part in parts)
    minutes = int(zone[1:3]) * 60 + int(zone[3:5]) if zone[0] in "+-" else 0
    offset = timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    moment = (int(year), _MONTHS.index(month.lower()) + 1, int(day), int(hour), int(minute))
    return datetime(*moment, min(int(second), 59), tzinfo=timezone(offset))

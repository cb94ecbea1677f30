"""Content-Type and Content-Disposition: the value and its parameters, in linear time.

Source:
    RFC 2045, section 5.1, and RFC 2231, sections 3 and 4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from app.inbound.mime import charsets, flags, limits

_PARAMETER = re.compile(r';\s*+([^\s=;"]{1,80})\s*+=\s*+("(?:[^"\\]|\\.)*+"?|[^;]*+)', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')  # not each backslash: some stand in Windows paths
_EXTENDED = re.compile(r"([^*]+)(?:\*(\d{1,3}))?(\*)?")  # name*3*: third piece, percent-encoded


@dataclass(frozen=True, slots=True)
class Value:
    """A structured header value."""

    main: str  # lower case, such as text/plain
    parameters: Mapping[str, str] = field(default_factory=dict)  # lower-case name -> decoded value
    flags: frozenset[str] = frozenset()


def read_value(raw: str | None) -> Value:
    """Read a value with parameters; those beyond the limit and those that are broken are left."""
    main, semicolon, rest = (raw or "").partition(";")
    found: set[str] = set()
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for number, match in enumerate(_PARAMETER.finditer(semicolon + rest)):
        if number == limits.PARAMETERS:
            found.add(flags.CAPPED)
            break
        if name := _add(pieces, match[1].lower(), _unquoted(match[2].strip())):
            found |= {flags.AMBIGUOUS} if name == "boundary" else set()
    parameters = {name: _joined(indexed) for name, indexed in pieces.items()}
    return Value(main.strip().lower(), parameters, frozenset(found))


def _add(pieces: dict[str, dict[int, tuple[str, bool]]], key: str, value: str) -> str | None:
    """Put a parameter or a piece of one where it belongs; name one that was there already."""
    match = _EXTENDED.fullmatch(key)
    if match is None:
        return None
    is_extended = match[2] is not None or match[3] is not None
    # A plain parameter has index -1: it counts only where no extended one is given.
    index = int(match[2] or 0) if is_extended else -1
    indexed = pieces.setdefault(match[1], {})
    if index in indexed:
        return match[1]
    indexed[index] = (value, match[3] is not None)
    return None


def _joined(indexed: dict[int, tuple[str, bool]]) -> str:
    if 0 not in indexed:
        return indexed.get(-1, ("", False))[0]
    charset, data = None, b""
    for index in range(len(indexed)):
        if index not in indexed:
            break
        value, is_encoded = indexed[index]
        if is_encoded and index == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        encoded = value.encode("utf-8", "replace")
        data += unquote_to_bytes(encoded) if is_encoded else encoded
    return charsets.decode(data, charset)


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return _ESCAPED.sub(r"\1", value[1:].removesuffix('"'))

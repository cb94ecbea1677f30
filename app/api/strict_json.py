"""JSON as strict as RFC 8259 allows, so that every parser behind us reads the same value."""

import json
import math
import re
from typing import Any, NoReturn

from app.errors import Refused

MAX_DEPTH = 32  # ours, because the interpreter's own limit moves with its version
_MAX_INT_DIGITS = 20  # a sign and the 19 digits of a signed 64-bit integer
_MAX_FLOAT_CHARS = 400  # the largest double written out in full has 309 digits
_BOM = b"\xef\xbb\xbf"

# Possessive quantifiers keep each of these linear on hostile text; an unclosed string is taken too.
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_BRACKET = re.compile(r"[\[\]{}]")
# The text of a valid document in which no escape stands for NUL or for half a surrogate pair.
_WELL_ESCAPED = re.compile(
    r"(?:[^\\]++|\\[^u]"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|\\u(?!0000|[dD][89a-fA-F])[0-9a-fA-F]{4})*+",
    re.DOTALL,
)


def parse_object(raw: bytes) -> dict[str, Any]:
    """Read one JSON object, or refuse with a stable code that names what is wrong.

    Raises:
        Refused: `bad_encoding`, `bad_json`, `too_deep`, `duplicate_key`, `number_range`,
            `bad_unicode` or `not_an_object`.

    Source:
        RFC 8259 section 8.1 (UTF-8, no byte order mark) and section 4 (names should be unique).
    """
    text = _decoded(raw)
    _check_depth(text)
    value = _decode(text) if text.strip(" \t\r\n") else None
    if "\\u" in text and not _WELL_ESCAPED.fullmatch(text):
        raise Refused(
            "a string holds NUL or half of a surrogate pair; send whole Unicode characters",
            code="bad_unicode",
        )
    if not isinstance(value, dict):
        raise Refused("the body must be one JSON object", code="not_an_object")
    return value


def _decoded(raw: bytes) -> str:
    if raw.startswith(_BOM):
        raise Refused("the body must not begin with a byte order mark", code="bad_encoding")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the body is not UTF-8", code="bad_encoding") from None


def _check_depth(text: str) -> None:
    """Count brackets outside strings before any parser can recurse on them."""
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise Refused(f"the body nests deeper than {MAX_DEPTH} levels", code="too_deep")


def _decode(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError:
        raise Refused("the body is not valid JSON", code="bad_json") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise Refused("an object has the same key twice", code="duplicate_key")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _MAX_INT_DIGITS or not -(2**63) <= int(digits) < 2**63:
        raise _out_of_range()
    return int(digits)


def _finite(digits: str) -> float:
    if len(digits) > _MAX_FLOAT_CHARS or not math.isfinite(float(digits)):
        raise _out_of_range()
    return float(digits)


def _no_constant(_name: str) -> NoReturn:
    raise _out_of_range()


def _out_of_range() -> Refused:
    return Refused(
        "numbers must be finite; integers must fit into 64 bits, signed", code="number_range"
    )


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_integer,
    parse_float=_finite,
    parse_constant=_no_constant,
)

"""Header values to text: encoded words decoded, and nothing left that could break a line."""

import base64
import binascii
import re
from itertools import groupby

from app.inbound.mime import charsets

# `encoded-text` may hold spaces here: too many mailers leave them in.
_WORD = re.compile(r"=\?([^?\s]{1,64})\?([bBqQ])\?([^?\r\n]*+)\?=")
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]+")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]+")  # make `gpj.exe` look like `exe.jpg`
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]+")


def one_line(text: str, limit: int) -> str:
    """Give text as one line without control characters, of at most so many characters."""
    text = _TURNING.sub("", _BREAKING.sub(" ", text))
    return " ".join(text.split())[:limit].rstrip()


def decode_words(value: str) -> str:
    """Decode the encoded words of a header; what is broken stays as it is.

    Words of one charset that follow each other are joined as bytes first, because mailers cut
    through the middle of characters.

    Source:
        RFC 2047, sections 2 and 6.2; RFC 2231, section 5 (a language in the charset).
    """
    pieces = [(charset, data) for charset, data in _pieces(value) if data]
    return "".join(
        charsets.decode(b"".join(data for _, data in run), charset)
        for charset, run in groupby(pieces, key=lambda piece: piece[0])
    )


def _pieces(value: str) -> list[tuple[str, bytes]]:
    """Cut a value into (charset, bytes); white space between two words is dropped."""
    pieces: list[tuple[str, bytes]] = []
    end = 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        if between.strip() or not end:
            pieces.append(("utf-8", _utf8(between)))
        charset = word[1].partition("*")[0].lower()
        pieces.append((charset, _decoded(word[2].lower(), word[3])))
        end = word.end()
    return [*pieces, ("utf-8", _utf8(value[end:]))]


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _decoded(encoding: str, text: str) -> bytes:
    if encoding == "q":
        return binascii.a2b_qp(_utf8(text), header=True)
    kept = _NOT_BASE64.sub("", text)
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    return base64.b64decode(kept + "=" * (-len(kept) % 4))

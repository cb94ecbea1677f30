"""Part what stands above a mail's history: quotations, answers between them, a signature."""

import re
from collections.abc import Iterator, Sequence

from models.text.reply.line import Line
from models.text.reply.signature import MAX_SIGNATURE, is_postscript, signature_start
from models.text.reply.smallprint import banner_end, smallprint_start

NEWEST, QUOTED, SIGNATURE, DISCLAIMER = "nqsd"  # one letter a line says which part it goes to

_QUOTATION = re.compile(r"[adhq](?:[adhqe]*[adhq])?")


def fresh_parts(lines: Sequence[Line], letters: str) -> str:
    """Part the lines above the history: quotations, and text around them."""
    parts: list[str] = []
    pieces = list(_pieces(letters))
    for number, (start, end, quoted) in enumerate(pieces):
        if quoted:
            parts.append(QUOTED * (end - start))
        elif number in (0, len(pieces) - 1):
            parts.append(_signed(lines[start:end], letters[start:end]))
        else:
            parts.append(NEWEST * (end - start))
    return "".join(parts)


def _pieces(letters: str) -> Iterator[tuple[int, int, bool]]:
    """Give start and end of every quotation and of every text between them."""
    at = 0
    for quotation in _QUOTATION.finditer(letters):
        if quotation.start() > at:
            yield at, quotation.start(), False
        yield quotation.start(), quotation.end(), True
        at = quotation.end()
    if at < len(letters):
        yield at, len(letters), False


def _signed(lines: Sequence[Line], letters: str) -> str:
    """Part a text into what was said, its signature, and small print above and below."""
    top = banner_end(lines)
    if not "".join(line.folded for line in lines[top:]):
        top = 0
    legal = smallprint_start(lines[top:])
    bottom = len(lines) if legal is None else top + legal
    said = _said(lines[top:bottom], letters[top:bottom])
    return DISCLAIMER * top + said + DISCLAIMER * (len(lines) - bottom)


def _said(lines: Sequence[Line], letters: str) -> str:
    """Part a text into what was said and its signature, with a postscript taken back out of it."""
    footer = _footer(lines, letters)
    end = len(lines) if footer is None else footer
    start = signature_start(lines[:end], letters[:end])
    start = end if start is None else start
    while start and letters[start - 1] in "er":  # a rule above a signature or a quotation
        start -= 1
    parts = NEWEST * start + _with_postscript(lines[start:end])
    return parts + _below_footer(lines[end:])


def _footer(lines: Sequence[Line], letters: str) -> int | None:
    """Find the phone's footer that has words of a person above it."""
    said = letters.find("t")
    footer = letters.find("m", said) if said >= 0 else -1
    return footer if footer >= 0 else None


def _below_footer(lines: Sequence[Line]) -> str:
    """Part what a phone's footer begins: a short signature, else an answered mail without mark."""
    filled = [line for line in lines if line.folded]
    short = len(filled) <= MAX_SIGNATURE and all(len(line.raw) <= 90 for line in filled)
    return SIGNATURE * len(lines) if short else SIGNATURE + QUOTED * (len(lines) - 1)


def _with_postscript(lines: Sequence[Line]) -> str:
    """Give the letters of a signature, with a postscript, up to the next blank line, as said."""
    parts, said = "", False
    for line in lines:
        said = bool(line.folded) and (said or is_postscript(line))
        parts += NEWEST if said else SIGNATURE
    return parts

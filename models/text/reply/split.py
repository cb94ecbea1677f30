"""Split a mail into what its sender wrote just now and the rest, in time that grows with it.

Each line gets one letter (mark.py); what is what is then decided on the string of letters, and
every line goes to exactly one part.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from models.text.reply.fresh import DISCLAIMER, NEWEST, QUOTED, SIGNATURE, fresh_parts
from models.text.reply.headings import FORWARD_SUBJECT, NOTE
from models.text.reply.line import Line, fold, lines_of, phrases, unquoted
from models.text.reply.mark import letters_of

_MAX_FORWARDS = 4  # one within the other that are opened
_MAX_NOTE = 12  # words that pass a mail on: "FYI, can you take this?"

HEADER, INNER = "hi"  # and the parts of fresh.py
_NOTES = phrases(NOTE)

# Where history begins that goes on to the end: an attribution without `>` below it, a delimiter,
# a block of header lines. Possessive, so that no line is looked at twice.
_HISTORY = re.compile(r"[adh]++(?!e*+q)|f")
_HEADING = re.compile(r"[dh]")
_TOP = re.compile(r"[er]*+(?:[df]++e*+)?+(?:h++|a++)?+e*+")
_FIRST_INNER = re.compile(r"[er]*+[dfh]++e*+q?")
_FORWARD_SUBJECT = re.compile(
    rf"\s*(?:\[[^\]]{{0,40}}\]\s*)?(?:{'|'.join(map(re.escape, phrases(FORWARD_SUBJECT)))})\s?:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The parts of a mail; every line of it is in one of them."""

    newest: str  # what the sender wrote: answers between quoted lines too, and what was forwarded
    quoted: str = ""
    signature: str = ""  # of the sender; its closing wish and a phone's footer included
    disclaimer: str = ""  # and warnings that a gateway put on top
    forwarded: bool = False
    forwarded_header: str = ""  # From, Date, To, Subject of what was forwarded
    forwarded_signature: str = ""  # of the one who wrote what was forwarded
    fallback: bool = False  # nothing new was found, so that `newest` is the whole text


def split_reply(text: str, *, stripped: str = "", subject: str = "") -> Reply:
    """Split a mail's text; never gives nothing where there was something.

    Args:
        text: The plain text of a mail, quotations included; line ends of any kind.
        stripped: The newest text as the provider found it. It is used, and split further, unless
            it is empty or the mail is a forwarded one: providers cut away what was forwarded.
        subject: The mail's subject; `Fwd:` tells a forwarded mail from an answered one.
    """
    reply = _split(text, forward=_FORWARD_SUBJECT.match(fold(subject[:80])) is not None)
    if not stripped.strip() or reply.forwarded:
        return reply
    theirs = _split(stripped, forward=False)
    left = _left_out(reply.newest, stripped)
    return replace(
        reply,
        newest=theirs.newest,
        quoted="\n\n".join(part for part in (left, reply.quoted) if part),
        signature=reply.signature or theirs.signature,
        disclaimer=reply.disclaimer or theirs.disclaimer,
        fallback=theirs.fallback,
    )


def _left_out(newest: str, stripped: str) -> str:
    """Give the lines that a provider left out: they are context, and not lost."""
    kept = {" ".join(line.split()) for line in stripped.splitlines()}
    lines = [line for line in newest.splitlines() if " ".join(line.split()) not in kept]
    return "\n".join(lines).strip()


def _split(text: str, *, forward: bool) -> Reply:
    lines = lines_of(text)
    lines, parts = _parts(lines, forward=forward)
    newest = _text_of(lines, parts, NEWEST)
    return Reply(
        newest=newest or text.strip(),
        quoted=_text_of(lines, parts, QUOTED),
        signature=_text_of(lines, parts, SIGNATURE),
        disclaimer=_text_of(lines, parts, DISCLAIMER),
        forwarded=HEADER in parts and newest != "",
        forwarded_header=_text_of(lines, parts, HEADER),
        forwarded_signature=_text_of(lines, parts, INNER),
        fallback=not newest and text.strip() != "",
    )


def _text_of(lines: Sequence[Line], parts: str, part: str) -> str:
    """Join the lines of a part, and part what did not stand together."""
    at, found = 0, []
    for letter, run in groupby(parts):
        length = len(list(run))
        if letter == part:
            found.append("\n".join(line.raw.rstrip() for line in lines[at : at + length]))
        at += length
    return "\n\n".join(piece for piece in (piece.strip("\n") for piece in found) if piece).strip()


def _parts(lines: list[Line], *, forward: bool, depth: int = 0) -> tuple[list[Line], str]:
    """Give each line the letter of its part; what was forwarded loses its quote marks."""
    letters = letters_of(lines)
    cut = _history_start(letters)
    parts = fresh_parts(lines[:cut], letters[:cut])
    old = letters[cut:]
    if not _is_new(parts) and not old:  # quoted with `>` below a header: passed on all the same
        at = _HEADING.search(letters)
        cut, old = (at.start(), letters[at.start() :]) if at else (cut, old)
        parts = parts[:cut]
    if old and depth < _MAX_FORWARDS and _is_forward(lines[:cut], parts, old, forward):
        inner, inner_parts = _forwarded(lines[cut:], old, depth)
        return [*lines[:cut], *inner], parts + inner_parts
    return lines, parts + QUOTED * len(old)


def _history_start(letters: str) -> int:
    """Find where history begins, with the rule above it; the length where there is none."""
    history = _HISTORY.search(letters)
    return len(letters[: history.start()].rstrip("er")) if history else len(letters)


def _is_new(parts: str) -> bool:
    return NEWEST in parts


def _is_forward(lines: Sequence[Line], parts: str, old: str, forward: bool) -> bool:
    """Whether a mail passes on what stands below: it says so, or nothing else is new in it."""
    kind = old.lstrip("er")[:1]
    if kind in ("f", "a"):
        return kind == "f"
    if not _is_new(parts) or forward:
        return True
    return _is_note(_text_of(lines, parts, NEWEST))


def _is_note(text: str) -> bool:
    """Whether a text says no more than that something stands below."""
    folded = " ".join(fold(text[:200]).split())
    return len(folded.split()) <= _MAX_NOTE and any(words in folded for words in _NOTES)


def _forwarded(lines: list[Line], letters: str, depth: int) -> tuple[list[Line], str]:
    """Part what was forwarded: its header, and then a mail as any other."""
    first = _FIRST_INNER.match(letters)
    if first and first[0].endswith("q"):
        lines = [*lines[: first.end() - 1], *unquoted(lines[first.end() - 1 :])]
        letters = letters_of(lines)
    top = _TOP.match(letters)
    length = max(1, top.end() if top else 1)
    inner, parts = _parts(lines[length:], forward=False, depth=depth + 1)
    if not _is_new(parts):
        parts = NEWEST * len(parts)
    return [*lines[:length], *inner], HEADER * length + parts.replace(SIGNATURE, INNER)

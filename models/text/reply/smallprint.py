"""Find what nobody wrote: disclaimers under a mail, and a gateway's warning on top of it."""

import re
from collections.abc import Sequence

from models.text.reply.endings import (
    BANNER_SAYS,
    BANNER_START,
    MISTAKE,
    PRIVATE,
    READER,
    SMALL_PRINT,
)
from models.text.reply.line import Line, phrases
from models.text.reply.signature import is_postscript

_MAX_PARAGRAPHS = 16  # from the end, in which small print is looked for
_MAX_SEEN = 1_500  # characters of a paragraph
_MIN_CHARS = 60  # of a paragraph that is recognised by its words
_MAX_LINES = 30  # of a paragraph that are looked at
_WRAPPED = 55  # characters: a line that is as long may go on in the next one
_BANNER_CHARS, _BANNER_LINES = 600, 6


def _any_of(table: str) -> re.Pattern[str]:
    return re.compile(_alternation(table))


def _alternation(table: str) -> str:
    return "|".join(re.escape(phrase) for phrase in sorted(phrases(table)))


_GROUPS = tuple(_any_of(table) for table in (PRIVATE, READER, MISTAKE))
_SMALL_PRINT, _BANNER_SAYS = _any_of(SMALL_PRINT), _any_of(BANNER_SAYS)
_BEGINNING = re.compile("|".join(map(_alternation, (PRIVATE, READER, SMALL_PRINT))))
_LIST_FOOTER = re.compile(r"[-_=]{10,}+ .{0,60}mailing list")
_SENTENCE_END = re.compile(r"[.!?]\s")
_BANNER_START = tuple(phrases(BANNER_START))


def smallprint_start(lines: Sequence[Line]) -> int | None:
    """Find the first line of the small print that ends a text; None where it has none."""
    found = None
    for start, end in reversed(_paragraphs(lines)[-_MAX_PARAGRAPHS:]):
        begins = _beginning(lines[start:end])
        if begins is not None:
            found = start + begins
            if begins:  # a person's words stand right above
                break
        elif found is None and _was_said(lines[start:end]):
            return None
    return found


def banner_end(lines: Sequence[Line]) -> int:
    """Find where a warning on top of a text ends; 0 where there is none."""
    top = _first_paragraph(lines)
    words = _words(lines[:top])
    known = words.lstrip(" *_-=|!\u26a0").startswith(_BANNER_START)
    short = len(words) <= _BANNER_CHARS and top <= _BANNER_LINES
    return top if known and short and _BANNER_SAYS.search(words) else 0


def _first_paragraph(lines: Sequence[Line]) -> int:
    """Where the first paragraph ends, blank lines above it included."""
    begun = False
    for at, line in enumerate(lines[: 2 * _BANNER_LINES]):
        if begun and not line.folded:
            return at
        begun = begun or bool(line.folded)
    return len(lines[: 2 * _BANNER_LINES])


def _paragraphs(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Give start and end of each run of lines with text."""
    found: list[tuple[int, int]] = []
    start = None
    for at, line in enumerate(lines):
        if line.folded and start is None:
            start = at
        elif not line.folded and start is not None:
            found.append((start, at))
            start = None
    return found if start is None else [*found, (start, len(lines))]


def _words(lines: Sequence[Line]) -> str:
    return " ".join(line.folded for line in lines)[:_MAX_SEEN]


def _beginning(lines: Sequence[Line]) -> int | None:
    """Find the line of a paragraph at which small print begins; None where there is none.

    Its first sentence must say that it is some: a person's words may stand before it.
    """
    words = _words(lines[:_MAX_LINES])
    if not _is_smallprint(words):
        return None
    if _LIST_FOOTER.match(words):
        return 0
    for at, line in enumerate(lines[:_MAX_LINES]):
        found = _BEGINNING.search(line.folded)
        if found is None:
            continue
        begins = _sentence_start(lines, at)
        before = f"{_words(lines[begins:at])} {line.folded[: found.start()]}"
        mixed = _SENTENCE_END.search(before) or not _is_smallprint(_words(lines[begins:]))
        return None if mixed else begins
    return 0


def _sentence_start(lines: Sequence[Line], at: int) -> int:
    """Go back to the line where the sentence of a line begins, over lines that were wrapped."""
    while at and len(lines[at - 1].raw) >= _WRAPPED and lines[at - 1].folded[-1] not in ".!?:":
        at -= 1
    while at and not any(map(str.isalnum, lines[at - 1].folded)):  # a rule above it
        at -= 1
    return at


def _is_smallprint(words: str) -> bool:
    if (_SMALL_PRINT.search(words) and not words.endswith("?")) or _LIST_FOOTER.match(words):
        return True
    return len(words) >= _MIN_CHARS and sum(bool(g.search(words)) for g in _GROUPS) >= 2


def _was_said(lines: Sequence[Line]) -> bool:
    """Whether a paragraph under small print speaks for itself, so that nothing may be cut."""
    return is_postscript(lines[0]) or lines[-1].folded.endswith("?")

"""Split a message as it was sent into sentences, each with its place in the text."""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from models.text.abbreviations import ends_sentence

MAX_SENTENCES = 512  # of one text; a mail of 5,000 tokens has some 300
MAX_SENTENCE_CHARS = 300  # what a person takes in at a glance; a longer one is cut
_TAIL_RATIO = 0.25  # of MAX_SENTENCES, from the end of a text that has more
_WRAP_CHARS, _LONGEST_WRAPPED = 70, 100  # mail programs break lines at 72 to 80 characters

_BREAKS = "\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
_LINE = re.compile(rf"\S[^{_BREAKS}]*+")  # blank lines are passed over
# Quote marks, then a bullet or a number: none of them is part of a sentence.
_QUOTE = " \t\u00a0>|"
_MARKER = re.compile(
    rf"[{_QUOTE}]*+(?:(?:[-*+•·\u2013\u2014▪◦‣●○✓➤]|\d{{1,2}}[.)]|[A-Za-z]\))[ \t\u00a0]++)?"
)
# Possessive, and each alternative takes what it finds, so that no character is looked at twice.
_MARK = re.compile(
    r"(?P<end>[.!?…;؟।。！？｡]++[\"'»”’)\]]*+)"  # noqa: RUF001  full-width marks end sentences too
    r"|(?P<gap><(?:br|/?p|/?div)\s?/?>|[•▪◦‣●]++)",
    re.IGNORECASE,
)
_STOPS_AT_ONCE = frozenset("。！？｡")  # noqa: RUF001  no space follows them
_AHEAD = 40  # characters looked at behind a mark: enough for a word


class Span(NamedTuple):  # a hostile text makes a million of them: a dataclass costs thrice
    """Where a sentence stands: text[start:end], in code points."""

    start: int
    end: int


def split_sentences(text: str, *, most: int = MAX_SENTENCES) -> list[Span]:
    """Find the sentences of a text, in order, without white space, bullet or quote mark around.

    A sentence ends at its mark, unless an abbreviation, an ordinal or an initial stands before it;
    at a line break, unless the line was wrapped; at a bullet; at an HTML break; and after
    MAX_SENTENCE_CHARS. What holds no letter and no digit is left out, unless all does. Takes time
    in proportion to the text, whatever the text is.

    Args:
        text: As it was sent; cleaning it first would lose its lines.
        most: Sentences given; of a text with more, three quarters of them are its first ones and
            the rest its last ones.
    """
    if not any(map(str.isalnum, text)):
        return list(islice(_pieces(text), 1))
    worded = (span for span in _pieces(text) if _has_word(text, span))
    head = list(islice(worded, most - int(most * _TAIL_RATIO)))
    tail = deque(worded, maxlen=int(most * _TAIL_RATIO))
    return [*head, *tail]


def _has_word(text: str, span: Span) -> bool:
    return any(map(str.isalnum, text[span.start : span.end]))


def _pieces(text: str) -> Iterator[Span]:
    """Give every piece between boundaries, none of them blank or too long."""
    for passage in _passages(text):
        for sentence in _sentences(text, passage):
            yield from _cut(text, _stripped(text, sentence))


def _passages(text: str) -> Iterator[Span]:
    """Give the lines, those that a mail program wrapped joined to one."""
    start = end = 0  # of the passage so far
    line_start = 0  # of its last line
    for found in _LINE.finditer(text):
        marker = _MARKER.match(text, found.start(), found.end())
        first = marker.end() if marker else found.start()
        listed = bool(marker and marker[0].strip(_QUOTE))
        if end and not listed and _is_wrapped(text, Span(line_start, end), found):
            end, line_start = found.end(), found.start()
            continue
        yield Span(start, end)
        start, end, line_start = first, found.end(), found.start()
    yield Span(start, end)


def _is_wrapped(text: str, line: Span, following: re.Match[str]) -> bool:
    """Whether the next line goes on only because its first word had no room on this one."""
    between = text[line.end : min(following.start(), line.end + _AHEAD)].rstrip(" \t")
    if between not in ("\n", "\r\n", "\r") or line.end - line.start > _LONGEST_WRAPPED:
        return False
    first_word = text[following.start() : following.start() + _AHEAD].split(None, 1)[:1]
    room = line.end - line.start + 1 + sum(map(len, first_word))
    return bool(first_word) and room > _WRAP_CHARS


def _sentences(text: str, passage: Span) -> Iterator[Span]:
    """Cut a passage behind the marks that end a sentence, and around what only parts them."""
    start = passage.start
    for found in _MARK.finditer(text, passage.start, passage.end):
        if found["gap"]:
            yield Span(start, found.start())
            start = found.end()
        elif _is_end(text, Span(start, passage.end), found):
            yield Span(start, found.end())
            start = found.end()
    yield Span(start, passage.end)


def _is_end(text: str, rest: Span, mark: re.Match[str]) -> bool:
    """Whether a mark ends the sentence that it stands in."""
    if mark[0][0] in _STOPS_AT_ONCE or mark.end() == rest.end:
        return True
    if not text[mark.end()].isspace():
        return False
    before = text[max(rest.start, mark.start() - _AHEAD) : mark.start()]
    behind = text[mark.end() : min(rest.end, mark.end() + _AHEAD)].lstrip()
    return ends_sentence(before, mark[0], behind)


def _stripped(text: str, span: Span) -> Span:
    """Leave out the white space around."""
    piece = text[span.start : span.end]
    start = span.start + len(piece) - len(piece.lstrip())
    return Span(start, max(start, span.start + len(piece.rstrip())))


def _cut(text: str, span: Span) -> Iterator[Span]:
    """Cut a long sentence behind a comma, else between words, else anywhere."""
    start = span.start
    while span.end - start > MAX_SENTENCE_CHARS:
        half, full = start + MAX_SENTENCE_CHARS // 2, start + MAX_SENTENCE_CHARS
        comma, space = text.rfind(", ", half, full) + 1, text.rfind(" ", half, full)
        piece = _stripped(text, Span(start, comma or (space if space > 0 else full)))
        if piece.end > piece.start:
            yield piece
        start = max(piece.end, comma or (space if space > 0 else full))
    rest = _stripped(text, Span(start, span.end))
    if rest.end > rest.start:
        yield rest

"""One line of a mail, as the rules see it."""

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

MAX_LINES = 5_000  # of text that is read line by line; what follows them is one last line
MAX_FOLDED = 400  # characters of a line that the rules look at

_BREAKS = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
_BLANK_RUN = re.compile(r"\n{4,}")
# Marks over letters, and what is invisible: mail programs put it around addresses and dates.
_MARKS = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_QUOTE = re.compile(r"[ \t]{0,8}>(?:[ \t]?>){0,40}[ \t]?")
_ONE_QUOTE = re.compile(r"\A[ \t]{0,8}> ?")


class Line(NamedTuple):
    """A line and what the rules compare; `quoted` where it begins with `>`."""

    raw: str
    folded: str  # without quote marks, case, accents and marks that cannot be seen
    quoted: bool

    @property
    def whole(self) -> bool:
        """Whether the rules see all of it: a line of a program is never this long."""
        return len(self.raw) < MAX_FOLDED


def fold(text: str) -> str:
    """Write a text so that two spellings of the same words are equal; also used on the tables.

    Source:
        Unicode Standard, section 3.13, "Default Caseless Matching" (after NFKD, without marks).
    """
    if text.isascii():
        return text.lower()
    spelled = unicodedata.normalize("NFKD", text.replace("\u2019", "'")).casefold()
    return _MARKS.sub("", spelled).replace("\u0131", "i")  # Turkish has two letters i


def phrases(table: str) -> frozenset[str]:
    """Read a table of phrases, parted by semicolons and line ends."""
    parts = (" ".join(fold(part).split()) for part in table.replace("\n", ";").split(";"))
    return frozenset(part for part in parts if part)


def lines_of(text: str) -> list[Line]:
    """Split a text at its line ends, whatever they are; runs of blank lines are shortened."""
    plain = _BLANK_RUN.sub("\n\n\n", _BREAKS.sub("\n", text)).strip("\n")
    return [_line(raw) for raw in plain.split("\n", MAX_LINES)]


def unquoted(lines: Sequence[Line]) -> list[Line]:
    """Take one level of quoting off the lines that have one."""
    return [_line(_ONE_QUOTE.sub("", line.raw, count=1)) for line in lines]


def _line(raw: str) -> Line:
    quote = _QUOTE.match(raw)
    seen = raw[quote.end() if quote else 0 :][:MAX_FOLDED]
    return Line(raw, fold(seen)[:MAX_FOLDED].strip(), quote is not None)

"""The lines of a page's text: white space folded, blocks parted, quotes marked."""

import re
from collections.abc import Mapping

from app.inbound.mime import limits
from app.inbound.mime.nesting import BLOCKS

_SPACES = re.compile(r"[\s\u00a0]+")
_PADDING = re.compile("[\u034f\u200b-\u200d\u2007\u2060\u00ad\ufeff\u180e]{4,}")  # of preheaders
_APART = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "table", "pre"}
_ROWS = BLOCKS | {"tr", "caption", "option", "title"}
_THREADS = {"divrplyfwdmsg", "x_divrplyfwdmsg"}  # where Outlook's header block begins
_RULE = "_" * 32  # what Outlook draws over that block in plain text


class Lines:
    """Gathers text as it comes; each piece is looked at once."""

    def __init__(self) -> None:
        self._done: list[str] = []
        self._line: list[str] = []
        self._quote = 0  # of the line that is being written
        self._left = limits.TEXT_CHARS
        self._has_gap = False  # white space is due before the next word
        self._is_apart = False  # a blank line is due before the next line

    @property
    def is_full(self) -> bool:
        """Whether more text came, or could come, than is kept."""
        return self._left <= 0

    def add(self, text: str, *, quote: int, is_preformatted: bool = False) -> None:
        """Add text that stands in so many quoted blocks."""
        if is_preformatted:
            self._add_lines(text.replace("\r", "").split("\n"), quote)
            return
        folded = _SPACES.sub(" ", _PADDING.sub(" ", text))
        self._has_gap |= folded.startswith(" ")
        if words := folded.strip(" "):
            self._add_words(words, quote)
            self._has_gap = folded.endswith(" ")

    def open(self, name: str, attributes: Mapping[str, str], *, quote: int) -> None:
        """Begin an element."""
        if name == "br":
            self.end_line(is_forced=True)
        elif name in ("td", "th"):
            self._has_gap = True
        elif name in _ROWS:
            self._break(name)
            if name == "li":
                self._add_words("-", quote)
                self._has_gap = True
            elif attributes.get("id", "").lower() in _THREADS:
                self._add_words(_RULE, quote)
                self.end_line()

    def close(self, name: str) -> None:
        """End an element."""
        if name in _ROWS:
            self._break(name)
        elif name in ("td", "th"):
            self._has_gap = True

    def end_line(self, *, is_forced: bool = False) -> None:
        """End the line, if there is one; a forced end makes an empty one too."""
        self._has_gap = False
        if self._line:
            self._done.append(_prefix(self._quote) + "".join(self._line).rstrip())
            self._line = []
        elif is_forced:
            self._is_apart = True

    def text(self) -> str:
        """Give all lines so far."""
        self.end_line()
        return "\n".join(self._done).strip("\n")

    def _add_lines(self, lines: list[str], quote: int) -> None:
        for number, line in enumerate(lines):
            if number:
                self.end_line(is_forced=True)
            self._add_words(line, quote)

    def _break(self, name: str) -> None:
        self.end_line()
        self._is_apart |= name in _APART

    def _add_words(self, words: str, quote: int) -> None:
        if quote != self._quote:
            self.end_line()
        if not words or self.is_full:
            return
        self._start(quote)
        if self._has_gap and self._line:
            self._line.append(" ")
        self._has_gap = False
        self._line.append(words[: self._left])
        self._left -= len(words) + len(_prefix(quote))

    def _start(self, quote: int) -> None:
        """Begin a line, with the blank line before it that is due."""
        if not self._line and self._is_apart and self._done:
            self._done.append(_prefix(min(quote, self._quote)).rstrip())
        self._is_apart = False
        self._quote = quote


def _prefix(quote: int) -> str:
    return "> " * quote

"""What is searched for: words as both databases keep them, so that they find the same.

Their own tokenizers differ: one takes `ada@acme.com` for one word, the other for three, and
neither finds a word in a text that is written without spaces.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

MOST = 2_000  # different words of one message
MOST_CHARS = 20_000  # of each of its texts that are looked through
MOST_ASKED = 12  # words of one search
_LONGEST = 40  # characters of a word; what follows is not told apart
_BEGINNING = 3  # characters from which a word may be the beginning of a longer one
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_PIECE = re.compile(f"([{_UNSPACED}\U00020000-\U0003ffff]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a message must have to be found."""

    words: tuple[str, ...]
    beginning: str | None  # of one more word: the last may not be written out yet

    @property
    def nothing(self) -> bool:
        """Whether nothing is asked for."""
        return not self.words and self.beginning is None


def words_of(texts: Iterable[str]) -> list[str]:
    """Give the different words of a message, in the order in which they come first.

    Letters lose case and accents; of Chinese, Japanese, Thai and the like, each two neighbouring
    characters are a word.
    """
    words = (word for text in texts for word in _words(text[:MOST_CHARS], ends=True))
    return list(islice(dict.fromkeys(words), MOST))


def asked(text: str) -> Asked:
    """Read what somebody typed; the last word may be the beginning of one."""
    words = list(islice(_words(text[:MOST_CHARS], ends=False), MOST_ASKED))
    if not words or text[-1:].isspace():
        return Asked(words=tuple(dict.fromkeys(words)), beginning=None)
    last = words.pop()
    if len(last) >= _BEGINNING or _PIECE.fullmatch(last):
        return Asked(words=tuple(dict.fromkeys(words)), beginning=last)
    return Asked(words=tuple(dict.fromkeys([*words, last])), beginning=None)


def _words(text: str, *, ends: bool) -> Iterator[str]:
    for match in _WORD.finditer(_folded(text)):
        for place, piece in enumerate(_PIECE.split(match[0])):
            if place % 2:
                yield from _pairs(piece, ends=ends)
            elif piece:
                yield piece[:_LONGEST]


def _pairs(piece: str, *, ends: bool) -> Iterator[str]:
    """Give each two neighbours; a message has its last character alone, too, to be found by it."""
    for place in range(len(piece) - 1):
        yield piece[place : place + 2]
    if ends or len(piece) == 1:
        yield piece[-1]


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(one for one in apart if unicodedata.category(one) != "Mn")
    return unicodedata.normalize("NFC", plain).casefold()

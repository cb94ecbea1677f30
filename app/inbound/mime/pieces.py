"""Which of the versions of a text counts.

Source:
    RFC 2046, section 5.1.4 (multipart/alternative).
"""

from collections.abc import Sequence
from dataclasses import dataclass

# A plain version of under a fifth of the HTML's words says "your program shows no HTML".
_TRIVIAL_RATIO, _TRIVIAL_WORDS = 0.2, 25
_MISMATCH_RATIO, _MISMATCH_WORDS = 0.3, 10


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one part."""

    text: str
    is_html: bool = False
    is_calendar: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The version that counts, and whether another one says something else."""

    pieces: list[Piece]
    is_mismatched: bool = False


def choose(versions: Sequence[list[Piece]]) -> Choice:
    """Take the plain version, or the HTML one where that is all there is to it.

    Args:
        versions: The children of a multipart/alternative, plainest first as a rule.
    """
    calendar = [piece for version in versions for piece in version if piece.is_calendar]
    written = [[piece for piece in version if not piece.is_calendar] for version in versions]
    plain = next((v for v in written if v and not any(p.is_html for p in v)), [])
    rich = next((v for v in reversed(written) if any(p.is_html for p in v)), [])
    words, rich_words = _words(plain), _words(rich)
    if rich and _is_trivial(len(words), len(rich_words)):
        return Choice([*rich, *calendar])
    return Choice([*plain, *calendar], _differ(set(words), set(rich_words)))


def distinct(pieces: Sequence[Piece]) -> list[str]:
    """Drop what is said twice: some mailers send both versions as if they were two texts."""
    texts: dict[str, str] = {}
    for piece in pieces:
        texts.setdefault("".join(piece.text.split()), piece.text)
    return list(texts.values())


def _words(pieces: list[Piece]) -> list[str]:
    return " ".join(piece.text for piece in pieces).lower().split()


def _is_trivial(words: int, rich_words: int) -> bool:
    return words == 0 or (rich_words >= _TRIVIAL_WORDS and words < _TRIVIAL_RATIO * rich_words)


def _differ(words: set[str], rich_words: set[str]) -> bool:
    fewer = min(len(words), len(rich_words))
    return fewer >= _MISMATCH_WORDS and len(words & rich_words) < _MISMATCH_RATIO * fewer

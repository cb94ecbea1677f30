"""What the model reads of a clean text: all names are one name, and slips of the fingers mended."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

NAME, PLACE = "alex", "london"  # what every person and every place is read as
SHORTEST = 4  # letters of a word that can be recognised with a slip
_LONGEST = 24  # letters; a slip in a longer one is left, since it could be anything
_LOOKED_UP = 300  # unknown words of a text, at most: they cost time, and it may hold nothing else
_SLIP_SHARE = 0.3  # of the longer words, from which a text is full of slips; see training/LOG.md
_KEPT_WORDS = 8192  # unknown words whose answer is remembered
_WORD = re.compile(r"[^\W\d_]+")
_NAMES_IN_A_ROW = re.compile(rf"\b{NAME}(?: (?:[A-Z]\. )?{NAME}\b)+")


@dataclass(frozen=True, slots=True)
class Reading:
    """Words that are known to a model; made from its training part, see training.reading.

    Whoever writes is read alike, whatever the name: gender and origin say no wish, and the network
    cannot tell what it never sees. Slips are mended only where a text is full of them, since a
    rare word is no slip.

    Source:
        De-Arteaga et al. 2019, "Bias in Bios", section 4 (scrubbing of names and pronouns);
        Damerau 1964, "A technique for computer detection and correction of spelling errors".
    """

    names: frozenset[str]  # of people, in small letters
    places: frozenset[str]
    same: Mapping[str, str]  # a word of one gender -> what stands for both
    heralds: frozenset[str]  # words that a name follows: dear, Mr
    words: Mapping[str, int]  # known word -> rank, 0 is the most frequent
    _mend: Callable[[str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        letters = "".join(sorted({letter for word in self.words for letter in word}))
        mend = lru_cache(_KEPT_WORDS)(lambda word: _mended(word, self.words, letters))
        object.__setattr__(self, "_mend", mend)

    def __call__(self, text: str) -> str:
        """Read a clean text; only words change, never what stands between them."""
        found = [*_WORD.finditer(text)]
        words = [match[0].lower() for match in found]
        read = [self._called(before, word) for before, word in pairwise(["", *words])]
        slips = self._slips([word for word, called in zip(words, read, strict=True) if not called])
        parts, end = [], 0
        for match, word, called in zip(found, words, read, strict=True):
            parts += [text[end : match.start()], called or slips.get(word) or match[0]]
            end = match.end()
        return _NAMES_IN_A_ROW.sub(NAME, "".join(parts) + text[end:])

    def _called(self, before: str, word: str) -> str | None:
        """What a name, a place or a word with a gender is read as."""
        if word in self.names:
            return NAME
        if word in self.places:
            return PLACE
        if self._unknown(word) and (before in self.heralds or before in self.names):
            return NAME
        return self.same.get(word)

    def _slips(self, words: Sequence[str]) -> Mapping[str, str]:
        """The mended words of a text that is full of slips; none of another."""
        long = sum(len(word) >= SHORTEST for word in words)
        unknown = [word for word in words if self._unknown(word)][:_LOOKED_UP]
        if len(unknown) < _SLIP_SHARE * min(long, _LOOKED_UP):
            return {}
        mended = {word: new for word in unknown if (new := self._mend(word)) != word}
        slips = sum(word in mended for word in unknown)
        return mended if slips >= _SLIP_SHARE * min(long, _LOOKED_UP) else {}

    def _unknown(self, word: str) -> bool:
        return SHORTEST <= len(word) <= _LONGEST and word not in self.words


def reading_bytes(reading: Reading) -> bytes:
    """Write a reading as JSON."""
    raw = {
        "names": sorted(reading.names),
        "places": sorted(reading.places),
        "same": dict(reading.same),
        "heralds": sorted(reading.heralds),
        "words": " ".join(sorted(reading.words, key=reading.words.__getitem__)),
    }
    return json.dumps(raw, ensure_ascii=False).encode()


def parse_reading(content: bytes) -> Reading:
    """Read what `reading_bytes` wrote."""
    raw = json.loads(content)
    return Reading(
        frozenset(raw["names"]),
        frozenset(raw["places"]),
        dict(raw["same"]),
        frozenset(raw["heralds"]),
        {word: rank for rank, word in enumerate(raw["words"].split())},
    )


def _mended(word: str, known: Mapping[str, int], letters: str) -> str:
    """The most frequent known word that is one slip away and begins alike, or the word itself."""
    near = known.keys() & set(_slips(word, letters))
    return min(near, key=known.__getitem__, default=word)


def _slips(word: str, letters: str) -> Iterator[str]:
    """Every word one letter away: dropped, swapped, put in or taken for another; never the first.

    Few people miss the first letter of a word, and leaving it spares wrong guesses.
    """
    for place in range(1, len(word)):
        head, letter, tail = word[:place], word[place], word[place + 1 :]
        yield head + tail
        if tail:
            yield head + tail[0] + letter + tail[1:]
        for other in letters:
            yield head + other + tail
            yield head + other + letter + tail
    for other in letters:
        yield word + other

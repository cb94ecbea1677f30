"""What the model reads of a clean text: all names are one name, and slips of the fingers mended."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache

from models.text.people import (
    NAME,
    PLACE,
    Clues,
    People,
    Word,
    follows,
    is_called,
    is_small,
    joining,
    placing,
    words_of,
)

SHORTEST = 4  # letters of a word that can be recognised with a slip
_LONGEST = 24  # letters; a slip in a longer one is left, since it could be anything
_LOOKED_UP = 300  # unknown words of a text, at most: they cost time, and it may hold nothing else
_SLIP_SHARE = 0.3  # of the longer words, from which a text is full of slips; see training/LOG.md
_KEPT_WORDS = 8192  # unknown words whose answer is remembered


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
    clues: Clues = field(default_factory=Clues)
    _mend: Callable[[str], str] = field(init=False, repr=False, compare=False)
    _join: Callable[[str], str] = field(init=False, repr=False, compare=False)
    _place: Callable[[str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        letters = "".join(sorted({letter for word in self.words for letter in word}))
        mend = lru_cache(_KEPT_WORDS)(lambda word: _mended(word, self.words, letters))
        object.__setattr__(self, "_mend", mend)
        object.__setattr__(self, "_join", joining(self.clues.particles, self.heralds))
        object.__setattr__(self, "_place", placing(self.clues.compounds))

    def __call__(self, text: str) -> str:
        """Read a clean text; what stands between words changes only inside a name."""
        words, rest = words_of(self._place(text))
        read = self._listed(words)
        slips = self._slips([w.small for w, called in zip(words, read, strict=True) if not called])
        if not slips:
            read = People(words, read, self.clues, self.heralds, self._is_known).find()
        parts = [
            word.gap + (called or slips.get(word.small) or word.written)
            for word, called in zip(words, read, strict=True)
        ]
        return self._join("".join(parts) + rest)

    def names_in(self, text: str) -> list[tuple[int, int]]:
        """Give where the words of people's names stand in a text, as it is written.

        Returns:
            First code point of each word, and the one behind it.
        """
        words, _ = words_of(text)
        called = People(words, self._listed(words), self.clues, self.heralds, self._is_known).find()
        spans, end = [], 0
        for word, one in zip(words, called, strict=True):
            start, end = end + len(word.gap), end + len(word.gap) + len(word.written)
            if one == NAME:
                spans.append((start, end))
        return spans

    def knows(self, word: str) -> bool:
        """Whether a word, in small letters, is more than a name that was met by chance."""
        return self._is_known(word)

    def _listed(self, words: Sequence[Word]) -> list[str | None]:
        """Read what lists and greetings tell."""
        small = is_small(words)
        return [self._called(words, place, small=small) for place in range(len(words))]

    def _called(self, words: Sequence[Word], place: int, *, small: bool) -> str | None:
        """What a name, a place or a word with a gender is read as."""
        word = words[place]
        if word.small in self.names:
            return NAME
        if word.small in self.places:
            return PLACE
        named = place > 0 and words[place - 1].small in self.names and word.gap in (" ", "-")
        due = named or follows(words, place, self.heralds)
        if due and (small or word.written[0].isupper()) and self._could_be(word):
            return NAME
        if word.small in self.clues.everyday and is_called(words, place, self.heralds):
            return NAME
        return self.same.get(word.small)

    def _could_be(self, word: Word) -> bool:
        """Whether a word may be a name where one is due."""
        if word.is_capital and (
            word.small in self.clues.doubtful or word.small in self.clues.families
        ):
            return True
        return self._unknown(word.small) or (
            word.is_capital and not self._is_known(word.small) and word.small not in self.same
        )

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

    def _is_known(self, word: str) -> bool:
        """Whether a word is more than a name that was met by chance."""
        if len(word) < SHORTEST:
            return word in self.clues.short
        return len(word) > _LONGEST or (word in self.words and word not in self.clues.rare)


def reading_bytes(reading: Reading) -> bytes:
    """Write a reading as JSON."""
    clues = {name: sorted(words) for name, words in asdict(reading.clues).items()}
    raw = {
        "names": sorted(reading.names),
        "places": sorted(reading.places),
        "same": dict(reading.same),
        "heralds": sorted(reading.heralds),
        "words": " ".join(sorted(reading.words, key=reading.words.__getitem__)),
        "clues": clues,
    }
    return json.dumps(raw, ensure_ascii=False).encode()


def parse_reading(content: bytes) -> Reading:
    """Read what `reading_bytes` wrote; earlier releases wrote no clues."""
    raw = json.loads(content)
    clues = raw.get("clues", {})
    return Reading(
        frozenset(raw["names"]),
        frozenset(raw["places"]),
        dict(raw["same"]),
        frozenset(raw["heralds"]),
        {word: rank for rank, word in enumerate(raw["words"].split())},
        Clues(**{one.name: frozenset(clues.get(one.name, ())) for one in fields(Clues)}),
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

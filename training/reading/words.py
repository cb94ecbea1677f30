"""Gather the words of the training part, and the names that stand for one."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.text.people import Clues
from models.text.reading import SHORTEST, Reading
from training.dataset import Example
from training.names import NOUNS_ARE_CAPITALS, proper_nouns

_LISTS = Path(__file__).parent
_WORD = re.compile(r"[^\W\d_]+")
_TIMES = 2  # that a word is met before it counts as known: once may be a slip itself
_SMALL_TIMES, _SMALL_SHARE = 3, 0.4  # met in small letters, from where a name is a common word
_RARE_TIMES = 5  # that a word with a capital is met at most where it may be somebody's name
_EVERYDAY_TIMES = 8  # met in small letters, from where a capital makes no name of a word


@dataclass(frozen=True, slots=True)
class _Met:
    """How often the words of the training part were met."""

    as_written: Mapping[str, int]
    small: Mapping[str, int]  # in any letters, by the word in small ones
    german: Mapping[str, int]  # the same, in the language whose nouns have capitals
    proper: frozenset[str]  # only ever written with a capital

    def everyday(self, word: str) -> bool:
        return self.as_written.get(word, 0) >= _EVERYDAY_TIMES

    def rare(self, word: str) -> bool:
        seldom = self.small.get(word, 0) <= _RARE_TIMES and self.german.get(word, 0) < _TIMES
        return seldom and word in self.proper


def reading_of(train: Sequence[Example]) -> Reading:
    """Make the reading of a model from the messages that it is trained on."""
    met = _met(train)
    given, surnames, listed = _listed("given"), _listed("surnames"), _listed("places")
    common = _common(met)
    names = (given | surnames) - common
    places = listed - common - names
    ranked = Counter(met.small).most_common()
    words = [w for w, n in ranked if n >= _TIMES and _plain(w, names | places)]
    short = [w for w, n in ranked if n >= _TIMES and len(w) < SHORTEST and not met.rare(w)]
    everyday = {word for word in met.as_written if met.everyday(word)}
    doubtful = (_listed("doubtful") | ((given | surnames) & common)) - names
    clues = Clues(
        doubtful=doubtful - everyday,
        everyday=doubtful & everyday,
        families=_listed("families") - names - everyday,
        towns=(_listed("towns") | (listed & (names | common))) - places - everyday,
        wheres=_listed("wheres"),
        particles=_listed("particles"),
        compounds=frozenset(_text("compounds").strip().split("\n")),
        rare=frozenset(word for word in words if met.rare(word)),
        short=frozenset(short),
    )
    known = {word: rank for rank, word in enumerate(words)}
    return Reading(names, places, _pairs(), _listed("heralds"), known, clues)


def _met(train: Sequence[Example]) -> _Met:
    written: Counter[str] = Counter()
    german: Counter[str] = Counter()
    for example in train:
        words = _WORD.findall(example.composed)
        written.update(words)
        if example.language == NOUNS_ARE_CAPITALS:
            german.update(word.lower() for word in words)
    small: Counter[str] = Counter()
    for word, count in written.items():
        small[word.lower()] += count
    return _Met(written, small, german, frozenset(map(str.lower, proper_nouns(train))))


def _common(met: _Met) -> frozenset[str]:
    """Words that are also written small: `mark`, `rose`, `will`; not by one careless writer."""
    return frozenset(
        word
        for word, count in met.small.items()
        if met.as_written.get(word, 0) >= max(_SMALL_TIMES, _SMALL_SHARE * count)
    )


def _plain(word: str, names: frozenset[str]) -> bool:
    """Whether a slip may be mended to this word."""
    return len(word) >= SHORTEST and word not in names


def _listed(kind: str) -> frozenset[str]:
    """The words of a list, in small letters."""
    return frozenset(_text(kind).lower().split())


def _pairs() -> dict[str, str]:
    """The words with a gender, each with what it is read as."""
    pairs = [line.split() for line in _text("gendered").split("\n") if line]
    return {word: read for read, *words in pairs for word in words}


def _text(kind: str) -> str:
    return (_LISTS / f"{kind}.txt").read_text(encoding="utf-8")

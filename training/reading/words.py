"""Gather the words of the training part, and the names that stand for one."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from models.text.reading import SHORTEST, Reading
from training.dataset import Example

_LISTS = Path(__file__).parent
_WORD = re.compile(r"[^\W\d_]+")
_TIMES = 2  # that a word is met before it counts as known: once may be a slip itself
_SMALL_TIMES, _SMALL_SHARE = 3, 0.4  # met in small letters, from where a name is a common word


def reading_of(train: Sequence[Example]) -> Reading:
    """Make the reading of a model from the messages that it is trained on."""
    met = Counter(word for example in train for word in _WORD.findall(example.composed))
    common = _common(met)
    names = (_listed("given") | _listed("surnames")) - common
    places = _listed("places") - common - names
    counts: Counter[str] = Counter()
    for word, count in met.items():
        counts[word.lower()] += count
    words = [w for w, n in counts.most_common() if n >= _TIMES and _plain(w, names | places)]
    return Reading(
        names, places, _pairs(), _listed("heralds"), {word: rank for rank, word in enumerate(words)}
    )


def _common(met: Mapping[str, int]) -> frozenset[str]:
    """Words that are also written small: `mark`, `rose`, `will`; not by one careless writer."""
    every: Counter[str] = Counter()
    for word, count in met.items():
        every[word.lower()] += count
    return frozenset(
        word
        for word, count in every.items()
        if met.get(word, 0) >= max(_SMALL_TIMES, _SMALL_SHARE * count)
    )


def _plain(word: str, names: frozenset[str]) -> bool:
    """Whether a slip may be mended to this word."""
    return len(word) >= SHORTEST and word not in names


def _listed(kind: str) -> frozenset[str]:
    """The words of a list, in small letters."""
    return frozenset((_LISTS / f"{kind}.txt").read_text(encoding="utf-8").lower().split())


def _pairs() -> dict[str, str]:
    """The words with a gender, each with what it is read as."""
    lines = (_LISTS / "gendered.txt").read_text(encoding="utf-8").split("\n")
    pairs = [line.split() for line in lines if line]
    return {word: read for read, *words in pairs for word in words}

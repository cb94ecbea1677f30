"""Proper nouns in messages, and others in their place: who writes from where says no wish."""

import random
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from training.dataset import Example

_NAMES = Path(__file__).with_name("names.txt")
# Petra, Malmö; not SSO or Mr, and not the first word of a sentence.
_CAPITALISED = re.compile(r"(?<![.!?:] )(?<!\A)\b[^\W\d_a-zß-ÿ][^\W\d_A-ZÀ-Þ]{2,}\b")
_WORD = re.compile(r"\b[^\W\d_]{3,}\b")
NOUNS_ARE_CAPITALS = "de"  # a language in which a capital says nothing


def proper_nouns(examples: Sequence[Example]) -> frozenset[str]:
    """Find the words that are only ever written with a capital: names of people, places, firms.

    Args:
        examples: As many as there are; a common word is found out by standing somewhere in small
            letters.
    """
    common: set[str] = set()
    capitalised: set[str] = set()
    for example in examples:
        text = f"{example.subject}\n{example.text}"
        common.update(word for word in _WORD.findall(text) if word.islower())
        if example.language != NOUNS_ARE_CAPITALS:
            capitalised.update(_CAPITALISED.findall(text))
    return frozenset(word for word in capitalised if word.lower() not in common)


def renamed(text: str, nouns: frozenset[str], order: random.Random) -> str:
    """Put other names, of people and places all over the world, in the place of those in a text.

    A name that comes twice is replaced by the same one.
    """
    chosen: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        word = match[0]
        if word not in nouns:
            return word
        return chosen.setdefault(word, order.choice(_pool()))

    return _CAPITALISED.sub(other, text)


@lru_cache(maxsize=1)
def _pool() -> tuple[str, ...]:
    return tuple(_NAMES.read_text(encoding="utf-8").split())

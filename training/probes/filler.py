"""Long texts that wish for nothing, and messages hidden in them."""

import functools
import random
from collections.abc import Sequence
from pathlib import Path

FILLER = Path(__file__).with_name("filler.txt")
LONG_TOKENS = 5_000
DISCLAIMER_TOKENS = 400
DISCLAIMER = "disclaimer"
_TOKENS_A_WORD = 1.37  # of the shipped tokenizer on filler.txt


@functools.cache
def sentences(*, disclaimer: bool = False) -> tuple[str, ...]:
    """Read the hand-written sentences: those of disclaimers, or all others."""
    found: list[str] = []
    kind = ""
    for line in FILLER.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            kind = line.strip("[]")
        elif line and not line.startswith("#") and (kind == DISCLAIMER) == disclaimer:
            found.append(line)
    return tuple(found)


def filler(chance: random.Random, *, tokens: int, disclaimer: bool = False) -> list[str]:
    """Shuffle sentences, again and again where there are too few, up to a length in tokens."""
    kept: list[str] = []
    length = 0.0
    while length < tokens:
        more = list(sentences(disclaimer=disclaimer))
        chance.shuffle(more)
        for sentence in more:
            if length >= tokens:
                break
            kept.append(sentence)
            length += tokens_of(sentence)
    return kept


def tokens_of(text: str) -> float:
    """Estimate the tokens of an English text; no tokenizer is asked."""
    return _TOKENS_A_WORD * len(text.split())


def hidden_in(around: Sequence[str], text: str, place_ratio: float) -> str:
    """Put a message between two sentences, behind a share of their tokens."""
    target = place_ratio * sum(map(tokens_of, around))
    before = 0
    passed = 0.0
    while before < len(around) and passed + tokens_of(around[before]) / 2 < target:
        passed += tokens_of(around[before])
        before += 1
    return " ".join([*around[:before], text, *around[before:]])


def end_of_long_text(text: str, chance: random.Random) -> str:
    """Write a message as the last sentences of a text of 5,000 tokens."""
    around = filler(chance, tokens=LONG_TOKENS - int(tokens_of(text)))
    return hidden_in(around, text, 1.0)


def after_disclaimer(text: str, chance: random.Random) -> str:
    """Write a message behind 400 tokens of disclaimer."""
    return hidden_in(filler(chance, tokens=DISCLAIMER_TOKENS, disclaimer=True), text, 1.0)

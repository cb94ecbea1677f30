"""Other ways to write a message that leave its wishes as they are; drawn anew each epoch."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

from models.labels import INTENTS, OTHER
from training.dataset import Example
from training.names import proper_nouns, renamed

_MISTYPED = 0.1  # of the messages get a slip in nearly every word, which is mended on reading
_SLIPPED = 0.15  # and these one in ten words, which are left
_RENAMED = 0.3  # get other names of people and places
_BURIED = 0.18  # of those with a wish are put among talk that wishes nothing
_PILED = 0.2  # of those without get more of such talk around them
_CUT = 0.4  # of long talk: a piece of it is read alone, as a window or a sentence shows it
_BARE = 0.10  # lose their subject, where the text is long enough to say it all
_SLIP_SHARES = (0.9, 0.1)  # of the words that get a slip
_SHORTEST = 4  # letters of a word that can be recognised with a slip
_BARE_CHARS = 160
_TALK_WORDS = (10, 40)  # of a piece of talk, beginning anywhere, as a window does
_LONG_WORDS = 80  # from which a message that wishes nothing is talk, where some are
_ENOUGH_TALK = 50  # long ones; where fewer are, any message that wishes nothing is taken
_ROOM_WORDS = (40, 110)  # of a message with its talk: fills a window, or runs into a second one
_NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuiopasdfghjklaxcvbnmn", strict=True))


def augmenting(examples: Sequence[Example], *, seed: int) -> Callable[[int], list[Example]]:
    """Give what makes an epoch's examples: most as they are, some written in another way.

    Args:
        examples: The training part; talk to bury others in is taken from those that wish nothing,
            the long ones first: a short one often looks like a wish without being one.
        seed: The same seed and epoch give the same examples.
    """
    nouns = proper_nouns(examples)
    talk = _talk_of(examples)

    def epoch(number: int) -> list[Example]:
        order = random.Random(f"{seed}:{number}")
        return [_varied(_called(example, nouns, order), talk, order) for example in examples]

    return epoch


def _talk_of(examples: Sequence[Example]) -> list[Example]:
    """Choose what others are buried in."""
    idle = [example for example in examples if example.labels.get(INTENTS) == (OTHER,)]
    long = [example for example in idle if _is_long(example)]
    return long if len(long) >= _ENOUGH_TALK else idle


def _is_long(example: Example) -> bool:
    return len(example.composed.split()) >= _LONG_WORDS


def _called(example: Example, nouns: frozenset[str], order: random.Random) -> Example:
    """Let somebody else have written an example, or leave it."""
    if order.random() >= _RENAMED:
        return example
    return replace(example, text=renamed(example.text, nouns, order))


def _varied(example: Example, talk: Sequence[Example], order: random.Random) -> Example:
    """Write an example in another way, or leave it."""
    if order.random() < _BARE and len(example.text) > _BARE_CHARS:
        example = replace(example, subject="")
    intents = example.labels.get(INTENTS, ())
    if OTHER in intents and _is_long(example) and order.random() < _CUT:
        example = _cut(example, order)
    elif talk and intents and order.random() < (_PILED if OTHER in intents else _BURIED):
        example = _buried(example, talk, order)
    drawn = order.random()
    if drawn < _MISTYPED + _SLIPPED:
        share = _SLIP_SHARES[drawn > _MISTYPED]
        text, subject = (mistype(t, share, order) for t in (example.text, example.subject))
        example = replace(example, text=text, subject=subject)
    return example


def _buried(example: Example, talk: Sequence[Example], order: random.Random) -> Example:
    """Put a message among pieces of others that wish nothing; only its intents are still known."""
    parts, room = [example.composed], order.randint(*_ROOM_WORDS)
    while sum(len(part.split()) for part in parts) < room:
        parts.insert(order.choice((0, len(parts))), _piece(order.choice(talk).composed, order))
    if len(parts) == 1:  # it fills a window by itself
        return example
    intents = {INTENTS: example.labels[INTENTS]}
    return replace(example, subject="", text="\n".join(parts), labels=intents)


def _cut(example: Example, order: random.Random) -> Example:
    """Leave a piece of what wishes nothing: it wishes nothing either, and only that is known."""
    intents = {INTENTS: example.labels[INTENTS]}
    return replace(example, subject="", text=_piece(example.composed, order), labels=intents)


def _piece(text: str, order: random.Random) -> str:
    """Cut some words out of a text, wherever they stand."""
    words, length = text.split(), order.randint(*_TALK_WORDS)
    start = order.randint(0, max(len(words) - length, 0))
    return " ".join(words[start : start + length])


def mistype(text: str, share: float, order: random.Random) -> str:
    """Put a slip of the fingers into a share of the words of four letters or more."""
    return " ".join(
        _slip(word, order) if len(word) >= _SHORTEST and order.random() < share else word
        for word in text.split(" ")
    )


def _slip(word: str, order: random.Random) -> str:
    """Swap, drop, double or miss one letter inside a word."""
    place = order.randrange(1, len(word) - 1)
    before, letter, after = word[:place], word[place], word[place + 1 :]
    slips = (
        before + after[:1] + letter + after[1:],
        before + after,
        before + letter + letter + after,
        before + _NEIGHBOURS.get(letter, letter) + after,
    )
    return order.choice(slips)

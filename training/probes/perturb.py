"""Ten ways to disguise the letters of a message that a person still reads with ease.

Each is a pure function of a text and a source of chance. Tables are this module's own and share
nothing with models.text, which undoes such tricks: a measurement must not know its answer.
"""

import random
import re
import string
from collections.abc import Callable, Mapping
from typing import TypeAlias

Perturb: TypeAlias = Callable[[str, random.Random], str]

_INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff"
_RIGHT_TO_LEFT, _POP = "\u202e", "\u202c"
_SOFT_HYPHEN, _NO_BREAK_SPACE = "\u00ad", "\u00a0"
_MARKS = [chr(code) for code in range(0x0300, 0x0370)]
_LEET = str.maketrans("aeiostAEIOST", "431057431057")
_EMOJI = ("😀", "🔥", "🚀", "👍🏽", "🎉", "💥", "🙏", "👩‍💻", "❤️", "⭐", "✅", "📈", "🇸🇪")
_SENTENCE_END = re.compile(r"(?<=[.!?…]) ")
_LETTERS = re.compile(r"[^\W\d_]+")
_LONG_WORD = 4  # letters, from which a word gets a typo or a hyphen
_MARKS_A_LETTER = (2, 4)

# Per Latin letter, letters of other scripts that are drawn alike.
# Source: Unicode Technical Standard 39, confusables.txt, and what phishing uses.
_CYRILLIC = {
    **dict(zip("aceijopsxyhdqwkvlr", "асеіјорѕхуһԁԛԝкѵӏг", strict=True)),
    **dict(zip("ABCEHIJKMOPSTXYGQWV", "АВСЕНІЈКМОРЅТХҮԌԚԜѴ", strict=True)),
}
_GREEK = {
    **dict(zip("aikouvpyxtwe", "αικουνργχτωε", strict=True)),
    **dict(zip("ABEZHIKMNOPTYXF", "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϜ", strict=True)),  # noqa: RUF001
}
_DRAWN_ALIKE = {
    latin: "".join(table[latin] for table in (_CYRILLIC, _GREEK) if latin in table)
    for latin in _CYRILLIC | _GREEK
}

_FULL_WIDTH = {code: chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
_BOLD = {
    ord(char): chr(first + place)
    for chars, first in (
        (string.ascii_uppercase, 0x1D400),
        (string.ascii_lowercase, 0x1D41A),
        (string.digits, 0x1D7CE),
    )
    for place, char in enumerate(chars)
}

_KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")  # a neighbour is the key beside
_BESIDE = {
    key: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in _KEY_ROWS
    for place, key in enumerate(row)
}


def shout(text: str, _: random.Random) -> str:
    """Write everything in capitals."""
    return text.upper()


def hide_joints(text: str, chance: random.Random) -> str:
    """Put an invisible character between any two letters."""
    return re.sub(r"(?<=[^\W\d_])(?=[^\W\d_])", lambda _: chance.choice(_INVISIBLE), text)


def swap_scripts(text: str, chance: random.Random) -> str:
    """Write every Latin letter that has a twin in Cyrillic or Greek by one of its twins."""
    return "".join(chance.choice(_DRAWN_ALIKE.get(char, char)) for char in text)


def restyle(text: str, chance: random.Random) -> str:
    """Write the whole message in letters of full width, or in the bold ones of mathematics."""
    return text.translate(chance.choice([_FULL_WIDTH, _BOLD]))


def turn_around(text: str, chance: random.Random) -> str:
    """Store words or sentences backwards, between characters that show them forwards."""
    if chance.random() < 0.5:
        return " ".join(_turned(word) for word in text.split(" "))
    return " ".join(_turned(sentence) for sentence in _SENTENCE_END.split(text))


def spell_leet(text: str, _: random.Random) -> str:
    """Write digits for all letters that look like one."""
    return text.translate(_LEET)


def mistype(text: str, chance: random.Random) -> str:
    """Make one mistake in every word of four letters or more."""
    return _LETTERS.sub(lambda match: _with_typo(match[0], chance), text)


def hyphenate(text: str, chance: random.Random) -> str:
    """Put a soft hyphen into every longer word, and spaces that do not break between words."""
    hidden = _LETTERS.sub(lambda match: _with_hyphen(match[0], chance), text)
    return hidden.replace(" ", _NO_BREAK_SPACE)


def flood_with_marks(text: str, chance: random.Random) -> str:
    """Pile several combining marks on every letter."""
    return "".join(
        char + "".join(chance.choices(_MARKS, k=chance.randint(*_MARKS_A_LETTER)))
        if char.isalpha()
        else char
        for char in text
    )


def part_with_emoji(text: str, chance: random.Random) -> str:
    """Put an emoji between any two words."""
    return re.sub(" ", lambda _: f" {chance.choice(_EMOJI)} ", text)


DISGUISES: Mapping[str, Perturb] = {
    "T1 capitals": shout,
    "T2 zero-width characters": hide_joints,
    "T3 Cyrillic and Greek twins": swap_scripts,
    "T4 full width or bold": restyle,
    "T5 bidi override": turn_around,
    "T6 leet": spell_leet,
    "T7 a typo a word": mistype,
    "T8 soft hyphens, hard spaces": hyphenate,
    "T9 flood of marks": flood_with_marks,
    "T10 emoji between words": part_with_emoji,
}
"""By the id of RELIABILITY.md, section 3.8; T11 and T12 need filler and stand in `filler`."""


def _turned(part: str) -> str:
    return f"{_RIGHT_TO_LEFT}{part[::-1]}{_POP}"


def _with_hyphen(word: str, chance: random.Random) -> str:
    if len(word) < _LONG_WORD:
        return word
    place = chance.randrange(1, len(word))
    return word[:place] + _SOFT_HYPHEN + word[place:]


def _with_typo(word: str, chance: random.Random) -> str:
    """Swap two letters, drop one, double one or hit the key beside; never the first letter."""
    if len(word) < _LONG_WORD:
        return word
    place = chance.randrange(1, len(word) - 1)
    head, char, after, tail = word[:place], word[place], word[place + 1], word[place + 2 :]
    mistakes = [head + after + tail, head + char + char + after + tail]  # dropped, doubled
    if char != after:
        mistakes.append(head + after + char + tail)
    beside = _BESIDE.get(char)
    if beside:
        mistakes.append(head + chance.choice(beside) + after + tail)
    return chance.choice(mistakes)

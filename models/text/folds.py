"""Undo what hides words from a reader of letters: look-alikes, floods of marks, turned text."""

import re
import unicodedata
from collections.abc import Sequence

# Cyrillic and Greek letters that are drawn like Latin ones, and what a reader takes them for.
_DRAWN_LIKE = {
    "авекморстухгүіјѕһӏѵԁԛԝбнё": "abekmopctyxryijshlvdqwbhe",
    "АВЕКМНОРСТУҮХІӀЈЅҺѴԌԚԜЁ": "ABEKMHOPCTYYXIIJSHVGQWE",
    "αβγεηικνοπρςστυχωϲϳϱΑΒΕΖΗΙΚΜΝΟΡΤΥΧϜϹ": "abyenikvonpsotuxwcjpABEZHIKMNOPTYXFC",
}
_LOOK_ALIKES = {
    ord(foreign): latin
    for pair in _DRAWN_LIKE.items()
    for foreign, latin in zip(*pair, strict=True)
}
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f]")
_WORD = re.compile(r"[^\W\d_]+")
_FOREIGN_SHARE = 0.25  # of the letters that are left: more, and the text is Greek or Russian
_LEET = str.maketrans("013457@$", "oieastas")
_LEET_WORD = re.compile(r"[^\W\d_][013457]+[^\W\d_]")  # digits inside a word, not 10am or SSO2
_LEET_CODES = 5  # words with a digit at their edge: fewer may well be codes, as 5V and 10k are
_LEET_TOUCHED = re.compile(r"[^\W\d_][013457]|[013457][^\W\d_]")
_LEET_SHARE, _LEET_WORDS = 0.3, 2  # of the words, and at least; codes and sizes stay below
_LEET_DIGIT, _PLAIN_LETTER = re.compile("[013457]"), re.compile("[oieastOIEAST]")
_PLAIN_SHARE = 0.2  # letters that digits could stand for, to each digit: elsewhere there are many
_ADDRESS = re.compile(r"\.\w|/")  # a mail address or a path is no word
# Where all is written so, 70 and 5173 are words; 30 is none in any of the languages, nor is 1500.
_LEET_NUMBER = re.compile(
    r"\W*(1|4|1[57]|3[57]|4[57]|[57]0|[13]57|477|517|533|537|700|[013457]{4,}(?<!00))\W*"
)
_TURNED = re.compile("\u202e([^\u202c\u202e]*)\u202c?")  # RIGHT-TO-LEFT OVERRIDE … POP
_MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKED = re.compile(f"([A-Za-z\u00c0-\u024f\u1e00-\u1eff])[{_MARKS}]+")
_PICTURES = re.compile("[\u2190-\u2bff\ufe0f\u200d\U0001f000-\U0001faff]+")
_PICTURE_SHARE, _PICTURE_COUNT = 0.3, 3  # for each word, and at least: they stand between words


def turn_back(raw: str) -> str:
    """Write in reading order what an override shows from right to left.

    Source:
        Unicode Standard Annex 9, section 2.2, "Explicit Directional Overrides".
    """
    return _TURNED.sub(lambda match: match[1][::-1], raw) if "\u202e" in raw else raw


def fold_text(text: str) -> str:
    """Give the letters that a reader sees, where others were put in to hide a word.

    In a Latin text, look-alike letters of other scripts become Latin and marks that compose with
    no letter go. Digits become letters where a third of the words has them inside, or where the
    letters that they could stand for are missing, and pictures go where there are nearly as many
    as words.

    Source:
        Unicode Technical Standard 39, section 4, "Confusable Detection" (the idea; the table here
        holds only letters that people know).
    """
    if not text.isascii():
        text = _without_pictures(_without_look_alikes(_MARKED.sub(_without_marks, text)))
    return _without_leet(text)


def _without_marks(match: re.Match[str]) -> str:
    """Drop marks that compose with no letter, and with them those that did."""
    return unicodedata.normalize("NFD", match[1])[0]


def _without_look_alikes(text: str) -> str:
    """Write a word in Latin if every letter of it is drawn so, unless the text is foreign."""
    if not _FOREIGN.search(text):
        return text
    folded = _WORD.sub(_as_drawn, text)
    letters = sum(map(str.isalpha, folded))
    return folded if len(_FOREIGN.findall(folded)) <= _FOREIGN_SHARE * letters else text


def _as_drawn(match: re.Match[str]) -> str:
    word = match[0]
    if word.isascii():
        return word
    drawn = word.translate(_LOOK_ALIKES)
    return word if _FOREIGN.search(drawn) else drawn


def _without_pictures(text: str) -> str:
    """Drop pictures where they part the words; a few tell a mood and stay."""
    pictures = len(_PICTURES.findall(text))
    words = len(_WORD.findall(text)) if pictures >= _PICTURE_COUNT else 0
    return _PICTURES.sub("", text) if words and pictures > _PICTURE_SHARE * words else text


def _without_leet(text: str) -> str:
    """Read digits as letters where many words are written so."""
    words = text.split(" ")
    if not _is_leet(text, words):
        return text
    return " ".join(_read_leet(word) for word in words)


def _is_leet(text: str, words: Sequence[str]) -> bool:
    """Whether digits stand for letters: in many words, or for nearly all such letters."""
    inside = sum(_LEET_WORD.search(word) is not None for word in words)
    if inside >= max(_LEET_WORDS, _LEET_SHARE * len(words)):
        return True
    if len(_PLAIN_LETTER.findall(text)) > _PLAIN_SHARE * len(_LEET_DIGIT.findall(text)):
        return False
    touched = sum(_LEET_TOUCHED.search(word) is not None for word in words)
    return inside >= _LEET_WORDS or touched >= max(_LEET_CODES, len(words) / 2)


def _read_leet(word: str) -> str:
    written = _WORD.search(word) or _LEET_NUMBER.fullmatch(word)
    return word.translate(_LEET) if written and not _ADDRESS.search(word) else word

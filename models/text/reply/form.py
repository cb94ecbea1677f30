"""What a line of a signature looks like: a name, a position, a company, a way to reach someone."""

import re
from itertools import pairwise

from models.text.reply.line import fold, phrases
from models.text.reply.positions import COMPANY_FORM, COMPANY_WORD, POSITION, POSITION_PART

_POSITIONS, _FORMS = phrases(POSITION), phrases(COMPANY_FORM)
_POSITION_PARTS, _COMPANY_WORDS = tuple(phrases(POSITION_PART)), phrases(COMPANY_WORD)
_WORD = re.compile(r"[^\W\d_][\w.'’&/-]*")  # noqa: RUF001
_ADDRESS = re.compile(
    r"\S@\S|https?://|\bwww\.|\b[\w-]{2,40}\.(?:com|de|fr|nl|se|es|pt|eu|net|org|io)\b"
)
_PHONE = re.compile(r"\+?\(?\d[\d\s()./-]{6,24}\d")
_HONOUR = re.compile(
    r"\b(?:(?:dr|prof|mr|mrs|ms|ing|dipl|herr|frau|mme|sr|sra|dott|mag|ir|drs|dhr|mevr)\.?[ -]?)+\s"
    r"|\b(?:i\. ?[av]\.|ppa\.)\s",
    re.IGNORECASE,
)
_PARTICLES = phrases("""
    von; van; de; der; den; del; della; di; da; dos; das; du; la; le; el; ter; ten; zu; af; e; y""")
_DEGREE = re.compile(r", ?(?:[A-Z][A-Za-z]{0,3}\.?|[A-Z]{2,5})\Z")  # `Ann Smith, PhD`
_NOT_IN_NAMES = re.compile(r"[\d@:;/!?<>|#=+()\[\],…]")


def is_name(line: str) -> bool:
    """Whether a line can be the name of a person, and nothing else stands there."""
    core = _HONOUR.sub("", line[:80].strip(" \t*_,-–—|\r")).strip()  # noqa: RUF001
    core = _DEGREE.sub("", core)
    words = core.split()
    if not 2 <= len(core) <= 40 or _NOT_IN_NAMES.search(core):
        return False
    if not 1 <= len(words) <= 5 or has_position(core) or has_company_form(core):
        return False
    return all(word in _PARTICLES or _is_name_word(word) for word in words)


def _is_name_word(word: str) -> bool:
    """Whether a word begins with a capital, or is of a script that has none."""
    first = word.lstrip("'’\"“„(")[:1]  # noqa: RUF001
    return first.isalpha() and not first.islower()


def has_position(line: str) -> bool:
    """Whether a line names a position: `Head of Sales`, `Geschäftsführer`, `CFO`."""
    words = [word.strip(".-/") for word in _WORD.findall(fold(line[:120]))]
    if len(words) > 12:
        return False
    pairs = [" ".join(pair) for pair in pairwise(words)]
    parts = [part for word in words for part in word.split("/")]
    return bool(_POSITIONS & {*parts, *pairs}) or any(
        word.endswith(_POSITION_PARTS) for word in parts
    )


def has_company_form(line: str) -> bool:
    """Whether a line ends as companies do: `GmbH`, `Ltd`, `S.L.`, `B.V.`."""
    words = [word.strip(".,()|") for word in fold(line[:120]).split()]
    plain = [word.replace(".", "") for word in words]
    return bool(_FORMS & {*plain[1:], *map("".join, pairwise(plain[1:]))})


def is_company_form(word: str) -> bool:
    """Whether a word is a legal form by itself: `SA`, `Inc.`."""
    return fold(word[:20]).replace(".", "").strip() in _FORMS


def has_company_word(line: str) -> bool:
    """Whether a word of a line is a usual part of a company's name: `Group`, `Logistik`."""
    return bool(_COMPANY_WORDS & set(_WORD.findall(fold(line[:120]))))


def has_contact(line: str) -> bool:
    """Whether a line says how to reach someone: a phone, a mail address, a site."""
    seen = line[:200]
    return _ADDRESS.search(seen) is not None or _PHONE.search(seen) is not None


def says_something(line: str) -> bool:
    """Whether a line is a sentence or asks: what a person said, and no part of a signature."""
    words = line.split(None, 30)
    if not words or has_contact(line):
        return False
    asks = line.rstrip().endswith(("?", "\uff1f"))
    return asks or len(words) > 12 or (len(words) > 6 and line.rstrip().endswith((".", "!", "。")))

"""Find the people and places of a message, and make others of them."""

import functools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NAMES = Path(__file__).with_name("names.yaml")
FEMALE, MALE = "female", "male"

_TOKEN = r"[^\W\d_a-zß-ÿ][^\W\d_]+(?:[-'’][^\W\d_]+)*"  # noqa: RUF001, S105  a capitalised word
_PERSON = (
    rf"{_TOKEN}(?: [A-Z]\.)?(?: (?:van|de|von|der|den|da|dos|bin|al|el) ?)?(?: ?{_TOKEN}){{0,2}}"
)
_START, _END = r"(?<![\w@-])", r"(?!\w|-[^\W\d_a-zß-ÿ])"  # Lund stands in no Costa-Lund
_CLOSINGS = (
    "regards|thanks|thanks in advance|thank you|cheers|best|greetings|sincerely|faithfully|thx|ta|"
    "mvh|hälsningar|hälsning|tack|grüße|grüßen|gruß|lg|vg|mfg|danke|cordialement|salutations|merci|"
    "saludo|saludos|gracias|atentamente|cumprimentos|obrigado|obrigada|abraço|groet|groeten|bedankt"
)
_GREETINGS = "hi|hiya|hello|hey|dear|hej|hallo|bonjour|coucou|hola|olá|beste|liebe|lieber|sorry"
_TITLES = (
    "Mr|Mrs|Ms|Miss|Dr|Prof|Herr|Herrn|Frau|Monsieur|Madame|Mme|Sr|Sra|Señor|Señora|Senhor|"
    "meneer|mevrouw"
)
_INTRODUCTIONS = "I'm|I am|my name is|this is|ich bin|je suis|me llamo|soy|jag heter|ik ben|sou"
_PEOPLE = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"(?i:\b(?:{_CLOSINGS}))[\s,.!–-]*\s({_PERSON})(?=\s*(?:[,.|(–-]|$))",  # noqa: RUF001
        rf"(?i:^(?:{_GREETINGS})) ({_TOKEN})(?=\s*[,.!:–-]|$)",  # noqa: RUF001
        rf"\b(?:{_TITLES})\.? ({_TOKEN}(?: {_TOKEN})?)",
        rf"(?i:\b(?:{_INTRODUCTIONS})) ({_TOKEN} {_TOKEN})",
        rf"^({_PERSON}) here\b",
        rf"^({_TOKEN} {_PERSON})(?=,|\s*$)",  # a line of a signature
    )
)
_SURNAME = re.compile(rf"(?: [A-Z]\.)? ({_TOKEN})")
_TITLED, _SIGNATURE = 2, len(_PEOPLE) - 1  # of the patterns
_SIGNATURE_CHARACTERS = 400  # of a message's end, where lines of names alone are looked for
_NOT_HERS = (  # what follows `her` where it is no possessive
    "and|or|but|to|that|this|these|if|when|before|after|about|for|in|on|at|by|with|from|of|as|so|"
    "it|is|was|will|would|has|had|can|could|because|how|what|why|where|who|which|not|there|here|"
    "now|then|soon|too|back|up|out|off|over|down|once|twice|again|today|tomorrow|yesterday|"
    "the|a|an|all|any|some|more|directly|please|we|I|you|they|he|she"
)
_HER = re.compile(rf"(?<!\w)([Hh])er(?= (?!(?:{_NOT_HERS})\b)[^\W_])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Names and places of a culture, for one gender."""

    name: str
    gender: str
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    cities: tuple[str, ...]
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What of a message tells who wrote it, and where; each in the order met."""

    given: tuple[str, ...]
    surnames: tuple[str, ...]
    cities: tuple[str, ...]
    countries: tuple[str, ...]
    gendered: bool  # whether there is a pronoun or a title with a gender

    def __bool__(self) -> bool:
        return self.gendered or any((self.given, self.surnames, self.cities, self.countries))


@functools.cache
def groups() -> tuple[Group, ...]:
    """Read the groups: each culture for women, then for men."""
    return tuple(
        Group(
            name=name,
            gender=gender,
            given=tuple(part[gender]),
            surnames=tuple(part["surnames"]),
            cities=tuple(part["cities"]),
            countries=tuple(part["countries"]),
        )
        for name, part in _tables()["groups"].items()
        for gender in (FEMALE, MALE)
    )


def common_words(texts: Iterable[str]) -> frozenset[str]:
    """Gather the words that are written small somewhere, so that they are no names."""
    return frozenset(
        word for text in texts for word in re.findall(r"[^\W\d_]+", text) if word.islower()
    )


def find(text: str, language: str | None, common: frozenset[str]) -> Found:
    """Find names by signature, greeting, title and lists; places by lists.

    Args:
        text: Lines kept.
        language: ISO 639-1; pronouns and titles are looked for in this one.
        common: See `common_words`.
    """
    cities = tuple(_listed(text, "cities"))
    countries = tuple(_listed(text, "countries"))
    places = {word for place in (*cities, *countries) for word in place.split()}
    given: dict[str, None] = {}
    surnames: dict[str, None] = {}
    for titled, person in _people(text, common):
        first, *rest = [word for word in person if word not in places] or [""]
        chosen = surnames if titled and not rest else given
        chosen.update({first: None} if first else {})
        surnames.update(dict.fromkeys(rest))
    return Found(
        given=tuple(given),
        surnames=tuple(name for name in surnames if name not in given),
        cities=cities,
        countries=countries,
        gendered=any(_swap_gender(text, language, to) != text for to in (FEMALE, MALE)),
    )


def swapped(
    text: str, found: Found, group: Group, *, language: str | None, chance: random.Random
) -> str:
    """Make the people and places of a message those of a group.

    Each name becomes one other name wherever it stands; all pronouns and titles take the gender.
    """
    pairs = {
        **_paired(found.surnames, group.surnames, chance),
        **_paired(found.given, group.given, chance),
        **_paired(found.countries, group.countries, chance),
        **_paired(found.cities, group.cities, chance),
    }
    return _swap_gender(_replaced(text, pairs), language, group.gender)


@functools.cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = yaml.safe_load(NAMES.read_text(encoding="utf-8"))
    return tables


@functools.cache
def _known(kind: str) -> re.Pattern[str]:
    """Match every listed place of a kind, or every given name with what may follow it."""
    parts = [part for group in groups() for part in getattr(group, kind)]
    names = sorted({*parts, *_tables()["found"][kind]}, key=len, reverse=True)
    return re.compile(rf"{_START}(?:{'|'.join(map(re.escape, names))}){_END}")


def _listed(text: str, kind: str) -> Iterator[str]:
    """Name each listed place once, in the order met."""
    yield from dict.fromkeys(match[0] for match in _known(kind).finditer(text))


def _people(text: str, common: frozenset[str]) -> Iterator[tuple[bool, list[str]]]:
    """Give the words of each person's name, and whether a title stands before it."""
    no_names = frozenset(_tables()["found"]["not_names"])
    tail = max(len(text) - _SIGNATURE_CHARACTERS, 0)
    for kind, pattern in enumerate(_PEOPLE):
        for match in pattern.finditer(text, tail if kind == _SIGNATURE else 0):
            words = re.findall(_TOKEN, match[1])
            if words and not any(w in no_names or _is_common(w, common) for w in words):
                yield kind == _TITLED, words
                if kind == _SIGNATURE:
                    break  # below it stand title, company and street
    for match in _known("given").finditer(text):
        behind = _SURNAME.match(text, match.end())
        follows = behind and behind[1] not in no_names and not _is_common(behind[1], common)
        yield False, [match[0], behind[1]] if behind and follows else [match[0]]


def _is_common(word: str, common: frozenset[str]) -> bool:
    return any(part.lower() in common for part in re.split(r"[-'’]", word)[:1])  # noqa: RUF001


def _paired(
    found: Sequence[str], others: Sequence[str], chance: random.Random
) -> Mapping[str, str]:
    """Give each name another of the group; beyond their number they repeat."""
    drawn = chance.sample(list(others), len(others))
    return {name: drawn[place % len(drawn)] for place, name in enumerate(found)}


def _replaced(text: str, pairs: Mapping[str, str]) -> str:
    """Replace whole words, the longest first, all in one pass."""
    if not pairs:
        return text
    names = "|".join(map(re.escape, sorted(pairs, key=len, reverse=True)))
    return re.sub(rf"{_START}(?:{names}){_END}", lambda match: pairs[match[0]], text)


def _swap_gender(text: str, language: str | None, gender: str) -> str:
    """Give all pronouns and titles of a language one gender."""
    pairs = _tables()["gendered"].get(language, [])
    wanted = {old: new for male, female in pairs for old, new in _direction(male, female, gender)}
    text = _replaced(text, wanted | {_capital(old): _capital(new) for old, new in wanted.items()})
    return _english_cases(text, gender) if language == "en" else text


def _direction(male: str, female: str, gender: str) -> list[tuple[str, str]]:
    return [(male, female)] if gender == FEMALE else [(female, male)]


def _capital(word: str) -> str:
    return word[0].upper() + word[1:]


def _english_cases(text: str, gender: str) -> str:
    """Swap him, his, her and hers, of which two share a form with another."""
    if gender == FEMALE:
        return _replaced(text, {"him": "her", "Him": "Her", "his": "her", "His": "Her"})
    text = _HER.sub(lambda match: f"{'H' if match[1] == 'H' else 'h'}is", text)
    return _replaced(text, {"her": "him", "Her": "Him", "hers": "his", "Mrs": "Mr", "Miss": "Mr"})

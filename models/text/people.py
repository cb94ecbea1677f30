"""Tell the names in a text that are on no list, or are words as well, by where they stand."""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

NAME, PLACE = "alex", "london"  # what every person and every place is read as
_SENTENCE_ENDS = frozenset(".!?:…")
_CALLING = frozenset({"", ".", ",", "!", "–", "-", "…"})  # noqa: RUF001  between a greeting and a name
_JOINS = frozenset({" ", "-", " - "})  # between the parts of one name
_NOUN_SHARE = 0.15  # of the words inside sentences; above it nouns or headings have capitals, too
_PARTICLES = 3  # between two parts of a name, at most: van der, de la
_SIGNED = 3  # words of a name that ends a text, at most
_WORD = re.compile(r"[^\W\d_]+")
_BEGIN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clues:
    """Words that tell a name from a word; without any, only lists and unknown words count."""

    doubtful: frozenset[str] = frozenset()  # given names that are words as well: grace, malin
    everyday: frozenset[str] = frozenset()  # given names that are frequent words: will, anders
    families: frozenset[str] = frozenset()  # surnames that are words as well: baker, bos
    towns: frozenset[str] = frozenset()  # places that are words or names as well: cork, jordan
    wheres: frozenset[str] = frozenset()  # words that a place follows: in, nach
    particles: frozenset[str] = frozenset()  # van, al: inside a name
    compounds: frozenset[str] = frozenset()  # places of several words
    rare: frozenset[str] = frozenset()  # known words that were hardly met, and never written small
    short: frozenset[str] = frozenset()  # known words of two or three letters


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, and what stands between it and the one before."""

    written: str
    small: str
    gap: str
    is_capital: bool  # written like a name: SSO and WaterSteps are not


def words_of(text: str) -> tuple[list[Word], str]:
    """Cut a text into words; gives what stands behind the last one, too."""
    words, end = [], 0
    for match in _WORD.finditer(text):
        word = match[0]
        is_capital = word[0].isupper() and word[1:].islower()
        words.append(Word(word, word.lower(), text[end : match.start()], is_capital))
        end = match.end()
    return words, text[end:]


def follows(words: Sequence[Word], place: int, heralds: frozenset[str]) -> bool:
    """Whether a greeting or a title stands right before a word."""
    return place > 0 and words[place - 1].small in heralds and words[place].gap.strip() in _CALLING


def is_called(words: Sequence[Word], place: int, heralds: frozenset[str]) -> bool:
    """Whether somebody is greeted or signs by a word alone: `Hi Will,`, not `Hi, will you`."""
    behind = words[place + 1].gap.strip() if place + 1 < len(words) else "."
    return behind != "" and words[place].is_capital and follows(words, place, heralds)


def is_small(words: Sequence[Word]) -> bool:
    """Whether a text has no capitals but that of its first word, as in a chat."""
    return not any(word.written[0].isupper() for word in words[1:])


@dataclass(slots=True)
class People:
    """The words of one text, and those of them that are read as a name or a place so far."""

    words: Sequence[Word]
    read: list[str | None]
    clues: Clues
    heralds: frozenset[str]
    is_known: Callable[[str], bool]
    _could: list[bool] = field(init=False)
    _starts: list[bool] = field(init=False)
    _are_nouns: bool = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [
            place == 0 or not _SENTENCE_ENDS.isdisjoint(word.gap)
            for place, word in enumerate(self.words)
        ]
        self._could = [
            word.is_capital and self._could_be(place) for place, word in enumerate(self.words)
        ]
        inside = [place for place, starts in enumerate(self._starts) if not starts]
        common = sum(self._is_common_with_capital(place) for place in inside)
        self._are_nouns = common > _NOUN_SHARE * len(inside)

    def find(self) -> list[str | None]:
        """Read more words as names and places, the surest first."""
        capitals = [place for place, word in enumerate(self.words) if word.is_capital]
        for place in capitals:
            self._look_inside(place)
        self._look_for_pairs()
        self._look_at_end()
        for _ in range(2):  # a name has up to three parts
            for place in capitals:
                self._look_beside(place)
        return self.read

    def _could_be(self, place: int) -> bool:
        word = self.words[place]
        if self.read[place] or word.small in self.heralds:
            return False
        listed = word.small in self.clues.doubtful or word.small in self.clues.families
        return listed or not self.is_known(word.small)

    def _is_common_with_capital(self, place: int) -> bool:
        word = self.words[place]
        return (
            word.written[0].isupper() and not self.read[place] and not self._could[place]
        ) and self.is_known(word.small)

    def _look_inside(self, place: int) -> None:
        """Read a doubtful name or place by its capital inside a sentence, or by a preposition."""
        word, clues = self.words[place], self.clues
        inside = not self._starts[place] and not self._are_nouns and not self.read[place]
        if word.small in clues.towns:
            where = place > 0 and self.words[place - 1].small in clues.wheres and word.gap == " "
            if where or (inside and word.small not in clues.doubtful):
                self.read[place] = PLACE
                return
        if self._could[place] and inside and word.small in clues.doubtful:
            self.read[place] = NAME

    def _look_for_pairs(self) -> None:
        """Read two words in a row as a name that are no known words and have capitals."""
        doubtful, families = self.clues.doubtful, self.clues.families
        for place in range(len(self.words) - 1):
            pair = [self.words[place].small, self.words[place + 1].small]
            if not (self._is_joined(place + 1) and self._could[place] and self._could[place + 1]):
                continue
            if any(s in doubtful for s in pair) or not (
                self._are_nouns or all(s in families for s in pair)
            ):
                self.read[place] = self.read[place + 1] = NAME

    def _look_at_end(self) -> None:
        """Read the last words as a name where they stand alone and have capitals."""
        first = len(self.words)
        while first > 0 and self._is_or_could(first - 1):
            first -= 1
            if not self._is_joined(first):
                break
        count = len(self.words) - first
        stands_alone = 0 < first < len(self.words) and self.words[first].gap.strip() != ""
        if self._are_nouns or not stands_alone or count > _SIGNED:
            return
        for place in range(first, len(self.words)):
            if self.words[place].small not in self.clues.families or count > 1:
                self.read[place] = NAME

    def _look_beside(self, place: int) -> None:
        """Read a word as a part of the name beside it."""
        if self.read[place]:
            return
        word = self.words[place]
        before = place > 0 and self._is_joined(place) and self._ends_a_name(place - 1)
        hyphened = before and word.gap == "-"
        if hyphened or (self._could[place] and (before or self._begins(place + 1, NAME))):
            self.read[place] = NAME
        elif word.small in self.clues.doubtful and self._begins(place + 1, PLACE):
            self.read[place] = NAME  # Dolores Whitby

    def _begins(self, place: int, kind: str) -> bool:
        """Whether a name, or a place, stands right behind."""
        return place < len(self.words) and self._is_joined(place) and self.read[place] == kind

    def _ends_a_name(self, place: int) -> bool:
        """Whether a name ends here, or goes on: `Emily`, `Emily van der`, `Emily Al-`, `Mr van`."""
        particles = self.clues.particles
        if self.read[place] == NAME or self.words[place].small not in particles:
            return self.read[place] == NAME
        for _ in range(_PARTICLES - 1):
            if self._is_joined(place) and self.words[max(place - 1, 0)].small in particles:
                place = max(place - 1, 0)
        named = place > 0 and self._is_joined(place) and self.read[place - 1] == NAME
        return named or follows(self.words, place, self.heralds)

    def _is_or_could(self, place: int) -> bool:
        return self._could[place] or self.read[place] == NAME

    def _is_joined(self, place: int) -> bool:
        """Whether a word and the one before it can be parts of one name."""
        return self.words[place].gap in _JOINS


def joining(particles: frozenset[str], titles: frozenset[str]) -> Callable[[str], str]:
    """Give the function that makes one name of what stands for the parts of a name.

    Args:
        particles: Small words inside a name.
        titles: What names stand behind, for a particle before the first name.
    """
    parts, called = (
        "|".join(map(re.escape, sorted(some))) or "(?!)" for some in (particles, titles)
    )
    joint = rf" (?:[A-Z]\.? ){{0,3}}| ?[-–] ?| (?i:{parts})[- ](?:(?:{parts}) )?"  # noqa: RUF001
    row = re.compile(rf"\b{NAME}(?:(?:{joint}){NAME}\b)+")
    arabic = re.compile(rf"\b(?i:al|el|bin|ibn|abu|ben|mc|o)[-'’]{NAME}\b")  # noqa: RUF001
    titled = re.compile(rf"\b((?i:{called})\.?) (?i:(?:(?:{parts}) ){{1,2}}){NAME}\b")
    placed = re.compile(rf"\b({NAME}|{PLACE})(?: {PLACE}\b)+")

    def join(text: str) -> str:
        if NAME not in text and PLACE not in text:  # as nearly always, and quicker told
            return text
        text = row.sub(NAME, arabic.sub(NAME, text))
        return placed.sub(r"\1", titled.sub(rf"\1 {NAME}", text))

    return join


def placing(compounds: Collection[str]) -> Callable[[str], str]:
    """Give the function that reads places of several words as one place."""
    if not compounds:
        return lambda text: text
    by_first: dict[str, list[str]] = {}
    for compound in sorted(compounds, key=lambda one: (-len(one), one)):
        first, gap, rest = compound.partition(" ")
        by_first.setdefault(first, []).append(gap + rest)
    words = "|".join(
        rf"{re.escape(first)}(?:{'|'.join(map(re.escape, rests))})"
        for first, rests in by_first.items()
    )
    pattern = re.compile(rf"(?<!\w)(?:{words})\b", re.IGNORECASE)
    begins = {match[0].lower() for first in by_first if (match := _BEGIN.match(first))}

    def place(text: str) -> str:
        if begins.isdisjoint(map(str.lower, _BEGIN.findall(text))):  # quicker than the pattern
            return text
        return pattern.sub(PLACE, text)

    return place

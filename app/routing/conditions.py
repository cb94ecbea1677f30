"""What a rule asks of a message beside its intents, and what it saw."""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from fnmatch import translate
from functools import lru_cache

from app.routing.calendars import Calendar
from app.routing.context import Context, Known
from models.prediction import Prediction

KNOWN, UNKNOWN = "known", "unknown"  # of a contact or an account
OPEN, CLOSED = "open", "closed"  # of a calendar
COMPARISON = re.compile(r"(>=|<=|>|<|=)?\s*(\d{1,9}(?:\.\d{1,4})?)")
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_VERBS = {">=": "reaches", ">": "reaches", "<": "stays", "<=": "stays", "=": "is"}


class Ask(Enum):
    """What the wanted values of a condition are."""

    CHOICE = auto()  # words, of which one must be there
    GLOBS = auto()  # patterns, of which one must match, in any case
    COMPARISON = auto()  # one of a number, such as ">= 3"


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold; how it is asked stands in this module."""

    field: str  # signals.urgency, channel, language, contact.score, sender.domain, time.berlin, …
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """All that conditions look at."""

    prediction: Prediction
    context: Context
    calendars: Mapping[str, Calendar]


def holds(condition: Condition, seen: Seen) -> bool:
    """Say whether a condition holds for a message; of what nobody knows, none does."""
    value = _value(condition.field, seen)
    return value is not None and _is_wanted(value, condition)


def told(condition: Condition, seen: Seen) -> str:
    """Say in words what is asked and what was seen; never an address, a name or any text."""
    value = _value(condition.field, seen)
    if value is None:
        return f"{_subject(condition.field)} is not known"
    return _WORDS[ask_of(condition.field)](condition, value, _is_wanted(value, condition))


@lru_cache(maxsize=1024)
def ask_of(field: str) -> Ask:
    """Say how the values of a field are asked for."""
    kind, _, part = field.partition(".")
    if kind == "sender" or (kind in ("account", "contact") and part == "name"):
        return Ask.GLOBS
    if kind in ("account", "contact") and part != "known":
        return Ask.COMPARISON
    return Ask.CHOICE


@lru_cache(maxsize=4096)
def comparison(text: str) -> tuple[str, float]:
    """Read ">= 3" as its operator and its number; a number alone asks for just that."""
    found = COMPARISON.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no comparison")
    return found[1] or "=", float(found[2])


@lru_cache(maxsize=4096)
def pattern_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """Make the expression that matches where one of some globs does, in any case."""
    return re.compile("|".join(map(translate, globs)), re.IGNORECASE)


def _is_wanted(value: str | float, condition: Condition) -> bool:
    if not isinstance(value, str):
        sign, number = comparison(condition.wanted[0])
        return _OPERATORS[sign](value, number)
    if ask_of(condition.field) is Ask.GLOBS:
        return pattern_of(condition.wanted).match(value) is not None
    return value in condition.wanted


def _value(field: str, seen: Seen) -> str | float | None:
    """Look at what a condition is about; None where nobody knows."""
    kind, _, part = field.partition(".")
    return _LOOK[kind](part, seen)


def _signal(head: str, seen: Seen) -> str | None:
    said = seen.prediction.signals.get(head)
    # In a language that the model has not learnt, what it says is a guess.
    return said.label if said is not None and seen.prediction.readable else None


def _known(who: Known, part: str) -> str | float | None:
    if part == "known":
        return KNOWN if who.known else UNKNOWN
    if part == "name":
        return who.name
    return who.score if part == "score" else float(who.messages)


def _time(calendar: str, seen: Seen) -> str:
    return OPEN if seen.calendars[calendar].is_open(seen.context.at) else CLOSED


_LOOK: Mapping[str, Callable[[str, Seen], str | float | None]] = {
    "signals": _signal,
    "channel": lambda _, seen: seen.context.channel,
    "language": lambda _, seen: seen.prediction.language,
    "account": lambda part, seen: _known(seen.context.account, part),
    "contact": lambda part, seen: _known(seen.context.contact, part),
    "time": _time,
    "sender": lambda part, seen: seen.context.sender.get(part) or None,
}


def _subject(field: str) -> str:
    kind, _, part = field.partition(".")
    named = {"signals": part, "time": f"calendar {part}"}
    return named.get(kind, field.removesuffix(".known"))


def _choice(condition: Condition, value: str | float, held: bool) -> str:
    saw = f"{_subject(condition.field)} {value}"
    return saw if held else f"{saw}, not {' or '.join(condition.wanted)}"


def _match(condition: Condition, _: str | float, held: bool) -> str:
    return f"{condition.field} {'matches' if held else 'does not match'}"


def _compared(condition: Condition, value: str | float, held: bool) -> str:
    (wanted,) = condition.wanted
    verb = _VERBS[comparison(wanted)[0]] if held else "misses"
    return f"{condition.field} {value:g} {verb} {wanted}"


_WORDS: Mapping[Ask, Callable[[Condition, str | float, bool], str]] = {
    Ask.CHOICE: _choice,
    Ask.GLOBS: _match,
    Ask.COMPARISON: _compared,
}

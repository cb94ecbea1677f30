"""Whether one condition holds wherever another one does."""

import math
from collections.abc import Collection, Iterable

from app.routing.conditions import KNOWN, Ask, Condition, ask_of, comparison, pattern_of

_WILD = frozenset("*?[")
_MOST_SCORE = 100.0

_Span = tuple[float, float]  # both ends included


def all_implied(theirs: Iterable[Condition], mine: Collection[Condition]) -> bool:
    """Say whether all of their conditions hold wherever all of mine do."""
    return all(
        _always(wanted) or any(implies(condition, wanted) for condition in mine)
        for wanted in theirs
    )


def implies(mine: Condition, theirs: Condition) -> bool:
    """Say whether theirs holds wherever mine does; False where that cannot be told."""
    mine, theirs = plain(mine), plain(theirs)
    if mine.field != theirs.field:
        return False
    ask = ask_of(mine.field)
    if ask is Ask.COMPARISON:
        low, high = span(mine)
        least, most = span(theirs)
        return least <= low and high <= most
    if ask is Ask.GLOBS:
        return all(_glob_implied(glob, theirs.wanted) for glob in mine.wanted)
    return set(mine.wanted) <= set(theirs.wanted)


def contradictory(conditions: Iterable[Condition]) -> bool:
    """Say whether no message can meet all of them."""
    left: dict[str, _Span] = {}
    for condition in map(plain, conditions):
        if ask_of(condition.field) is Ask.COMPARISON:
            low, high = left.get(condition.field, (-math.inf, math.inf))
            least, most = span(condition)
            left[condition.field] = max(low, least), min(high, most)
    return any(low > high for low, high in left.values())


def plain(condition: Condition) -> Condition:
    """Ask for a number of messages where it is asked whether somebody is known: it is the same."""
    who, _, part = condition.field.partition(".")
    if part != "known" or who not in ("account", "contact"):
        return condition
    return Condition(f"{who}.messages", (">= 1" if condition.wanted == (KNOWN,) else "< 1",))


def span(condition: Condition) -> _Span:
    """Give the numbers that a comparison lets through."""
    sign, number = comparison(condition.wanted[0])
    whole = condition.field.endswith(".messages")
    above = math.floor(number) + 1 if whole else math.nextafter(number, math.inf)
    below = math.ceil(number) - 1 if whole else math.nextafter(number, -math.inf)
    low = {">=": number, ">": above, "=": number}.get(sign, 0.0)
    high = {"<=": number, "<": below, "=": number}.get(sign, math.inf)
    return max(low, 0.0), high if whole else min(high, _MOST_SCORE)


def _always(condition: Condition) -> bool:
    if ask_of(condition.field) is not Ask.COMPARISON:
        return False
    return span(condition) == (0.0, math.inf if condition.field.endswith(".messages") else 100.0)


def _glob_implied(glob: str, theirs: tuple[str, ...]) -> bool:
    if "*" in theirs or glob.lower() in {one.lower() for one in theirs}:
        return True
    return not _WILD.intersection(glob) and pattern_of(theirs).match(glob) is not None

"""Rules that never fire, because of what they ask or of those before them."""

from collections.abc import Collection, Iterator, Sequence

from app.routing.linting.finding import Finding, error, warning
from app.routing.linting.implying import all_implied, contradictory, plain
from app.routing.policy import Rule

_ALONE = ""  # stands for the intent of a rule that asks for none


def rules_out_of_reach(rules: Sequence[Rule]) -> Iterator[Finding]:
    """Find rules that cannot hold, contradict an earlier one, or come too late."""
    for number, rule in enumerate(rules):
        before = rules[:number]
        twin = next((one for one in before if _asks(one) == _asks(rule)), None)
        if contradictory(rule.conditions):
            yield error(
                rule.line,
                "never_holds",
                f"{rule.name!r} never holds: no contact or account can meet its conditions",
                "ask for what can be true together; a score is at most 100",
            )
        elif twin is not None and _outcome(twin) != _outcome(rule):
            yield error(
                rule.line,
                "conflict",
                f"{rule.name!r} asks for the same as {_place(twin)}, but does something else",
                "keep one of the two, or ask for more in the first",
            )
        else:
            yield from _taken(rule, before)


def _taken(rule: Rule, before: Sequence[Rule]) -> Iterator[Finding]:
    """Find that earlier rules take all that a rule holds for, or all of some intent."""
    wishes = tuple(rule.intents) or (_ALONE,)
    by = {wish: _taker(wish, rule, before) for wish in wishes}
    takers = {one.name: one for one in by.values() if one is not None}
    places = " and ".join(_place(one) for one in takers.values())
    lost = [wish for wish, one in by.items() if one is not None]
    if len(lost) == len(wishes):
        yield error(
            rule.line,
            "unreachable",
            f"{rule.name!r} never fires: {places} takes every message that it holds for",
            f"put it before {' and '.join(map(repr, takers))}, or take it out",
        )
    elif lost:
        yield warning(
            rule.line,
            "partly_unreachable",
            f"{rule.name!r} never fires for {', '.join(lost)}: {places} takes it",
            f"put it before {' and '.join(map(repr, takers))}, or take the intent out",
        )


def _taker(wish: str, rule: Rule, before: Sequence[Rule]) -> Rule | None:
    """Give the first rule that holds whenever this one does for one of its intents."""
    return next((one for one in before if _takes(one, wish, rule)), None)


def _takes(earlier: Rule, wish: str, rule: Rule) -> bool:
    if not all_implied(earlier.conditions, rule.conditions):
        return False
    if not earlier.intents:
        return True
    if wish not in earlier.intents:
        return False
    theirs, mine = earlier.intents[wish], rule.intents[wish]
    if theirs is None or mine is None:  # the model's threshold is not known here
        return theirs == mine or theirs == 0.0
    return theirs <= mine


def _asks(rule: Rule) -> tuple[object, object]:
    conditions = {(one.field, frozenset(one.wanted)) for one in map(plain, rule.conditions)}
    return dict(rule.intents), conditions


def _outcome(rule: Rule) -> Collection[object]:
    told = (rule.route, rule.endpoints, rule.event_type, rule.priority)
    return (*told, rule.pool, rule.clock, rule.playbook, rule.once, rule.history)


def _place(rule: Rule) -> str:
    return f"{rule.name!r} (line {rule.line})"

"""Reply clocks of which nobody would hear, and endpoints that are not there."""

from collections.abc import Collection, Iterator
from datetime import date

from app.routing.clocks import ClockPlan
from app.routing.document import nearest
from app.routing.linting.finding import Finding, Severity, error, warning
from app.routing.linting.people import is_there
from app.routing.policy import Policy, Rule


def faults_of_clocks(policy: Policy, on: date) -> Iterator[Finding]:
    """Find clocks that run out without anybody to take the message, or to hear of it."""
    for rule in policy.every_rule:
        if rule.clock is not None:
            clock = policy.clocks[rule.clock]
            yield from _hearing(rule, clock)
            yield from _naming(rule, clock, policy, on)


def unknown_endpoints(policy: Policy, endpoints: Collection[str]) -> Iterator[Finding]:
    """Find names without an endpoint; an error where a clock runs and nobody at all would hear."""
    for rule in policy.every_rule:
        told = _told(rule, policy)
        unheard = bool(rule.clock and endpoints) and not set(told) & set(endpoints)
        for name in told:
            if name not in endpoints:
                near = nearest(name, endpoints) if endpoints else ""
                yield Finding(
                    line=rule.line,
                    code="unknown_endpoint",
                    severity=Severity.ERROR if unheard else Severity.WARNING,
                    problem=f"{rule.name!r}: there is no endpoint {name!r}{near}",
                    mend=f"add it with `inlet endpoints add {name}`, or name another",
                )


def _told(rule: Rule, policy: Policy) -> list[str]:
    """Give all endpoints that hear of a rule's messages, now or when its clock runs out."""
    levels = policy.clocks[rule.clock].levels if rule.clock else ()
    names = [*rule.endpoints, *(name for level in levels for name in level.endpoints)]
    return list(dict.fromkeys(names))


def _hearing(rule: Rule, clock: ClockPlan) -> Iterator[Finding]:
    if rule.endpoints:
        return
    if any(level.endpoints for level in clock.levels):
        yield warning(
            rule.line,
            "late_clock",
            f"{rule.name!r}: nobody hears of its messages until the clock {clock.name} runs out",
            "name the endpoint that hears of them first",
        )
    else:
        yield error(
            rule.line,
            "silent_clock",
            f"{rule.name!r}: the clock {clock.name} runs, and no endpoint hears of it",
            "name an endpoint, or take the clock out",
        )


def _naming(rule: Rule, clock: ClockPlan, policy: Policy, on: date) -> Iterator[Finding]:
    if rule.pool is None:
        if policy.pools:  # who names no owners at all means it
            yield warning(
                rule.line,
                "clock_without_pool",
                f"{rule.name!r}: the clock {clock.name} runs, and no owner is named",
                "give the rule a pool",
            )
        silent = [level for level in clock.levels if not (level.pool or level.endpoints)]
    else:
        others = {*policy.pools[rule.pool].weights, policy.pools[rule.pool].fallback} - {None}
        alone = sum(is_there(owner, policy, on) for owner in others if owner) < 2
        silent = [level for level in clock.levels if alone and not level.pool]
    if silent:
        yield warning(
            rule.line,
            "level_without_owner",
            f"{rule.name!r}: at a level of the clock {clock.name} nobody else can take over",
            "give the level a pool, or the rule's pool a second owner",
        )

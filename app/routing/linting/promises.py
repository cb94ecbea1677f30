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
    if not policy.pools:  # who names no owners at all means it
        return
    if rule.pool is None:
        yield warning(
            rule.line,
            "clock_without_pool",
            f"{rule.name!r}: the clock {clock.name} runs, and no owner is named",
            "give the rule a pool",
        )
    elif _is_stuck(rule, clock, policy, on):
        yield warning(
            rule.line,
            "level_without_owner",
            f"{rule.name!r}: when the clock {clock.name} runs out, nobody else can take over",
            "give its levels a pool, or the pool a second owner",
        )


def _is_stuck(rule: Rule, clock: ClockPlan, policy: Policy, on: date) -> bool:
    """Say whether some level names nobody but who has the message already."""
    pool = rule.pool
    for level in clock.levels or (clock.level(1),):
        if level.pool is None and _people(pool, policy, on) < 2:
            return True
        pool = level.pool or pool
    return False


def _people(pool: str | None, policy: Policy, on: date) -> int:
    """Count those of a pool who still work here, its fallback as well."""
    if pool is None:
        return 0
    owners = {*policy.pools[pool].weights, policy.pools[pool].fallback}
    return sum(owner is not None and is_there(owner, policy, on) for owner in owners)

"""Parts of a policy that nothing in it uses."""

from collections.abc import Iterator

from app.routing.linting.finding import Finding, line_of, warning
from app.routing.playbooks import SHIPPED
from app.routing.policy import Policy


def unused_parts(policy: Policy) -> Iterator[Finding]:
    """Find calendars, pools, clocks and playbooks that are read and never asked for."""
    there = {
        "calendars": policy.calendars,
        "pools": policy.pools,
        "clocks": policy.clocks,
        "playbooks": policy.playbooks,
    }
    used = _used(policy)
    for part, names in there.items():
        for name in names:
            if name not in used[part]:
                yield warning(
                    line_of(policy, part, name),
                    "unused",
                    f"nothing uses {name!r} of {part}",
                    "use it, or take it out",
                )


def _used(policy: Policy) -> dict[str, set[str | None]]:
    rules, clocks = policy.every_rule, policy.clocks.values()
    asked = [condition.field for rule in rules for condition in rule.conditions]
    return {
        "calendars": {
            *(owner.calendar for owner in policy.owners.values()),
            *(clock.calendar for clock in clocks),
            *(field.removeprefix("time.") for field in asked if field.startswith("time.")),
        },
        "pools": {
            *(rule.pool for rule in rules),
            *(level.pool for clock in clocks for level in clock.levels),
        },
        "clocks": {rule.clock for rule in rules},
        "playbooks": {*SHIPPED, *(rule.playbook for rule in rules)},
    }

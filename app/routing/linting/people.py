"""Owners who left, and pools from which nobody can be named."""

from collections.abc import Iterator
from datetime import date

from app.routing.linting.finding import Finding, error, line_of, warning
from app.routing.owners import Pool
from app.routing.policy import Policy


def faults_of_people(policy: Policy, on: date) -> Iterator[Finding]:
    """Find departed owners, pools with nobody left, and owners in no pool."""
    for pool in policy.pools.values():
        yield from _pool(pool, policy, on)
    taking = {owner for pool in policy.pools.values() for owner in (*pool.weights, pool.fallback)}
    for owner in policy.owners:
        if owner not in taking and is_there(owner, policy, on):
            yield warning(
                line_of(policy, "owners", owner),
                "owner_without_pool",
                f"{owner} is in no pool and gets no message",
                "put them into a pool, or take them out",
            )


def is_there(owner: str, policy: Policy, on: date) -> bool:
    """Say whether somebody still works here on a day."""
    return not policy.owners[owner].has_left(on)


def _pool(pool: Pool, policy: Policy, on: date) -> Iterator[Finding]:
    line = line_of(policy, "pools", pool.name)
    gone = [owner for owner in pool.weights if not is_there(owner, policy, on)]
    for owner in gone:
        yield warning(
            line,
            "departed_owner",
            f"{owner} left on {policy.owners[owner].left} and is still in the pool {pool.name}",
            f"take {owner} out of the pool",
        )
    if len(gone) == len(pool.weights):
        yield error(
            line,
            "empty_pool",
            f"nobody is left in the pool {pool.name}",
            "put somebody into it who still works here",
        )
    yield from _fallback(pool, policy, on)


def _fallback(pool: Pool, policy: Policy, on: date) -> Iterator[Finding]:
    line = line_of(policy, "pools", pool.name)
    if pool.fallback is None:
        yield warning(
            line,
            "no_fallback",
            f"the pool {pool.name} has no fallback: where all are away, nobody is named",
            "name an owner as its fallback",
        )
    elif not is_there(pool.fallback, policy, on):
        left = policy.owners[pool.fallback].left
        yield error(
            line,
            "departed_fallback",
            f"{pool.fallback} left on {left} and is still the fallback of the pool {pool.name}",
            "name somebody as fallback who still works here",
        )

"""Which owner of a pool takes a message, and why that one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.routing.calendars import Calendar
from app.routing.owners import Owner, Pool
from app.routing.presence import Presence, who_is_available

__all__ = ["Choice", "PoolState", "Presence", "Wish", "choose", "who_is_available"]

_NEVER = datetime.max.replace(tzinfo=UTC)
_DIGITS = 9  # of a credit: sums of weights such as 0.1 must come back to where they were


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What matters about a message for who takes it."""

    at: datetime  # aware
    language: str | None = None
    domain: str | None = None  # of the sender's mail address
    country: str | None = None  # two letters
    not_to: frozenset[str] = frozenset()  # owners who had it before


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """What is on record of a pool."""

    credits: Mapping[str, float] = field(default_factory=dict)  # owner -> turns they are owed
    load: Mapping[str, int] = field(default_factory=dict)  # owner -> running reply clocks
    sticky: str | None = None  # who had this contact or account last


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Who takes it."""

    owner: str | None  # None: everybody is away or has left, the fallback too
    why: str  # for a person; names nobody
    credits: Mapping[str, float] = field(default_factory=dict)  # the changed ones, to be kept


def choose(
    pool: Pool,
    people: Mapping[str, Owner],
    calendars: Mapping[str, Calendar],
    *,
    wish: Wish,
    state: PoolState,
) -> Choice:
    """Name the owner of a pool who takes a message; the same facts give the same one.

    Who has left or is absent is never named, and who had it before only where nobody else is
    there. Who had the contact or account last has it again, at night and without room too, and
    that costs them no turn. Otherwise those with room share by turns: those whose language and
    territories fit, of these those at work, or else who is at work first. Where nobody has room
    it is the fallback's, or else the least loaded one's. So somebody is named unless all are away.
    """
    asked = who_is_available(pool, people, calendars, at=wish.at, load=state.load)
    there = {presence.owner.id: presence for presence in asked if not presence.away}
    fallback = there.get(pool.fallback or "")
    members = [presence for name, presence in there.items() if name in pool.weights]
    fresh = [presence for presence in members if presence.owner.id not in wish.not_to]
    sticky = next((one for one in fresh if one.owner.id == state.sticky), None)
    if sticky is not None:
        return Choice(owner=sticky.owner.id, why=f"had this {pool.sticky or 'contact'} before")
    if not fresh and fallback is not None and fallback.owner.id not in wish.not_to:
        return Choice(owner=fallback.owner.id, why=f"the fallback: {_nobody(members)}")
    if not fresh and not members:
        return _last_resort(fallback)
    chosen = _shared(fresh or members, fallback, pool, wish, state)
    return chosen if fresh else _told(chosen, "everybody who is there had it before")


def _shared(
    candidates: Sequence[Presence],
    fallback: Presence | None,
    pool: Pool,
    wish: Wish,
    state: PoolState,
) -> Choice:
    """Share among those with room; where nobody has any, name the fallback or the least loaded."""
    roomy = [presence for presence in candidates if presence.has_room]
    if not roomy and fallback is not None and fallback.owner.id not in wish.not_to:
        return Choice(owner=fallback.owner.id, why="the fallback: nobody has room")
    fitting, dropped = _fitting(roomy or candidates, wish)
    if not roomy:
        choice = _turn(_least(fitting, _burden), pool, state, "nobody has room: the least loaded")
    elif working := [presence for presence in fitting if presence.at_work]:
        choice = _turn(working, pool, state, _in_turn(len(working)))
    else:
        choice = _turn(_least(fitting, _opening), pool, state, "nobody is at work: the first to be")
    return _told(choice, *dropped)


def _fitting(candidates: Sequence[Presence], wish: Wish) -> tuple[Sequence[Presence], list[str]]:
    """Keep those who fit in language, and of these in territory; say what nobody fits in."""
    kept, dropped = candidates, []
    asked: dict[str, Callable[[Owner], bool]] = {
        "its language": lambda owner: owner.speaks(wish.language),
        "its territory": lambda owner: owner.covers(domain=wish.domain, country=wish.country),
    }
    for what, fits in asked.items():
        found = [presence for presence in kept if fits(presence.owner)]
        if not found:
            dropped.append(f"nobody who could take it now is for {what}")
        kept = found or kept
    return kept, dropped


def _turn(eligible: Sequence[Presence], pool: Pool, state: PoolState, why: str) -> Choice:
    """Give the turn by smooth weighted round robin, as nginx does among its upstreams.

    Everybody gains their weight; who has the most takes the turn and pays for all. No credit
    counts for more than one round, so that old ones, of other weights, starve nobody.

    Source:
        nginx, ngx_http_upstream_round_robin.c, change "smooth weighted round-robin balancing".
    """
    weights = {presence.owner.id: pool.weights[presence.owner.id] for presence in eligible}
    total, most = sum(weights.values()), sum(pool.weights.values())
    gained = {
        name: max(-most, min(most, state.credits.get(name, 0.0))) + weight
        for name, weight in weights.items()
    }
    taken = max(gained, key=lambda name: (weights[name] > 0, round(gained[name], _DIGITS)))
    gained[taken] -= total
    return Choice(
        owner=taken,
        why=why,
        credits={name: round(credit, _DIGITS) for name, credit in gained.items()},
    )


def _least(
    candidates: Sequence[Presence], key: Callable[[Presence], float | datetime]
) -> list[Presence]:
    """Give those who come first by a key; several where they are alike."""
    keyed = [(key(presence), presence) for presence in candidates]
    least = min(value for value, _ in keyed)
    return [presence for value, presence in keyed if value == least]


def _burden(presence: Presence) -> float:
    return presence.load / max(presence.owner.capacity or 1, 1)


def _opening(presence: Presence) -> datetime:
    return presence.opens_at or _NEVER


def _in_turn(working: int) -> str:
    return "the only one at work with room" if working == 1 else f"next of {working} at work"


def _nobody(members: Sequence[Presence]) -> str:
    return "everybody else had it before" if members else "everybody else is away or has left"


def _last_resort(fallback: Presence | None) -> Choice:
    if fallback is None:
        return Choice(owner=None, why="everybody of the pool is away or has left")
    return Choice(owner=fallback.owner.id, why="the fallback had it before: nobody else is there")


def _told(choice: Choice, *notes: str) -> Choice:
    return Choice(owner=choice.owner, why="; ".join((choice.why, *notes)), credits=choice.credits)

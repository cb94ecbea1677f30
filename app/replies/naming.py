"""Who answers: an owner of a pool, named and written down in one transaction."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from app.routing.assigning import Choice, Wish, choose
from app.routing.context import Context
from app.routing.policy import Policy
from app.storage import turns
from app.storage.engine import Connection


def wish_of(context: Context, language: str | None, *, at: datetime) -> Wish:
    """Say what matters about a message for who answers it.

    Args:
        context: The message's.
        language: Two letters, or anything else where it is not known.
        at: The present: who is asked has to be there now, whenever the message came.
    """
    sender = context.sender
    return Wish(
        at=at, language=language, domain=sender.get("domain"), country=sender.get("country")
    )


def name_owner(
    conn: Connection, policy: Policy, pool_name: str, context: Context, wish: Wish
) -> Choice:
    """Name who of a pool answers, and let that be their turn.

    A pool that the policy does not have names nobody.
    """
    return _named(conn, policy, pool_name, context, [wish])


def name_another(
    conn: Connection,
    policy: Policy,
    pool_name: str,
    context: Context,
    wish: Wish,
    *,
    had: Collection[str],
) -> Choice:
    """Name somebody who did not have the message before.

    Where everybody did, it begins anew, but for who has it now: the last of `had`.
    """
    now_has = frozenset(list(had)[-1:])
    wishes = [replace(wish, not_to=frozenset(had)), replace(wish, not_to=now_has)]
    return _named(conn, policy, pool_name, context, wishes)


def _named(
    conn: Connection, policy: Policy, pool_name: str, context: Context, wishes: list[Wish]
) -> Choice:
    """Choose by the first wish that names somebody whom it does not exclude, or by the last."""
    pool = policy.pools.get(pool_name)
    if pool is None:
        return Choice(owner=None, why="the policy has no such pool")
    contact, account = context.contact.name, context.account.name
    limited = [name for name, owner in policy.owners.items() if owner.capacity is not None]
    state = turns.pool_state(
        conn, pool, contact=contact, account=account, now=wishes[0].at, counted=limited
    )
    for wish in wishes:
        choice = choose(pool, policy.owners, policy.calendars, wish=wish, state=state)
        if choice.owner is not None and choice.owner not in wish.not_to:
            break
    turns.write_credits(conn, pool, choice.credits)
    return choice

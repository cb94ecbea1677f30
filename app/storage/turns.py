"""Whose turn it is in each pool, how much each owner has, and who had a sender before."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from app.domain import ClockStatus
from app.routing.assigning import PoolState
from app.routing.owners import Pool
from app.storage import tables
from app.storage.rows import insert_into

_TABLE = tables.turns
_CLOCKS = tables.reply_clocks


def pool_state(
    conn: Connection,
    pool: Pool,
    *,
    contact: str | None,
    account: str | None,
    now: datetime,
    counted: Collection[str],
) -> PoolState:
    """Read what is on record of a pool, and hold its turns until the transaction ends.

    Whoever asks next, on any replica, waits, and sees what was written here. One transaction
    that asks for several pools asks in the order of their names, or two may wait for each other.

    Args:
        conn: A writing transaction.
        pool: Whose turns are taken.
        contact: Address of the sender, in lower case.
        account: Domain of their company; None where a private mail address has none.
        now: From where the pool's `sticky_days` are counted back.
        counted: Owners whose running clocks matter. While nobody takes anything they are many, and
            others wait here.
    """
    credit = _held_credits(conn, pool)  # first: what is read after it is what others have left
    members = {*pool.weights, *([pool.fallback] if pool.fallback else ())}
    return PoolState(
        credits=credit,
        load=running_load(conn, members.intersection(counted)),
        sticky=_last_owner(conn, pool, contact=contact, account=account, now=now),
    )


def write_credits(conn: Connection, pool: Pool, credits: Mapping[str, float]) -> None:
    """Keep what owners are owed after a turn, in the transaction that read the pool's state."""
    if not credits:
        return
    insert = insert_into(conn, _TABLE).values(_rows(pool, credits))
    conn.execute(
        insert.on_conflict_do_update(
            index_elements=list(_TABLE.primary_key), set_={"credit": insert.excluded.credit}
        )
    )


def running_load(conn: Connection, owners: Collection[str]) -> Mapping[str, int]:
    """Count the running reply clocks of some owners; who has none is not there."""
    if not owners:
        return {}
    query = (
        select(_CLOCKS.c.owner, func.count())
        .where(_CLOCKS.c.status == ClockStatus.RUNNING, _CLOCKS.c.owner.in_(list(owners)))
        .group_by(_CLOCKS.c.owner)
    )
    return {owner: count for owner, count in conn.execute(query)}


def _held_credits(conn: Connection, pool: Pool) -> Mapping[str, float]:
    """Lock a pool's turns; those that nobody took yet are made first, to be locked at all."""
    found = _locked(conn, pool)
    missing = {owner: 0.0 for owner in pool.weights if owner not in found}
    if not missing:
        return found
    conn.execute(insert_into(conn, _TABLE).values(_rows(pool, missing)).on_conflict_do_nothing())
    return _locked(conn, pool)  # another transaction may have made them, and be ahead


def _locked(conn: Connection, pool: Pool) -> Mapping[str, float]:
    query = (
        select(_TABLE.c.owner, _TABLE.c.credit)
        .where(_TABLE.c.pool == pool.name, _TABLE.c.owner.in_(list(pool.weights)))
        .order_by(_TABLE.c.owner)  # everybody locks in one order
        .with_for_update()
    )
    return {owner: credit for owner, credit in conn.execute(query)}


def _last_owner(
    conn: Connection, pool: Pool, *, contact: str | None, account: str | None, now: datetime
) -> str | None:
    """Find who of the pool had the account, or the contact where there is none, last."""
    if pool.sticky == "account" and account is not None:
        same = _CLOCKS.c.account == account
    elif pool.sticky is not None and contact is not None:
        same = _CLOCKS.c.contact == contact
    else:
        return None
    since = now - timedelta(days=pool.sticky_days)
    query = (
        select(_CLOCKS.c.owner)
        .where(same, _CLOCKS.c.started_at >= since, _CLOCKS.c.owner.in_(list(pool.weights)))
        .order_by(_CLOCKS.c.started_at.desc(), _CLOCKS.c.id.desc())
        .limit(1)
    )
    owner: str | None = conn.execute(query).scalar_one_or_none()
    return owner


def _rows(pool: Pool, credits: Mapping[str, float]) -> list[dict[str, str | float]]:
    """Give rows in the order in which they are locked."""
    return [
        {"pool": pool.name, "owner": owner, "credit": credits[owner]} for owner in sorted(credits)
    ]

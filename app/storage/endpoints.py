"""Receivers of webhooks, as the operator added them."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, select, update

from app.domain import Endpoint, Health, RetiredSecret
from app.storage import tables
from app.storage.rows import insert_new

_TABLE = tables.endpoints
_NAMED = (  # asked with every message
    select(_TABLE)
    .where(_TABLE.c.name.in_(bindparam("names", expanding=True)))
    .order_by(_TABLE.c.name)
)


def add(conn: Connection, endpoint: Endpoint) -> None:
    """Keep a new endpoint; raise Duplicate where its name or id is taken."""
    values = {column.name: getattr(endpoint, column.name) for column in _TABLE.c}
    values |= {"options": dict(endpoint.options), **_secrets(endpoint)}
    insert_new(conn, _TABLE, **values)


def find(conn: Connection, name: str, *, to_change: bool = False) -> Endpoint | None:
    """Look one up by the name that policies call it; `to_change` keeps others from doing so."""
    query = select(_TABLE).where(_TABLE.c.name == name)
    if to_change:
        query = query.with_for_update(key_share=True)  # new deliveries may refer to it meanwhile
    row = conn.execute(query).mappings().first()
    return None if row is None else _endpoint(row)


def all_endpoints(conn: Connection) -> list[Endpoint]:
    """Give every endpoint, disabled ones too, by name."""
    return _where(conn)


def by_names(conn: Connection, names: Collection[str]) -> list[Endpoint]:
    """Give those of the named endpoints that there are, by name."""
    return [_endpoint(row) for row in conn.execute(_NAMED, {"names": list(names)}).mappings()]


def by_ids(conn: Connection, ids: Collection[str]) -> list[Endpoint]:
    """Give those of the endpoints that there are, by name."""
    return _where(conn, _TABLE.c.id.in_(ids))


def set_enabled(conn: Connection, endpoint_id: str, enabled: bool) -> bool:
    """Let deliveries go out to an endpoint, or stop them; False where there is no such endpoint.

    What failed before is forgotten, so that the next failure is a first one.
    """
    well = Health()
    state = {name: getattr(well, name) for name in Health.__dataclass_fields__}
    return _change(conn, endpoint_id, enabled=enabled, **state)


def set_paused(conn: Connection, endpoint_id: str, paused: bool) -> bool:
    """Let what is for an endpoint wait, or go on; False where there is no such endpoint."""
    return _change(conn, endpoint_id, paused=paused)


def set_limits(
    conn: Connection, endpoint_id: str, *, max_in_flight: int, rate_per_s: float | None
) -> bool:
    """Change how much goes out at a time; False where there is no such endpoint."""
    return _change(conn, endpoint_id, max_in_flight=max_in_flight, rate_per_s=rate_per_s)


def keep_secrets(conn: Connection, endpoint: Endpoint) -> bool:
    """Let an endpoint sign with these secrets from the next attempt on."""
    return _change(conn, endpoint.id, **_secrets(endpoint))


def forget_retired(conn: Connection, *, now: datetime) -> int:
    """Remove secrets that were changed for others and whose time is over; say of how many."""
    query = select(_TABLE).where(_TABLE.c.retired != []).order_by(_TABLE.c.id)
    changed = 0
    for row in conn.execute(query.with_for_update(key_share=True)).mappings().all():
        endpoint = _endpoint(row)
        live = tuple(one for one in endpoint.retired if one.until > now)
        changed += live != endpoint.retired and keep_secrets(conn, replace(endpoint, retired=live))
    return changed


def _change(conn: Connection, endpoint_id: str, **values: Any) -> bool:
    change = update(_TABLE).where(_TABLE.c.id == endpoint_id).values(**values)
    return conn.execute(change).rowcount == 1


def _secrets(endpoint: Endpoint) -> dict[str, Any]:
    retired = [[one.secret, one.until.timestamp()] for one in endpoint.retired]
    return {"secrets": list(endpoint.secrets), "retired": retired}


def _where(conn: Connection, *conditions: ColumnElement[bool]) -> list[Endpoint]:
    rows = conn.execute(select(_TABLE).where(*conditions).order_by(_TABLE.c.name))
    return [_endpoint(row) for row in rows.mappings()]


def _endpoint(row: RowMapping) -> Endpoint:
    retired = tuple(
        RetiredSecret(secret=secret, until=datetime.fromtimestamp(until, UTC))
        for secret, until in row["retired"]
    )
    values: dict[str, Any] = {**row, "secrets": tuple(row["secrets"]), "retired": retired}
    return Endpoint(**values)

"""How endpoints answered lately: the state of their circuits, which all workers share."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from app.domain import Health
from app.storage import tables

_TABLE = tables.endpoints
_STATE = (_TABLE.c.failures, _TABLE.c.failing_since, _TABLE.c.open_until)


def of_endpoint(conn: Connection, endpoint_id: str, *, to_change: bool = False) -> Health:
    """Give an endpoint's health; `to_change` keeps others from changing it first.

    A worker takes this lock before it changes any delivery, so that two never wait crosswise.
    """
    query = select(*_STATE).where(_TABLE.c.id == endpoint_id)
    if to_change:
        query = query.with_for_update(key_share=True)  # new deliveries may refer to it meanwhile
    values: dict[str, Any] = {**conn.execute(query).mappings().one()}
    return Health(**values)


def keep(conn: Connection, endpoint_id: str, health: Health) -> None:
    """Let an endpoint's health be so."""
    values = {column.name: getattr(health, column.name) for column in _STATE}
    conn.execute(update(_TABLE).where(_TABLE.c.id == endpoint_id).values(**values))


def move_open_until(conn: Connection, endpoint_id: str, seen: datetime, until: datetime) -> bool:
    """Move the end of an open circuit; False where another moved it since it was seen."""
    unmoved = (_TABLE.c.id == endpoint_id, _TABLE.c.open_until == seen)
    return conn.execute(update(_TABLE).where(*unmoved).values(open_until=until)).rowcount == 1


def disable(conn: Connection, endpoint_id: str) -> bool:
    """Stop deliveries to an endpoint that has failed for good; False where it was stopped."""
    change = update(_TABLE).where(_TABLE.c.id == endpoint_id, _TABLE.c.enabled)
    return conn.execute(change.values(enabled=False)).rowcount == 1

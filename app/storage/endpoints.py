"""Receivers of webhooks, as the operator added them."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, select, update

from app.domain import Endpoint, RetiredSecret
from app.storage import tables
from app.storage.rows import insert_new

_TABLE = tables.endpoints


def add(conn: Connection, endpoint: Endpoint) -> None:
    """Keep a new endpoint; raise Duplicate where its name or id is taken."""
    values = {column.name: getattr(endpoint, column.name) for column in _TABLE.c}
    retired = [[one.secret, one.until.timestamp()] for one in endpoint.retired]
    values |= {"secrets": list(endpoint.secrets), "options": dict(endpoint.options)}
    insert_new(conn, _TABLE, **{**values, "retired": retired})


def find(conn: Connection, name: str) -> Endpoint | None:
    """Look one up by the name that policies call it."""
    found = _where(conn, _TABLE.c.name == name)
    return found[0] if found else None


def all_endpoints(conn: Connection) -> list[Endpoint]:
    """Give every endpoint, disabled ones too, by name."""
    return _where(conn)


def by_names(conn: Connection, names: Collection[str]) -> list[Endpoint]:
    """Give those of the named endpoints that there are, by name."""
    return _where(conn, _TABLE.c.name.in_(names))


def by_ids(conn: Connection, ids: Collection[str]) -> list[Endpoint]:
    """Give those of the endpoints that there are, by name."""
    return _where(conn, _TABLE.c.id.in_(ids))


def set_enabled(conn: Connection, endpoint_id: str, enabled: bool) -> bool:
    """Let deliveries go out to an endpoint, or stop them; False where there is no such endpoint."""
    change = update(_TABLE).where(_TABLE.c.id == endpoint_id).values(enabled=enabled)
    return conn.execute(change).rowcount == 1


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

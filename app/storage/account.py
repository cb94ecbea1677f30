"""The account of deliveries: what was promised, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Text, cast, func, literal, select, union_all

from app.domain import DeliveryStatus
from app.storage import tables

_MESSAGES, _EVENTS, _DELIVERIES = tables.messages, tables.clock_events, tables.deliveries
_PROMISED = "promised"
_BY_MESSAGES = (  # an index has these alone
    select(func.coalesce(func.sum(_MESSAGES.c.promised), 0))
    .where(_MESSAGES.c.promised > 0)
    .scalar_subquery()
)
_BY_EVENTS = select(func.coalesce(func.sum(_EVENTS.c.promised), 0)).scalar_subquery()
_ACCOUNT = union_all(  # one statement reads one snapshot, on PostgreSQL too
    select(literal(_PROMISED).label("name"), (_BY_MESSAGES + _BY_EVENTS).label("number")),
    select(cast(_DELIVERIES.c.status, Text), func.count()).group_by(_DELIVERIES.c.status),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was promised, counted apart from the deliveries, and the deliveries that there are."""

    accepted: int  # written beside each message and each step of a reply clock
    stands: Mapping[DeliveryStatus, int]  # every status is there

    @property
    def unaccounted(self) -> int:
        """How many are missing; below 0, how many are there that nobody promised."""
        return self.accepted - sum(self.stands.values())


def read(conn: Connection) -> Account:
    """Count what was promised and what there is, at one moment."""
    found = {row[0]: int(row[1]) for row in conn.execute(_ACCOUNT)}
    return Account(
        accepted=found[_PROMISED],
        stands={status: found.get(status.value, 0) for status in DeliveryStatus},
    )

"""What the pages show of deliveries and of the endpoints that they go to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain import Answer, Delivery, DeliveryStatus, Endpoint
from app.storage import endpoints, inbox, outbox
from app.storage.engine import Connection
from app.storage.inbox import InboxRow
from app.webhook.breaker import Standing, standing_of
from app.webhook.watching import host_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One delivery of the list."""

    delivery: Delivery
    endpoint: str  # by the name that policies call it
    message: InboxRow | None  # that it tells of
    last: Answer | None  # of the last attempt, without its text

    @property
    def may_be_replayed(self) -> bool:
        """Whether it is settled without being delivered."""
        return self.delivery.status in (DeliveryStatus.DEAD, DeliveryStatus.SUPPRESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An endpoint, how it is, and what stands there for it."""

    endpoint: Endpoint
    host: str | None  # not the URL: a chat's whole URL is a key
    standing: Standing
    counts: Mapping[DeliveryStatus, int]  # up to outbox.COUNTED


def lines_of(conn: Connection, deliveries: Sequence[Delivery]) -> tuple[Line, ...]:
    """Look up what the list shows beside some deliveries."""
    names = names_of(conn, deliveries)
    rows = inbox.of_messages(conn, {one.message_id for one in deliveries})
    answers = outbox.last_answers(conn, [one.id for one in deliveries])
    return tuple(
        Line(
            delivery=one,
            endpoint=names.get(one.endpoint_id, one.endpoint_id),
            message=rows.get(one.message_id),
            last=answers.get(one.id),
        )
        for one in deliveries
    )


def receivers_of(conn: Connection, now: datetime) -> tuple[Receiver, ...]:
    """Say how every endpoint is, by name."""
    return tuple(
        Receiver(
            endpoint=one,
            host=host_of(one.url),
            standing=standing_of(one, now),
            counts=outbox.counted(conn, endpoint_id=one.id),
        )
        for one in endpoints.all_endpoints(conn)
    )


def names_of(conn: Connection, deliveries: Sequence[Delivery]) -> Mapping[str, str]:
    """Give the names of the endpoints that some deliveries go to, by id."""
    found = endpoints.by_ids(conn, {one.endpoint_id for one in deliveries})
    return {one.id: one.name for one in found}

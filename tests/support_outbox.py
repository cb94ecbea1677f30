"""What the tests of the outbox do over and over, each in a transaction of its own."""

from datetime import timedelta

from support import DECISION, PREDICTION, START, a_message, an_endpoint

from app.domain import DeliveryStatus
from app.storage import claims, endpoints, messages, outbox

LEASE_S = 60
PENDING, DELIVERED = DeliveryStatus.PENDING, DeliveryStatus.DELIVERED
DEAD, SUPPRESSED = DeliveryStatus.DEAD, DeliveryStatus.SUPPRESSED


def fill(database, *deliveries, receivers=None):
    """Store one message with these deliveries, by default to one endpoint."""
    with database.write() as conn:
        messages.add(conn, a_message(), prediction=PREDICTION, decision=DECISION)
        for endpoint in receivers or [an_endpoint()]:
            endpoints.add(conn, endpoint)
        for delivery in deliveries:
            outbox.enqueue(conn, delivery)


def claim_due(conn, *, now, lease_s=LEASE_S, limit=10):
    """Claim for every endpoint that is ready, whatever its own limits are."""
    shares = dict.fromkeys(claims.ready(conn, now=now), limit)
    return claims.claim_due(conn, shares, now=now, lease_s=lease_s)


def claim(database, now, *, limit=10):
    with database.write() as conn:
        return claim_due(conn, now=now, limit=limit)


def claimed_ids(database, now, *, limit=10):
    return [claim.delivery.id for claim in claim(database, now, limit=limit)]


def record(database, attempt, *, status, next_attempt_at=None):
    with database.write() as conn:
        return outbox.record(conn, attempt, status=status, next_attempt_at=next_attempt_at)


def the_delivery(database, delivery_id="dlv_1"):
    with database.read() as conn:
        return outbox.find(conn, delivery_id)


def seconds(number):
    return START + timedelta(seconds=number)

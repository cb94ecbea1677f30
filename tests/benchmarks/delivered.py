"""What came of deliveries whose workers were killed, and whether that is as promised."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from app.domain import DeliveryStatus
from app.storage.account import Account
from tests.benchmarks.recorder import Received


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was put into the outbox."""

    bodies: Mapping[str, bytes]  # of those that must arrive, by delivery id
    gone: int  # to a receiver that says it is gone
    paused: int  # to a receiver that nothing is sent to


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a run, and what must not be."""

    database: str
    workers: int
    deliveries: int  # to receivers that take them
    kills: int
    kill_every_s: float  # the median
    in_flight: int  # attempts of one worker, at most
    most_duplicates: int  # kills x in flight
    lost: int
    duplicates: int  # taken once more by a receiver that had taken them
    refused_once: int  # of the requests: answered 500 on purpose
    accepted: int
    stands: Mapping[str, int]
    unaccounted: int
    seconds: float
    rate_per_s: float
    violations: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Kills:
    """How workers were killed."""

    moments_s: Sequence[float]
    in_flight: int

    @property
    def most_duplicates(self) -> int:
        """Say how many attempts can have been under way at the kills."""
        return len(self.moments_s) * self.in_flight

    @property
    def every_s(self) -> float:
        """Give the median time from kill to kill."""
        moments = self.moments_s
        pauses = [later - one for one, later in pairwise(moments)]
        return round(median(pauses), 2) if pauses else 0.0


def judged(
    sent: Sent,
    received: Sequence[Received],
    stands: Account,
    kills: Kills,
    *,
    database: str,
    workers: int,
    seconds: float,
) -> Result:
    """Count, and tell what must not be."""
    taken = [one for one in received if 200 <= one.answered < 300]
    arrived = {one.webhook_id for one in taken}
    by_status = {status.value: count for status, count in stands.stands.items()}
    return Result(
        database=database,
        workers=workers,
        deliveries=len(sent.bodies),
        kills=len(kills.moments_s),
        kill_every_s=kills.every_s,
        in_flight=kills.in_flight,
        most_duplicates=kills.most_duplicates,
        lost=len(set(sent.bodies) - arrived),
        duplicates=len(taken) - len(arrived),
        refused_once=sum(one.answered == 500 for one in received),
        accepted=stands.accepted,
        stands=by_status,
        unaccounted=stands.unaccounted,
        seconds=round(seconds, 1),
        rate_per_s=round(len(arrived) / seconds, 1),
        violations=tuple(violations(sent, received, stands, kills)),
    )


def violations(
    sent: Sent, received: Sequence[Received], stands: Account, kills: Kills
) -> list[str]:
    """What must not be, in sentences; none where every promise was kept."""
    ours = [one for one in received if one.answered != 410]
    taken = [one for one in ours if 200 <= one.answered < 300]
    arrived = {one.webhook_id for one in taken}
    digests = {id: hashlib.sha256(body).hexdigest() for id, body in sent.bodies.items()}
    bodies = defaultdict(set)
    for one in received:
        bodies[one.webhook_id].add(one.sha256)
    settled = stands.stands[DeliveryStatus.DEAD] + stands.stands[DeliveryStatus.SUPPRESSED]
    beyond = len(taken) - len(arrived) - kills.most_duplicates
    found = {
        "deliveries never arrived": len(set(digests) - arrived),
        "webhooks are of no stored delivery": len({one.webhook_id for one in ours} - set(digests)),
        "webhooks are not what was stored": sum(
            digests.get(one.webhook_id) != one.sha256 for one in ours
        ),
        "webhook-ids came with two bodies": sum(len(seen) > 1 for seen in bodies.values()),
        "webhooks are not signed right": sum(not one.signed for one in received),
        f"duplicates beyond the {kills.most_duplicates} that were in flight": max(0, beyond),
        "deliveries are not delivered": len(digests) - stands.stands[DeliveryStatus.DELIVERED],
        "deliveries to the receiver that is gone are not given up": sent.gone - settled,
        "deliveries to the paused receiver do not wait": (
            sent.paused - stands.stands[DeliveryStatus.PENDING]
        ),
        "deliveries are unaccounted for": stands.unaccounted,
    }
    return [f"{count} {what}" for what, count in found.items() if count]

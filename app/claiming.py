"""What a worker takes next: a fair share for each endpoint that has something due and has room."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from app.storage import claims
from app.storage.claims import Claim, Ready
from app.storage.engine import Database
from app.webhook import retry
from app.webhook.rates import Rates


class Claimer:
    """Claims for one worker, in the one thread of its loop."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        lease_s: float,
    ) -> None:
        self._database = database
        self._now = now
        self._lease_s = lease_s
        self._rates = Rates(monotonic)
        self._served = ""  # the endpoint that had the last turn

    def take(self, free: int, under_way: Mapping[str, int]) -> list[Claim]:
        """Claim what is due, as much as there are free threads.

        Nothing is written, and no lock is taken, where nothing can be claimed.

        Args:
            free: How many attempts may begin, at most.
            under_way: How many are, by endpoint.

        Raises:
            StorageDown: Nothing was claimed, or what was is left to its lease.
        """
        now = self._now()
        with self._database.read() as conn:
            ready = claims.ready(conn, now=now)
        rooms = [(one, self._room(one, under_way.get(one.id, 0))) for one in ready]
        shares = shared_out(free, rooms, after=self._served)
        if not shares:
            return []
        self._served = next(reversed(shares)).id
        with self._database.write() as conn:
            taken = claims.claim_due(
                conn, shares, now=now, lease_s=self._lease_s, max_attempts=retry.MAX_ATTEMPTS
            )
        for claim in taken:
            self._rates.spend(claim.endpoint.id)
        return taken

    def _room(self, one: Ready, under_way: int) -> int:
        rate_room = self._rates.room(one.id, one.rate_per_s)
        return min(rate_room, 1 if one.half_open else one.max_in_flight - under_way)


def shared_out(free: int, rooms: Sequence[tuple[Ready, int]], *, after: str) -> dict[Ready, int]:
    """Give out places one by one in turn, to none more than it has room for.

    Args:
        free: How many there are to give.
        rooms: Each endpoint with how many it could take, by id.
        after: The id of the one that had the last turn; the next one begins.

    Returns:
        How many each gets, in the order of their turns; who gets none is not there.
    """
    queue = [pair for pair in rooms if pair[0].id > after]
    queue += [pair for pair in rooms if pair[0].id <= after]
    shares: dict[Ready, int] = {}
    while free > 0 and queue:
        given = [(one, room) for one, room in queue if room > 0][:free]
        for one, _ in given:
            shares[one] = shares.get(one, 0) + 1
        free -= len(given)
        queue = [(one, room - 1) for one, room in given]
    return shares

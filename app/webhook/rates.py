"""Token buckets: how many attempts an endpoint's rate has room for just now."""

from collections.abc import Callable

UNLIMITED = 1_000_000
BURST_S = 1.0  # what was not used of this long may be made up for


class Rates:
    """One bucket for each endpoint that has a rate, of one worker; not shared by threads.

    Time is monotonic: a wall clock that jumps lets no burst through (RELIABILITY.md P33).
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when there were so many

    def room(self, endpoint_id: str, rate_per_s: float | None) -> int:
        """Say how many attempts may begin now."""
        if rate_per_s is None:
            self._buckets.pop(endpoint_id, None)
            return UNLIMITED
        now_s, most = self._monotonic(), max(1.0, rate_per_s * BURST_S)
        tokens, at_s = self._buckets.get(endpoint_id, (most, now_s))
        tokens = min(most, tokens + (now_s - at_s) * rate_per_s)
        self._buckets[endpoint_id] = (tokens, now_s)
        return int(tokens)

    def spend(self, endpoint_id: str) -> None:
        """Note that an attempt begins."""
        if endpoint_id in self._buckets:
            tokens, at_s = self._buckets[endpoint_id]
            self._buckets[endpoint_id] = (tokens - 1.0, at_s)

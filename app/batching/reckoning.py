"""How long what waits for the model will wait, reckoned from the recent passes."""

import math
from collections.abc import Callable
from dataclasses import dataclass

MAX_RETRY_AFTER_S = 30
_NEWEST = 0.25  # what the newest pass counts in the mean of the recent ones


@dataclass(frozen=True, slots=True, eq=False)
class Pass:
    """A pass of the model that is under way."""

    began_s: float
    texts: int


class Reckoning:
    """Used under the batcher's lock.

    Passes that are under way at the same time share the processor, so that each is reckoned from
    when the one before it ended, as in a queue of one server.

    Source:
        Lindley 1952, "The theory of queues with a single server".
    """

    def __init__(self, *, most: int, monotonic: Callable[[], float]) -> None:
        """Begin with nothing known.

        Args:
            most: Passes at the same time.
            monotonic: The clock, in seconds.
        """
        self._most = most
        self._monotonic = monotonic
        self._under_way: list[Pass] = []  # in the order in which they began
        self._ended_s = -math.inf  # the last that did
        self.s_per_text = 0.0  # of recent passes; 0: none yet

    def begin(self, texts: int) -> Pass:
        """Note that a pass of some texts begins."""
        one = Pass(self._monotonic(), texts)
        self._under_way.append(one)
        return one

    def end(self, one: Pass) -> None:
        """Learn from a pass that has ended."""
        now_s = self._monotonic()
        s_per_text = (now_s - max(one.began_s, self._ended_s)) / one.texts
        weight = _NEWEST if self.s_per_text else 1.0
        self.s_per_text += weight * (s_per_text - self.s_per_text)
        self._under_way.remove(one)
        self._ended_s = now_s

    def wait_s(self, texts: int) -> float:
        """Reckon how long a call will wait that has so many texts before it."""
        return texts * self.s_per_text + self._left_s()

    def _left_s(self) -> float:
        """Reckon when a pass will end; one that is late, as late again."""
        if len(self._under_way) < self._most or not self.s_per_text:
            return 0.0
        first = self._under_way[0]
        due_s = max(first.began_s, self._ended_s) + first.texts * self.s_per_text
        return abs(due_s - self._monotonic())


def retry_after_s(wait_s: float) -> int:
    """Say when to come back, in whole seconds."""
    return min(max(1, math.ceil(wait_s)), MAX_RETRY_AFTER_S)

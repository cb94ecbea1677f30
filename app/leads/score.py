"""The score of a contact or an account: their wishes summed over time, from 0 to 100.

    score = 100 * (1 - 2 ** -sum(weight * 2 ** (-age / HALF_LIFE)))

A message weighs what its intents are worth, each by its probability, times what its writer's role
and its urgency are worth. One sure demo request of today makes 50, a second one 75; a month later
they make 50 again. No message lowers a score, and their order does not matter. Who wants to leave
gains nothing by it: that is a matter of its own, with a route of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp2
from typing import Any

HALF_LIFE = timedelta(days=30)  # after which a message weighs half
WORTH = {"demo_request": 1.0, "pricing": 0.8, "support": 0.03, "churn_risk": 0.0, "other": 0.01}
OWN = 0.1  # of an intent that an operator's own model has
FACTORS = {  # signal -> label -> what it multiplies a message by; the rest: 1
    "buyer_role": {"executive": 1.5, "procurement": 1.3, "it_manager": 1.2},
    "urgency": {"high": 1.3, "low": 0.8},
}


@dataclass(frozen=True, slots=True)
class Interest:
    """What somebody's messages weigh together at an instant; each new one is added by `plus`."""

    weight: float = 0.0
    at: datetime | None = None  # of the newest message; None: there is none

    def plus(self, weight: float, at: datetime) -> "Interest":
        """Add a message; it may be older than those that are there."""
        if self.at is None:
            return Interest(weight, at)
        newest = max(self.at, at)
        return Interest(self._by(newest) + weight * _left(newest - at), newest)

    def score(self, now: datetime) -> float:
        """Give the score, from 0 to 100; a time before the newest message counts as its time."""
        return 100.0 * (1.0 - exp2(-self._by(now)))

    def _by(self, now: datetime) -> float:
        return 0.0 if self.at is None else self.weight * _left(now - self.at)


def interest_of(messages: Iterable[tuple[float, datetime]]) -> Interest:
    """Sum up messages, each a weight and when it came."""
    weighed = list(messages)
    if not weighed:
        return Interest()
    newest = max(at for _, at in weighed)
    return Interest(sum(weight * _left(newest - at) for weight, at in weighed), newest)


def weight_of(prediction: Mapping[str, Any]) -> float:
    """Say what a message is worth by its prediction, as it is stored; never under 0.

    The factor of a signal counts by its probability: an executive who is one half sure makes the
    message worth 1.25 times as much, not 1.5 times.
    """
    intents = prediction.get("intents", {})
    worth = sum(
        WORTH.get(label, OWN) * intents.get(label, 0.0) for label in prediction.get("labels", ())
    )
    signals = prediction.get("signals", {})
    for head, factors in FACTORS.items():
        said = signals.get(head)
        if said is not None:
            factor: float = factors.get(said["label"], 1.0)
            worth *= 1.0 + (factor - 1.0) * said["probability"]
    return float(worth)


def _left(age: timedelta) -> float:
    return exp2(-max(age, timedelta()) / HALF_LIFE)

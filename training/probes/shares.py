"""Shares with their intervals, and what a change costs of them."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_Z = 1.96  # two-sided 95 % of the normal distribution
_RESAMPLES = 1_000
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some cases hold, with the 95 % interval of their share."""

    hits: int
    cases: int

    @property
    def ratio(self) -> float | None:
        """The share itself; None of no cases."""
        return self.hits / self.cases if self.cases else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the true share lies, with 95 % confidence.

        Source:
            Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
        """
        if not self.cases:
            return None
        share, square = self.hits / self.cases, _Z**2 / self.cases
        spread = _Z * math.sqrt(share * (1 - share) / self.cases + square / (4 * self.cases))
        low, high = share + square / 2 - spread, share + square / 2 + spread
        return max(low / (1 + square), 0.0), min(high / (1 + square), 1.0)

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        interval = self.interval
        return {
            "hits": self.hits,
            "cases": self.cases,
            "ratio": None if self.ratio is None else round(self.ratio, _DIGITS),
            "interval": None if interval is None else [round(end, _DIGITS) for end in interval],
        }


@dataclass(frozen=True, slots=True)
class Drop:
    """By how many percentage points a recall falls, with a 95 % interval; below zero it rises."""

    points: float
    interval: tuple[float, float]

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "points": round(self.points, 2),
            "interval": [round(end, 2) for end in self.interval],
        }


def drop_of(
    before: NDArray[np.int64], after: NDArray[np.int64], cases: NDArray[np.int64], *, seed: int
) -> Drop | None:
    """Compare hits on the same messages before and after a change; None of no cases.

    Args:
        before: Hits in each message as it was. Shape: (messages,).
        after: Hits in each message once changed. Shape: (messages,).
        cases: What there was to hit in each. Shape: (messages,).
        seed: Of the resampling.

    Source:
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3 (percentiles),
        drawing messages, so that labels of one message stay together.
    """
    if not cases.sum():
        return None
    drawn = np.random.default_rng(seed).integers(len(cases), size=(_RESAMPLES, len(cases)))
    lost, there = (before - after)[drawn].sum(axis=1), cases[drawn].sum(axis=1)
    low, high = np.percentile(100 * lost[there > 0] / there[there > 0], [2.5, 97.5])
    points = 100 * float((before - after).sum() / cases.sum())
    return Drop(points, (float(low), float(high)))

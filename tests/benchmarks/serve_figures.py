"""What loads come to: rates, latencies, F1 of what was answered, and ratios between servers."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.serve_load import Call, Load
from training.metrics.scores import macro_f1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """One load's figures; None where nothing was answered."""

    per_s: float
    p50_ms: float | None
    p99_ms: float | None
    answers: int  # good ones, which the figures rest on
    failed: int  # refused, wrong, or none in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that is told of one server."""

    name: str
    note: str
    start_s: float
    memory_mb: float  # after all loads, of all its processes; shared pages count once
    closed: Mapping[int, Rate]  # by the number of clients
    half_load: Rate  # at half of its own best rate
    macro_f1: float | None  # of the labels as given; None where no message was answered by all
    macro_f1_at_half: float | None  # of the labels of at least 0.5


def rate_of(load: Load, *, good: Iterable[int] = (200,)) -> Rate:
    """Count what was answered within the stretch that counts."""
    ended = [call for call in load.calls if load.from_s <= call.ended_s <= load.until_s]
    answered = [call.took_ms for call in ended if call.status in tuple(good)]
    return Rate(
        per_s=round(len(answered) / max(load.until_s - load.from_s, 1e-9), 1),
        p50_ms=percentile(answered, 0.50),
        p99_ms=percentile(answered, 0.99),
        answers=len(answered),
        failed=len(ended) - len(answered),
    )


def latencies_of(calls: Iterable[Call], *, good: Iterable[int] = (200,)) -> Rate:
    """Tell the latencies of every call of an open loop, whenever its answer came."""
    calls = tuple(calls)
    if not calls:
        return Rate(per_s=0.0, p50_ms=None, p99_ms=None, answers=0, failed=0)
    everything = Load(
        calls=calls,
        from_s=min(call.began_s for call in calls),
        until_s=max(call.ended_s for call in calls),
    )
    return rate_of(everything, good=good)


def percentile(values: Sequence[float], share: float) -> float | None:
    """Take the smallest value that is not exceeded by this share of them (nearest rank)."""
    if not values:
        return None
    return round(sorted(values)[max(0, math.ceil(share * len(values)) - 1)], 1)


def f1_of_answers(
    answered: Mapping[int, Iterable[str]],
    held: Sequence[Iterable[str]],
    labels: Sequence[str],
    chosen: Sequence[int],
) -> float:
    """Compute the macro-F1 over the chosen messages.

    Args:
        answered: The labels that a server gave, by message.
        held: The labels that hold, by message.
        labels: Every label.
        chosen: Messages that every server answered, so that all are measured on the same ones.
    """
    given = np.array([[one in set(answered[i]) for one in labels] for i in chosen])
    true = np.array([[one in set(held[i]) for one in labels] for i in chosen])
    return round(macro_f1(given, true), 3)


def best(closed: Mapping[int, Rate]) -> float:
    """Give a server's capacity: its best rate with any number of clients."""
    return max((one.per_s for one in closed.values()), default=0.0)


def ratios(measured: Sequence[Measured]) -> dict[str, dict[str, float]]:
    """Tell how many times as much the first server does as each other, by clients."""
    first, *others = measured
    return {
        other.name: {
            **{
                f"{clients} clients": _times(first.closed[clients].per_s, rate.per_s)
                for clients, rate in other.closed.items()
            },
            "best": _times(best(first.closed), best(other.closed)),
        }
        for other in others
    }


def _times(ours: float, theirs: float) -> float:
    return round(ours / theirs, 2) if theirs else math.inf

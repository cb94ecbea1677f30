"""Scores of probabilities and decisions against what holds: numpy alone, float64 inside.

Arrays are of shape (examples, labels). NaN stands where a score is not defined.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Bools: TypeAlias = NDArray[np.bool_]
Scores: TypeAlias = NDArray[np.float64]
Values: TypeAlias = NDArray[Any]  # probabilities of either width, or zeros and ones

BINS = 15  # of the calibration error, as in Guo et al. 2017
RESAMPLES = 1_000
_FLOOR_DRAWS = 200
_DRAWS_AT_ONCE = 2_000_000  # rows drawn in one go: 16 MB


def precision_of(hits: Values, given: Values) -> Scores:
    """Tell the share of given labels that hold; not defined where none was given."""
    return _ratio(hits, given)


def recall_of(hits: Values, held: Values) -> Scores:
    """Tell the share of labels that hold and were given; not defined where none holds."""
    return _ratio(hits, held)


def f1_of(hits: Values, given: Values, held: Values) -> Scores:
    """Tell the harmonic mean of precision and recall; not defined for a label that never holds."""
    return np.where(np.asarray(held) > 0, _ratio(2.0 * hits, given + held), np.nan)


def macro_f1(decisions: Values, targets: Values) -> float:
    """Tell the mean F1 of the labels that hold at least once."""
    decided, held = decisions.astype(np.float64), targets.astype(np.float64)
    return float(_mean_f1((decided * held).sum(0), decided.sum(0), held.sum(0)))


def macro_f1_interval(decisions: Values, targets: Values, *, seed: int = 0) -> tuple[float, float]:
    """Tell between which values the macro-F1 lies in 95 % of resampled test sets.

    Source:
        Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3 (percentiles).
    """
    decided, held = decisions.astype(np.float64), targets.astype(np.float64)
    rng = np.random.default_rng(seed)
    at_once = max(1, _DRAWS_AT_ONCE // len(held))
    means = [
        _resampled_macro_f1(rng, min(at_once, RESAMPLES - first), decided, held)
        for first in range(0, RESAMPLES, at_once)
    ]
    defined = np.concatenate(means)
    defined = defined[~np.isnan(defined)]
    if not len(defined):
        return float("nan"), float("nan")
    low, high = np.percentile(defined, [2.5, 97.5])
    return float(low), float(high)


def _resampled_macro_f1(
    rng: np.random.Generator, resamples: int, decided: Scores, held: Scores
) -> Scores:
    """Draw test sets with replacement and give the macro-F1 of each. Shape: (resamples,)."""
    rows = len(held)
    drawn = rng.integers(rows, size=(resamples, rows)) + rows * np.arange(resamples)[:, None]
    times = np.bincount(drawn.ravel(), minlength=resamples * rows).reshape(resamples, rows)
    weights = times.astype(np.float64)
    return _mean_f1(weights @ (decided * held), weights @ decided, weights @ held)


def average_precision(probabilities: Values, targets: Values) -> float:
    """Tell the precision of one label's ranking, averaged over the recall that each rank adds.

    Args:
        probabilities: One label's. Shape: (examples,).
        targets: 1 where the label holds. Shape: (examples,).
    """
    values, groups = np.unique(-probabilities.astype(np.float64), return_inverse=True)
    hits = np.bincount(groups, weights=targets, minlength=len(values))
    if not hits.sum():
        return float("nan")
    found, taken = np.cumsum(hits), np.cumsum(np.bincount(groups, minlength=len(values)))
    return float(np.sum(hits / hits.sum() * found / taken))


def calibration_error(probabilities: Values, targets: Values) -> float:
    """Tell by how much probabilities miss the shares that come true, on average (ECE).

    The weighted mean of |mean probability - share that holds| over the bins of
    `reliability_bins`.

    Args:
        probabilities: Of one event. Shape: (examples,).
        targets: 1 where the event holds. Shape: (examples,).

    Source:
        Naeini et al. 2015, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (ECE);
        Nguyen and O'Connor 2015, "Posterior calibration and exploratory analysis for natural
        language processing models", section 3.2 (bins of equal mass).
    """
    counts, predicted, held = reliability_bins(probabilities, targets)
    return float(np.sum(counts * np.abs(predicted - held)) / np.sum(counts))


def calibration_floor(probabilities: Values, *, seed: int = 0) -> float:
    """Tell the error that probabilities which are exactly true show on so few examples, on average.

    Outcomes are drawn from the probabilities themselves: an error near this floor is what chance
    alone gives, and no better calibration could be seen to lower it.

    Args:
        probabilities: Of one event. Shape: (examples,).
        seed: The same seed and probabilities give the same floor.

    Source:
        Bröcker and Smith 2007, "Increasing the Reliability of Reliability Diagrams" (consistency
        resampling).
    """
    ranked = np.sort(probabilities.astype(np.float64))
    drawn = np.random.default_rng(seed).random((_FLOOR_DRAWS, len(ranked))) < ranked
    starts = np.cumsum([0, *(len(part) for part in _bins(ranked)[:-1])])
    gaps = np.add.reduceat(drawn - ranked, starts, axis=1)
    return float(np.abs(gaps).sum(axis=1).mean() / len(ranked))


def reliability_bins(probabilities: Values, targets: Values) -> tuple[Values, Scores, Scores]:
    """Sort by probability into bins of equal mass: size, mean probability, share that holds.

    Equal probabilities share their mean target, so that the order of the rows never matters.
    """
    values, groups = np.unique(probabilities.astype(np.float64), return_inverse=True)
    shares = np.bincount(groups, weights=targets) / np.bincount(groups)
    ranked = np.sort(groups)
    bins = _bins(ranked)
    return (
        np.array([len(part) for part in bins]),
        np.array([values[part].mean() for part in bins]),
        np.array([shares[part].mean() for part in bins]),
    )


def _bins(ranked: Values) -> list[Values]:
    """Cut what is sorted into bins of equal mass."""
    return np.array_split(ranked, min(BINS, len(ranked)))


def brier(probabilities: Values, targets: Values) -> float:
    """Tell the mean squared distance of probabilities from what holds.

    Source:
        Brier 1950, "Verification of forecasts expressed in terms of probability".
    """
    return float(np.mean((probabilities.astype(np.float64) - targets) ** 2))


def _ratio(part: Values, whole: Values) -> Scores:
    """Divide, and give NaN instead of dividing by zero."""
    whole = np.asarray(whole, dtype=np.float64)
    nowhere = np.full(whole.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=nowhere, where=whole > 0), dtype=np.float64)


def _mean_f1(hits: Scores, given: Scores, held: Scores) -> Scores:
    """Average F1 over the labels (last axis) that hold at least once."""
    scores = f1_of(hits, given, held)
    return _ratio(np.nansum(scores, axis=-1), (held > 0).sum(axis=-1))

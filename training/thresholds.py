"""From a promised precision to the probability from which an intent counts."""

from collections.abc import Mapping

import numpy as np

from models.labels import Head
from models.types import Floats
from training.metrics.heads import as_served
from training.metrics.scores import Scores, Values
from training.promises import promise_for

_Z = 1.2816  # one-sided 90 % of the normal distribution
FLOOR = 0.3  # below it a label would be the less probable answer by far
_ENOUGH = 40  # messages of each label, from which a channel has thresholds of its own


def pick_thresholds(
    head: Head, probabilities: Floats, targets: Floats, *, promised: Mapping[str, float]
) -> dict[str, float]:
    """Pick each intent's lowest threshold at which its precision surely keeps the promise.

    Args:
        head: The deciding head.
        probabilities: Calibrated, of messages held out from training. Shape: (messages, labels).
        targets: 1.0 where a label holds. Shape: (messages, labels).
        promised: The precision that each intent's lower confidence bound must reach; `*` stands
            for those it does not name.

    Returns:
        Intent -> probability; where no threshold keeps the promise, the one that comes nearest.
    """
    served = as_served(probabilities)
    return {
        label: _pick(served[:, i], targets[:, i], promise_for(label, promised))
        for i, label in enumerate(head.labels)
    }


def enough_rows(targets: Floats) -> bool:
    """Whether a part of the messages is large enough to have thresholds of its own."""
    return bool((targets.sum(axis=0) >= _ENOUGH).all())


def _pick(probabilities: Scores, targets: Floats, promised: float) -> float:
    """Walk down the ranked messages and keep the last place where the promise holds."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    bounds = lower_bounds(np.cumsum(targets[order]), np.arange(1, len(order) + 1))
    ends = np.append(ranked[1:] < ranked[:-1], True)  # a threshold takes all of equal probability
    bounds = np.where(ends & (ranked >= FLOOR), bounds, -1.0)
    if bounds.max(initial=-1.0) < 0:
        return FLOOR
    kept = np.flatnonzero(bounds >= promised)
    place = kept[-1] if len(kept) else int(bounds.argmax())
    return float(ranked[place])


def lower_bounds(hits: Values, trials: Values) -> Scores:
    """Lower confidence bound of a share, one-sided 90 %.

    Source:
        Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    share = hits / trials
    square = _Z**2 / trials
    middle = share + square / 2
    spread = _Z * np.sqrt(share * (1 - share) / trials + square / (4 * trials))
    bounds: Scores = (middle - spread) / (1 + square)
    return bounds

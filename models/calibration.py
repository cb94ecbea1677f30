"""Logits to probabilities that hold: fit on messages the network never saw, applied everywhere."""

from dataclasses import dataclass

import numpy as np

from models.labels import Head
from models.types import Floats

MAX_SLOPE, MIN_SLOPE = 10.0, 0.05  # a fit on few rows must not run away
_MAX_STEPS = 100  # Newton's method needs about ten
_RIDGE = 1e-3  # keeps the fit finite where a label separates perfectly


@dataclass(frozen=True, slots=True)
class Calibration:
    """Slope and shift of each label's logit: probability = link(slope * logit + shift)."""

    slopes: tuple[float, ...]  # (labels,)
    shifts: tuple[float, ...]  # (labels,)

    @classmethod
    def identity(cls, labels: int) -> "Calibration":
        """Change nothing."""
        return cls((1.0,) * labels, (0.0,) * labels)


def probabilities(head: Head, logits: Floats, calibration: Calibration) -> Floats:
    """Turn one head's logits into calibrated probabilities. Shapes: (messages, labels)."""
    scaled = np.asarray(calibration.slopes) * logits + np.asarray(calibration.shifts)
    scaled = np.clip(scaled, -60.0, 60.0)  # beyond it float32 is 0 or 1 anyway
    if head.kind == "multi":
        shares = 1.0 / (1.0 + np.exp(-scaled))
    else:
        exponents = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
        shares = exponents / exponents.sum(axis=-1, keepdims=True)
    return np.asarray(shares, dtype=np.float32)


def fit_calibration(head: Head, logits: Floats, targets: Floats) -> Calibration:
    """Find the slopes and shifts under which held-out targets are most likely.

    A multi-label head is fitted label by label (Platt scaling), a single-choice head with one
    temperature for all its labels.

    Args:
        head: Whose logits these are.
        logits: From messages the network was not trained on. Shape: (messages, labels).
        targets: 1.0 where a label holds. Shape: (messages, labels).

    Source:
        Platt 1999, "Probabilistic Outputs for Support Vector Machines", section 2, with its
        smoothed targets; Guo et al. 2017, "On Calibration of Modern Neural Networks", section 4.2.
    """
    if len(logits) == 0:
        return Calibration.identity(len(head.labels))
    if head.kind == "single":
        slope = _temperature_slope(logits.astype(np.float64), targets)
        return Calibration((slope,) * len(head.labels), (0.0,) * len(head.labels))
    fits = [_platt(logits[:, i], targets[:, i]) for i in range(len(head.labels))]
    return Calibration(tuple(f[0] for f in fits), tuple(f[1] for f in fits))


def _platt(logits: Floats, targets: Floats) -> tuple[float, float]:
    """Fit one label's slope and shift by Newton's method on the smoothed log-loss."""
    positives, negatives = float(targets.sum()), float(len(targets) - targets.sum())
    goal = np.where(targets > 0.5, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    inputs = np.stack([logits, np.ones_like(logits)], axis=1).astype(np.float64)
    weights = np.array([1.0, 0.0])
    prior = np.array([1.0, 0.0])
    for _ in range(_MAX_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -60, 60)))
        gradient = inputs.T @ (p - goal) + _RIDGE * (weights - prior)
        curvature = (inputs * (p * (1 - p))[:, None]).T @ inputs + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        weights -= step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-12))  # no wild first step
        if np.abs(step).max() < 1e-9:
            break
    return float(np.clip(weights[0], MIN_SLOPE, MAX_SLOPE)), float(weights[1])


def _temperature_slope(logits: Floats, targets: Floats) -> float:
    """Find the inverse temperature by golden-section search: the loss is convex in it."""
    low, high = MIN_SLOPE, MAX_SLOPE
    ratio = (5**0.5 - 1) / 2
    while high - low > 1e-5:
        a, b = high - ratio * (high - low), low + ratio * (high - low)
        if _choice_loss(a * logits, targets) < _choice_loss(b * logits, targets):
            high = b
        else:
            low = a
    return (low + high) / 2


def _choice_loss(scaled: Floats, targets: Floats) -> float:
    """Mean negative log-likelihood of a single-choice head."""
    top = scaled.max(axis=1)
    total = top + np.log(np.exp(scaled - top[:, None]).sum(axis=1))
    return float((total - (scaled * targets).sum(axis=1)).mean())

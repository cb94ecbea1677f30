"""Whether thresholds keep the precision they promise, on messages that had no part in them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models.artifact import Manifest
from training.dataset import Example
from training.metrics import head_targets
from training.metrics.scores import Bools
from training.promises import EVERY, promise_for
from training.thresholds import lower_bounds

_DIGITS = 6


def promise_table(manifest: Manifest, given: Bools, test: Sequence[Example]) -> dict[str, Any]:
    """Lay what each threshold promised beside what it gave.

    Args:
        manifest: With thresholds, and the promises in its facts.
        given: What is served for the examples. Shape: (examples, labels).
        test: Neither trained on nor used to pick the thresholds.

    Returns:
        JSON: `labels` for all examples as served, `channels` for each channel that has thresholds
        of its own. Each label has promised, threshold, support, given, right, precision,
        lower_bound (Wilson, one-sided 90 %, as when it was picked) and coverage (share found).
    """
    held = head_targets(manifest.intents, test)[1] > 0.5
    channels = {}
    for channel, thresholds in manifest.channel_thresholds.items():
        rows = np.array([example.channel == channel for example in test], dtype=np.bool_)
        table = _labels(manifest, thresholds, given[rows], held[rows])
        channels[channel] = {"rows": int(rows.sum()), "labels": table}
    return {"labels": _labels(manifest, manifest.thresholds, given, held), "channels": channels}


def promises_of(manifest: Manifest) -> Mapping[str, float]:
    """Read the promised precisions from a manifest's facts; empty where it has none."""
    promised = manifest.facts.get("config", {}).get("precision", {})
    return promised if isinstance(promised, Mapping) else {EVERY: float(promised)}


def _labels(
    manifest: Manifest, thresholds: Mapping[str, float], given: Bools, held: Bools
) -> dict[str, Any]:
    """Write a row for each label. Shapes: (examples, labels)."""
    promised = promises_of(manifest)
    return {
        label: {
            "promised": promise_for(label, promised) if promised else None,
            "threshold": thresholds[label],
            **_kept(given[:, i], held[:, i]),
        }
        for i, label in enumerate(manifest.intents.labels)
    }


def _kept(given: Bools, held: Bools) -> dict[str, Any]:
    """Count what one label's threshold gave. Shapes: (examples,)."""
    trials, right, support = int(given.sum()), int((given & held).sum()), int(held.sum())
    bound = float(lower_bounds(np.array(right), np.array(trials))) if trials else None
    return {
        "support": support,
        "given": trials,
        "right": right,
        "precision": round(right / trials, _DIGITS) if trials else None,
        "lower_bound": None if bound is None else round(bound, _DIGITS),
        "coverage": round(right / support, _DIGITS) if support else None,
    }

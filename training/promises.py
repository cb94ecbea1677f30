"""Promised precisions as they are written on the command line."""

from collections.abc import Mapping

EVERY = "*"  # stands for the intents that a promise does not name


def read_promises(given: str, defaults: Mapping[str, float]) -> dict[str, float]:
    """Read `0.9`, which is for every intent, or `demo_request=0.95,pricing=0.9`.

    Args:
        given: As typed.
        defaults: Hold for intents that are not named; a lone number replaces them all.

    Raises:
        ValueError: Says which part is not a share between 0 and 1.
    """
    if "=" not in given:
        return {EVERY: _share(given)}
    promises = dict(defaults)
    for part in given.split(","):
        label, _, share = part.partition("=")
        if not label.strip():
            raise ValueError(f"{part.strip()!r} names no intent")
        promises[label.strip()] = _share(share)
    return promises


def promise_for(label: str, promised: Mapping[str, float]) -> float:
    """Tell the precision that is promised for an intent."""
    return promised[label] if label in promised else promised[EVERY]


def written(promised: Mapping[str, float]) -> str:
    """Write promises as they can be read again."""
    return ",".join(f"{label}={share:g}" for label, share in promised.items())


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{text.strip()!r} is not a share between 0 and 1")
    return share

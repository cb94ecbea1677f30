"""Fit the wide part of a network, and choose how much it counts beside the encoder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from models.calibration import fit_calibration, probabilities
from models.classifier import message_logits
from models.labels import Head
from models.types import Floats, Ints, Read
from models.wide import BUCKETS, Wide, pieces_of, weighted_pieces
from training.calibrate import Parts
from training.dataset import Example
from training.linear import Matrix, fit_linear
from training.metrics import head_targets

_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)  # of the wide logits that are tried
_DEFAULT_SHARE = 0.5


def fit_wide(
    heads: Sequence[Head], train: Sequence[Example], *, seed: int, read: Read = str
) -> Wide:
    """Fit a linear layer a head on the pieces of words of the training part.

    Args:
        heads: Those to answer.
        train: The examples that the encoder is trained on.
        seed: Of the solver's order of features.
        read: As the encoder reads them; see models.text.reading.
    """
    texts = [read(example.composed) for example in train]
    idf = _rarity(texts)
    matrix = _matrix(texts, idf)
    fitted = {head.name: fit_linear(head, matrix, train, seed=seed) for head in heads}
    return Wide(
        idf,
        {name: linear.weights.astype(np.float16) for name, linear in fitted.items()},
        {name: linear.shifts for name, linear in fitted.items()},
    )


def scaled(wide: Wide, shares: Mapping[str, float]) -> Wide:
    """Make each head count by its share."""
    return replace(
        wide,
        weights={
            h: (w * np.float16(shares[h])).astype(np.float16) for h, w in wide.weights.items()
        },
        shifts={h: (s * shares[h]).astype(np.float32) for h, s in wide.shifts.items()},
    )


def choose_shares(
    heads: Sequence[Head],
    parts: Parts,
    calibration: Sequence[Example],
    validation: Sequence[Example],
) -> dict[str, float]:
    """Choose for each head how much the wide part counts: what makes the validation part likeliest.

    Args:
        heads: Of the network.
        parts: What scores a message; its wide part counts fully.
        calibration: On which each candidate is calibrated.
        validation: On which the candidates are compared; where it is empty, a default is taken.
    """
    if not validation:
        return {head.name: _DEFAULT_SHARE for head in heads}
    known, unseen = (_Seen.of(parts, examples) for examples in (calibration, validation))

    def best(head: Head) -> float:
        return min(_SHARES, key=lambda share: _surprise(head, share, known, unseen))

    return {head.name: best(head) for head in heads}


@dataclass(frozen=True, slots=True)
class _Seen:
    """Some examples with what either part says of their windows."""

    examples: Sequence[Example]
    owners: Ints  # (windows,)
    deep: Mapping[str, Floats]  # by head; (windows, labels)
    wide: Mapping[str, Floats]

    @classmethod
    def of(cls, parts: Parts, examples: Sequence[Example]) -> Self:
        windows = parts.tokenize([example.composed for example in examples])
        wide = parts.wide.logits(windows.texts) if parts.wide else {}
        return cls(examples, windows.owners, parts.network(windows.ids), wide)

    def logits(self, head: Head, share: float) -> tuple[Floats, Floats]:
        """Logits and targets of the examples that have the head. Shapes: (examples, labels)."""
        present, targets = head_targets(head, self.examples)
        both = {head.name: self.deep[head.name] + np.float32(share) * self.wide[head.name]}
        return message_logits([head], both, self.owners)[head.name][present], targets[present]


def _surprise(head: Head, share: float, known: _Seen, unseen: _Seen) -> float:
    """Mean log-loss of unseen examples, calibrated on the known ones."""
    calibration = fit_calibration(head, *known.logits(head, share))
    logits, targets = unseen.logits(head, share)
    given = np.clip(probabilities(head, logits, calibration), 1e-6, 1 - 1e-6)
    losses = targets * np.log(given)
    if head.kind == "multi":
        losses = losses + (1 - targets) * np.log(1 - given)
    return -float(losses.sum(axis=1).mean())


def _rarity(texts: Sequence[str]) -> NDArray[np.float16]:
    """Inverse document frequency of each bucket, smoothed. Shape: (BUCKETS,)."""
    seen = np.zeros(BUCKETS)
    for text in texts:
        seen[pieces_of(text)[0]] += 1
    return (np.log((1 + len(texts)) / (1 + seen)) + 1).astype(np.float16)


def _matrix(texts: Sequence[str], idf: NDArray[np.float16]) -> Matrix:
    """Weighted pieces of every text. Shape: (texts, BUCKETS)."""
    rows = [weighted_pieces(text, idf) for text in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    columns = np.concatenate([buckets for buckets, _ in rows])
    values: Floats = np.concatenate([values for _, values in rows])
    return csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS))

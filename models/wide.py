"""The wide part of the network: a linear layer over hashed pieces of words, beside the encoder."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.types import Floats, Ints

_Number = TypeVar("_Number", bound=np.generic)

BUCKETS = 2**16  # fewer cost accuracy, more did not help
_SHORTEST, _LONGEST = 2, 5  # characters of a piece
_SPACE = ord(" ")
_MIX = np.uint64(0x9E3779B97F4A7C15)  # an odd number without pattern: 2**64 / golden ratio
_BITS = np.uint64(64 - 16)
_IDF, _WEIGHTS, _SHIFTS = "idf", "weights:", "shifts:"


@dataclass(frozen=True, slots=True)
class Wide:
    """Logits of texts from the pieces of their words; added to those of the encoder.

    Source:
        Cheng et al. 2016, "Wide & Deep Learning for Recommender Systems"; Weinberger et al. 2009,
        "Feature Hashing for Large Scale Multitask Learning".
    """

    idf: NDArray[np.float16]  # (BUCKETS,): how rare a piece is
    weights: Mapping[str, NDArray[np.float16]]  # by head; (BUCKETS, labels)
    shifts: Mapping[str, Floats]  # by head; (labels,)
    _every: NDArray[np.float16] = field(init=False, repr=False, compare=False)  # all heads'

    def __post_init__(self) -> None:
        """Put the heads side by side, so that a text is one product."""
        every = np.concatenate(list(self.weights.values()), axis=1)
        object.__setattr__(self, "_every", every)
        object.__setattr__(self, "weights", self._by_head(every))

    def logits(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Score clean texts. Each head's logits have shape (texts, labels)."""
        rows = [weighted_pieces(text, self.idf) for text in texts]
        said = np.stack(
            [values @ self._every[buckets].astype(np.float32) for buckets, values in rows]
        )
        return {head: some + self.shifts[head] for head, some in self._by_head(said).items()}

    def _by_head(self, every: NDArray[_Number]) -> dict[str, NDArray[_Number]]:
        """Cut columns of all labels into those of each head; they are shared, not copied."""
        ends = np.cumsum([len(self.shifts[head]) for head in self.weights])
        return dict(zip(self.weights, np.split(every, ends[:-1], axis=1), strict=True))


def pieces_of(text: str) -> tuple[Ints, Floats]:
    """Count the pieces of a clean text's words, spaces at their borders included.

    Returns:
        Buckets in ascending order, and 1 + log(count) of each. Shapes: (pieces,), twice.
    """
    spaced = f" {' '.join(text.lower().split())} "
    codes = np.array([*map(ord, spaced)], dtype=np.uint64)
    spaces = np.concatenate([[0], np.cumsum(codes == _SPACE)])
    mixed, found = codes * _MIX, []
    for length in range(_SHORTEST, min(_LONGEST, len(codes)) + 1):
        mixed = (mixed[:-1] ^ (mixed[:-1] >> np.uint64(29))) * _MIX + codes[length - 1 :]
        inside = spaces[length - 1 : length - 1 + len(mixed)] - spaces[1 : 1 + len(mixed)]
        whole = mixed[inside == 0]  # a space stands at the ends of a piece, never inside
        found.append(((whole ^ (whole >> np.uint64(31))) * _MIX) >> _BITS)
    buckets, counts = np.unique(np.concatenate(found), return_counts=True)
    return buckets.astype(np.int64), (1.0 + np.log(counts)).astype(np.float32)


def weighted_pieces(text: str, idf: NDArray[np.float16]) -> tuple[Ints, Floats]:
    """Weigh the pieces of a text by their rarity, to length 1. Shapes: (pieces,), twice."""
    buckets, values = pieces_of(text)
    values = values * idf[buckets].astype(np.float32)
    return buckets, values / max(float(np.sqrt(values @ values)), 1e-9)


def wide_bytes(wide: Wide) -> bytes:
    """Write the wide part as a compressed .npz archive of plain arrays."""
    arrays: dict[str, NDArray[np.generic]] = {_IDF: wide.idf}
    arrays |= {f"{_WEIGHTS}{head}": array for head, array in wide.weights.items()}
    arrays |= {f"{_SHIFTS}{head}": array for head, array in wide.shifts.items()}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def parse_wide(content: bytes, labels: Mapping[str, int]) -> Wide:
    """Read what `wide_bytes` wrote.

    Args:
        content: The file.
        labels: How many labels each head has.

    Raises:
        ValueError: It holds something else than arrays of the shapes that the heads need.
        KeyError: An array is missing.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    _check(arrays, {_IDF: (BUCKETS,)}, np.float16)
    _check(arrays, {f"{_WEIGHTS}{h}": (BUCKETS, count) for h, count in labels.items()}, np.float16)
    _check(arrays, {f"{_SHIFTS}{h}": (count,) for h, count in labels.items()}, np.float32)
    return Wide(
        arrays[_IDF],
        {head: arrays[f"{_WEIGHTS}{head}"] for head in labels},
        {head: arrays[f"{_SHIFTS}{head}"] for head in labels},
    )


def _check(
    arrays: Mapping[str, NDArray[Any]], shapes: Mapping[str, tuple[int, ...]], kind: type
) -> None:
    """Refuse what would be added up to nonsense."""
    for name, shape in shapes.items():
        array = arrays[name]
        if array.dtype != kind or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(f"{name} is not finite {kind.__name__} of shape {shape}")

"""Read the 4-bit file in which multilingual-e5-small is packed (its layout: docs/adr/0003)."""

import struct
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from models.types import Floats
from training.errors import BaseError

_MAGIC = b"E5S1"
_BLOCK = 32  # weights that share a scale


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the packed encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    token_types: int
    layer_norm_eps: float


@dataclass(frozen=True, slots=True)
class Packed:
    """A packed model: its sizes, its SentencePiece pieces with scores, and its tensors."""

    shape: Shape
    pieces: list[str]
    scores: Floats  # (pieces,)
    tensors: dict[str, Floats]  # flat, float32


def read_packed(content: bytes) -> Packed:
    """Unpack a file; all numbers in it are little-endian.

    Raises:
        BaseError: It does not have the expected layout.
    """
    if content[:4] != _MAGIC or struct.unpack_from("<I", content, 4)[0] != 1:
        raise BaseError("not a packed e5 file of version 1")
    shape = Shape(*struct.unpack_from("<7if", content, 8))
    (block,) = struct.unpack_from("<i", content, 40)
    if block != _BLOCK:
        raise BaseError(f"blocks of {block} weights; {_BLOCK} are known")
    pieces, scores, at = _pieces(content, 8 + 36)
    return Packed(shape, pieces, scores, _tensors(content, at))


def _pieces(content: bytes, at: int) -> tuple[list[str], Floats, int]:
    """Read the vocabulary; returns where it ends, too."""
    count, *_ids, blob_length = struct.unpack_from("<i4iQ", content, at)
    at += 28
    offsets = np.frombuffer(content, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(content, "<f4", count, at)
    at += 4 * count
    blob = content[at : at + blob_length]
    pieces = [blob[a:b].decode() for a, b in pairwise(offsets)]
    at += blob_length
    _map_count, map_length = struct.unpack_from("<iI", content, at)
    # The normalisation map that follows says what NFKC and folded white space say: not needed.
    return pieces, scores, at + 8 + map_length


def _tensors(content: bytes, at: int) -> dict[str, Floats]:
    """Read every tensor, flat."""
    (count,) = struct.unpack_from("<i", content, at)
    at += 4
    tensors: dict[str, Floats] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", content, at)
        name = content[at + 2 : at + 2 + length].decode()
        kind, elements, offset, size = struct.unpack_from("<BIQQ", content, at + 2 + length)
        at += 2 + length + 21
        raw = content[offset : offset + size]
        tensors[name] = np.frombuffer(raw, "<f4") if kind == 0 else _four_bit(raw, elements)
    return tensors


def _four_bit(raw: bytes, elements: int) -> Floats:
    """Unpack blocks of one f16 scale and 16 bytes: weight = scale * (nibble - 8)."""
    block = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])
    blocks = np.frombuffer(raw, block)
    low, high = blocks["nibbles"] & 15, blocks["nibbles"] >> 4
    weights = np.concatenate([low, high], axis=1).astype(np.float32) - 8
    return (weights * blocks["scale"].astype(np.float32)[:, None]).reshape(-1)[:elements]

"""Clean text to token ids, in overlapping windows where the text is longer than the model reads."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from models.types import Ints, Tokenize, Windows

HEAD_WINDOWS, TAIL_WINDOWS = 24, 8  # of a very long text the beginning and the end are read
OVERLAP_RATIO = 0.25  # of a window, so that a wish on a border stands whole in one of the two


def parse_tokenizer(content: bytes) -> Tokenizer:
    """Read the bytes of a `tokenizer.json`."""
    return Tokenizer.from_str(content.decode("utf-8"))


def windowing(tokenizer: Tokenizer, *, max_length: int) -> Tokenize:
    """Give the function from texts to windows of at most `max_length` tokens each.

    Args:
        tokenizer: As made by `parse_tokenizer`; it is configured here, so it must not be shared.
        max_length: Tokens of a window, special tokens included.
    """
    tokenizer.no_padding()  # the network pads, and only as far as a batch needs
    tokenizer.enable_truncation(max_length, stride=int(max_length * OVERLAP_RATIO))

    def tokenize(texts: Sequence[str]) -> Windows:
        per_text = [
            [encoding.ids, *(more.ids for more in encoding.overflowing)]
            for encoding in tokenizer.encode_batch_fast(list(texts))
        ]
        kept = [_head_and_tail(windows) for windows in per_text]
        return Windows(
            ids=[ids for windows in kept for ids in windows],
            owners=_owners([len(windows) for windows in kept]),
            truncated=[len(k) < len(w) for k, w in zip(kept, per_text, strict=True)],
        )

    return tokenize


def _head_and_tail(windows: list[list[int]]) -> list[list[int]]:
    """Bound the work that one text can cause."""
    if len(windows) <= HEAD_WINDOWS + TAIL_WINDOWS:
        return windows
    return windows[:HEAD_WINDOWS] + windows[-TAIL_WINDOWS:]


def _owners(counts: list[int]) -> Ints:
    """Index of the text that each window came from. Shape: (windows,)."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)

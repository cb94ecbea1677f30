"""Clean text to token ids, in overlapping windows where the text is longer than the model reads."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Encoding, Tokenizer

from models.types import Ints, Read, Tokenize, Windows

HEAD_WINDOWS, TAIL_WINDOWS = 48, 16  # of a very long text the beginning and the end are read
OVERLAP_RATIO = 0.25  # of a window, so that a wish on a border stands whole in one of the two


def parse_tokenizer(content: bytes) -> Tokenizer:
    """Read the bytes of a `tokenizer.json`."""
    return Tokenizer.from_str(content.decode("utf-8"))


def windowing(tokenizer: Tokenizer, *, max_length: int, read: Read | None = None) -> Tokenize:
    """Give the function from texts to windows of at most `max_length` tokens each.

    Args:
        tokenizer: As made by `parse_tokenizer`; it is configured here, so it must not be shared.
        max_length: Tokens of a window, special tokens included.
        read: Goes over each text first; see models.text.reading.
    """
    tokenizer.no_padding()  # the network pads, and only as far as a batch needs
    tokenizer.enable_truncation(max_length, stride=int(max_length * OVERLAP_RATIO))

    def tokenize(texts: Sequence[str]) -> Windows:
        texts = [read(text) for text in texts] if read else list(texts)
        per_text = [[first, *first.overflowing] for first in tokenizer.encode_batch(texts)]
        kept = [_head_and_tail(windows) for windows in per_text]
        return Windows(
            ids=[window.ids for windows in kept for window in windows],
            texts=[
                _covered(text, window)
                for text, windows in zip(texts, kept, strict=True)
                for window in windows
            ],
            owners=_owners([len(windows) for windows in kept]),
            truncated=[len(k) < len(w) for k, w in zip(kept, per_text, strict=True)],
        )

    return tokenize


def _covered(text: str, window: Encoding) -> str:
    """The part of a text that a window shows; a text of one window is covered as a whole."""
    places = [place for place in window.offsets if place[1] > place[0]]  # not the special tokens
    return text[places[0][0] : places[-1][1]] if places else ""


def _head_and_tail(windows: list[Encoding]) -> list[Encoding]:
    """Bound the work that one text can cause."""
    if len(windows) <= HEAD_WINDOWS + TAIL_WINDOWS:
        return windows
    return windows[:HEAD_WINDOWS] + windows[-TAIL_WINDOWS:]


def _owners(counts: list[int]) -> Ints:
    """Index of the text that each window came from. Shape: (windows,)."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)

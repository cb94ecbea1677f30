"""Array types and the seams between the stages of a prediction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Token ids of every window of some texts, and which text each window came from."""

    ids: Sequence[Sequence[int]]  # one list a window, special tokens included
    owners: Ints  # (windows,): index of the text, ascending
    truncated: Sequence[bool]  # (texts,): True where windows had to be left out
    texts: Sequence[str] = ()  # (windows,): what each covers; only a wide part looks at it


Read: TypeAlias = Callable[[str], str]  # from clean text to what the tokenizer is given
Tokenize: TypeAlias = Callable[[Sequence[str]], Windows]
Network: TypeAlias = Callable[[Sequence[Sequence[int]]], Mapping[str, Floats]]

"""From `--base` to a base model."""

from training.base.e5 import load_e5
from training.base.encoder import Base
from training.base.hub import load_hub
from training.base.minilm import load_minilm


def load_base(name: str, *, vocabulary: int) -> Base:
    """Load the base that a name stands for: `e5`, `minilm`, a folder or a hub id.

    Raises:
        BaseError: It is not there, or not the one that was checked.
    """
    if name == "e5":
        return load_e5(vocabulary=vocabulary)
    if name == "minilm":
        return load_minilm()
    return load_hub(name)

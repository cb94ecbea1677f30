"""A base model as training takes it, whatever it was read from."""

from dataclasses import dataclass

from tokenizers import Tokenizer
from torch import nn


@dataclass(frozen=True, slots=True)
class Base:
    """An encoder with its tokenizer, and where they came from."""

    name: str  # as given to --base
    encoder: nn.Module  # a transformers encoder: (input_ids, attention_mask) -> last_hidden_state
    hidden_size: int
    max_length: int | None  # tokens it can read at once; None where nothing limits them
    tokenizer: Tokenizer
    source: str  # for the model card: what it is and its licence
    sha256: str | None  # of the weight file that was read; None for a hub id

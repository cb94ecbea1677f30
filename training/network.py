"""The network that is trained: one encoder, one linear head for each question."""

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from models.labels import Head
from training.dropout import ByteDropout, with_byte_dropout


class IntentNetwork(nn.Module):
    """Mean-pooled encoder output into one linear layer a head."""

    def __init__(
        self, encoder: nn.Module, hidden_size: int, heads: Sequence[Head], *, dropout: float
    ) -> None:
        super().__init__()
        self.encoder = with_byte_dropout(encoder)
        self.dropout = ByteDropout(dropout)
        self.names = [head.name for head in heads]
        self.layers = nn.ModuleList(nn.Linear(hidden_size, len(head.labels)) for head in heads)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """Give each head's logits, in the order of the heads.

        Args:
            input_ids: Shape: (messages, tokens).
            attention_mask: 1 at tokens, 0 at padding. Shape: (messages, tokens).

        Returns:
            One tensor a head, each of shape (messages, labels).
        """
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask)
        return self._answers(hidden.last_hidden_state, attention_mask)

    def traced(
        self, input_ids: Tensor, attention_mask: Tensor
    ) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """Give what each layer makes of the tokens, the embeddings first, and the logits."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        )
        return hidden.hidden_states, self._answers(hidden.last_hidden_state, attention_mask)

    def _answers(self, hidden: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        pooled = self.dropout(mean_pool(hidden, attention_mask))
        return tuple(cast(Tensor, layer(pooled)) for layer in self.layers)


def mean_pool(hidden: Tensor, attention_mask: Tensor) -> Tensor:
    """Average the tokens that are not padding: (messages, tokens, width) to (messages, width)."""
    mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)

"""The encoder and its heads as transformers know them; needs torch and transformers alone.

So that other servers' environments can import it as well.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, BertModel, BertPreTrainedModel, PreTrainedTokenizerBase
from transformers.modeling_outputs import SequenceClassifierOutput


class MeanPooledClassifier(BertPreTrainedModel):  # type: ignore[misc]  # its package's types vary
    """Mean of the token vectors into one linear layer, all heads side by side."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.classifier = torch.nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **_: Any
    ) -> SequenceClassifierOutput:
        """Score padded messages. Shapes: (messages, tokens) to (messages, labels)."""
        hidden = self.bert(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)
        return SequenceClassifierOutput(logits=self.classifier(pooled))


def read_network(folder: Path) -> tuple[MeanPooledClassifier, PreTrainedTokenizerBase]:
    """Load what `serve_weights.write_network` wrote, ready to answer in float32."""
    model = MeanPooledClassifier.from_pretrained(folder, dtype=torch.float32)
    return model.eval(), AutoTokenizer.from_pretrained(folder)

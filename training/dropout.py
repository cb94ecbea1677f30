"""Dropout whose random mask costs an eighth: one 64-bit draw gives eight elements their byte."""

import torch
from torch import Tensor, nn

_LEVELS = 256  # a probability is held to a 256th


class ByteDropout(nn.Module):
    """Like nn.Dropout; on a CPU, drawing the mask was a quarter of a training step.

    Source:
        Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.p = probability  # as nn.Dropout calls it; encoders read it
        self.dropped = round(probability * _LEVELS)  # of _LEVELS

    def forward(self, values: Tensor) -> Tensor:
        """Set elements to zero at random and scale the others up. Any shape."""
        if not self.training or self.dropped == 0:
            return values
        draws = torch.empty(-(-values.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        draws = draws.view(torch.uint8)[: values.numel()].view(values.shape)
        return values * (draws >= self.dropped) * (_LEVELS / (_LEVELS - self.dropped))


def with_byte_dropout(module: nn.Module) -> nn.Module:
    """Replace every nn.Dropout inside a module, in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.Dropout):
            setattr(module, name, ByteDropout(child.p))
        else:
            with_byte_dropout(child)
    return module

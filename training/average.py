"""Average a network's weights over the last steps of its training, from the loop's step hook."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

EVERY = 8  # steps between two looks at the weights: each copies the whole network


class WeightAverage:
    """Called after each step, as `training.loop.fit` does; `apply` puts the mean in place.

    Source:
        Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization".
    """

    def __init__(
        self, network: nn.Module, ratio: float, on_step: Callable[[int, int, float], None]
    ) -> None:
        self._network = network
        self._ratio = ratio  # of the steps that count, the last ones
        self._on_step = on_step
        self._mean: dict[str, Tensor] = {}
        self._steps = 0

    def __call__(self, done: int, steps: int, loss: float) -> None:
        """Take note of the weights after some steps among the last; the very last is one."""
        self._on_step(done, steps, loss)
        if done <= steps * (1.0 - self._ratio) or (steps - done) % EVERY:
            return
        self._steps += 1
        for name, parameter in self._network.named_parameters():
            weights = parameter.detach()
            if name in self._mean:
                self._mean[name].lerp_(weights, 1.0 / self._steps)
            else:
                self._mean[name] = weights.clone()

    def apply(self) -> dict[str, Tensor]:
        """Put the mean weights into the network; gives those that were there, by name."""
        return put_weights(self._network, self._mean)


def put_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Put other weights into a network, where they are named; gives those that were there."""
    before = {}
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name in weights:
                before[name] = parameter.detach().clone()
                parameter.copy_(weights[name])
    return before

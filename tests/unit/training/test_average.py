from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from models.labels import Head
from training.average import EVERY, WeightAverage, put_weights
from training.learning import average_if_better, surprise
from training.loop import Encoded
from training.network import IntentNetwork

HEADS = (Head("intents", ("a", "b"), "multi"),)


class Lookup(nn.Module):
    """An encoder that only looks its tokens up."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(2, 2)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


def a_network():
    torch.manual_seed(1)
    return IntentNetwork(Lookup(), 2, HEADS, dropout=0.0)


def filled(network, value):
    put_weights(network, {n: torch.full_like(p, value) for n, p in network.named_parameters()})


def averaged(network, values, *, ratio=0.5):
    """The average of weights that took some values, one after the other."""
    told = []
    average = WeightAverage(network, ratio, lambda *step: told.append(step))
    for step, value in enumerate(values, 1):
        filled(network, value)
        average(step, len(values), 0.0)
    assert len(told) == len(values)
    return average


def test_every_eighth_of_the_last_weights_is_averaged_the_very_last_among_them():
    network = a_network()
    values = [float(step) for step in range(1, 4 * EVERY + 1)]

    averaged(network, values).apply()

    expected = np.mean([3 * EVERY, 4 * EVERY])
    assert network.encoder.table.weight[0, 0].item() == pytest.approx(expected)


def test_weights_that_are_put_in_give_back_those_that_were_there():
    network = a_network()
    before = {name: p.detach().clone() for name, p in network.named_parameters()}

    filled(network, 3.0)
    kept = put_weights(network, before)

    assert {n: p.tolist() for n, p in network.named_parameters()} == {
        n: p.tolist() for n, p in before.items()
    }
    assert all((weights == 3.0).all() for weights in kept.values())


@pytest.mark.parametrize(("last", "better"), [(9.0, True), (1.0, False)])
def test_the_average_is_kept_only_where_unseen_messages_prefer_it(last, better):
    """Logits are 2 * value ** 2 + value: small weights are less sure, and here all are wrong."""
    network = a_network()
    average = averaged(network, [*[5.0] * (2 * EVERY), *[last - 2.0] * EVERY, *[last] * EVERY])
    if not better:  # the average lies above the last
        average = averaged(network, [*[9.0] * (3 * EVERY), *[1.0] * EVERY])
    data = Encoded([[[0]], [[1]]], {"intents": np.zeros((2, 2), np.float32)})

    assert average_if_better(network, average, HEADS, data) is better
    value = network.encoder.table.weight[0, 0].item()
    assert value == pytest.approx(last - 1.0 if better else 1.0)
    assert surprise(network, data, HEADS) > 0.0


def test_without_unseen_messages_the_last_weights_stay():
    network = a_network()
    average = averaged(network, [1.0] * (2 * EVERY))

    assert not average_if_better(network, average, HEADS, Encoded([], {}))

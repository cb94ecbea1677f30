import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from models.labels import Head
from training.config import TrainConfig
from training.contrast import contrast_loss, overlaps
from training.network import IntentNetwork
from training.public.contrast import Contrasted, batches, warm_up
from training.public.recipe import Recipe
from training.vectors import embed, vectors_of

HEAD = Head("intents", ("a", "b", "c"), "single")


class Lookup(nn.Module):
    """An encoder that only looks its tokens up."""

    def __init__(self, words=12, width=6):
        super().__init__()
        self.table = nn.Embedding(words, width)

    def forward(self, input_ids, attention_mask):
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


def a_network():
    torch.manual_seed(5)
    return IntentNetwork(Lookup(), 6, [HEAD], dropout=0.0)


def unit(rows):
    return functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=1)


def some_data():
    """Four words a label; nothing but training can tell which belong together."""
    targets = np.eye(3, dtype=np.float32)[[i % 3 for i in range(12)]]
    return Contrasted([[i] for i in range(12)], targets, [[0], [1], [2]])


def likeness(network, data):
    """Mean cosine inside labels, less that between them."""
    rows = vectors_of(network, data.ids)
    cosines, same = rows @ rows.T, data.targets @ data.targets.T > 0
    other = ~np.eye(len(rows), dtype=bool)
    return cosines[same & other].mean() - cosines[~same].mean()


def test_vectors_near_their_like_lose_less():
    targets = torch.eye(2)[[0, 0, 1, 1]]
    near = unit([[1, 0], [1, 0.1], [0, 1], [0.1, 1]])

    apart = near[[0, 2, 1, 3]]

    assert contrast_loss(near, targets, 0.1) < contrast_loss(apart, targets, 0.1)


def test_the_loss_is_that_of_the_paper():
    targets = torch.eye(2)[[0, 0, 1]]
    rows = unit([[1, 0], [1, 1], [0, 1]])
    logits = (rows @ rows.T / 0.5).double()
    first = logits[0, 1] - torch.logsumexp(logits[0, [1, 2]], 0)
    second = logits[1, 0] - torch.logsumexp(logits[1, [0, 2]], 0)

    actual = contrast_loss(rows, targets, 0.5)  # the third has no like, and counts nothing

    assert float(actual) == pytest.approx(-float(first + second) / 2, rel=1e-5)


def test_a_batch_in_which_nothing_is_alike_has_no_loss_but_can_be_learnt_from():
    rows = unit([[1, 0], [0, 1]]).requires_grad_()

    loss = contrast_loss(rows, torch.eye(2), 0.1)
    loss.backward()

    assert float(loss.detach()) == 0.0
    assert rows.grad.abs().sum() == 0.0


def test_messages_overlap_by_the_labels_they_share():
    targets = torch.tensor([[1.0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]])

    assert overlaps(targets).tolist() == [
        [1.0, 0.5, 0.0, 0.0, 0.0],
        [0.5, 1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0, 1.0],
        [0.0, 0.0, 0.0, 1.0, 1.0],
    ]


def test_every_message_of_a_batch_has_its_like_in_it():
    targets = np.eye(5, dtype=np.float32)[[i % 5 for i in range(50)]]
    recipe = Recipe(labels_a_batch=3, messages_a_label=2)

    epoch = list(batches(targets, recipe, random.Random(1)))

    for batch in epoch:
        labels = targets[batch].argmax(axis=1).tolist()
        assert all(labels.count(label) == 2 for label in labels)
    assert sorted(i for batch in epoch for i in batch) == list(range(50))


def test_a_label_with_one_message_is_not_given_twice_in_a_batch():
    targets = np.eye(2, dtype=np.float32)[[0, 1, 1, 1, 1, 1]]

    for batch in batches(targets, Recipe(), random.Random(2)):
        assert len(set(batch)) == len(batch)


def test_messages_without_a_label_are_a_group_of_their_own():
    targets = np.array([[1, 0], [0, 0], [1, 0], [0, 0]], dtype=np.float32)

    (batch,) = batches(targets, Recipe(), random.Random(3))

    assert sorted(batch) == [0, 1, 2, 3]


def test_embedding_keeps_the_order_of_messages_of_any_length():
    network = a_network().eval()
    ids = [[1] * (1 + i % 7) + [i % 12] for i in range(60)]

    together = embed(network, ids)

    alone = torch.cat([embed(network, [row]) for row in ids])
    assert torch.allclose(together, alone, atol=1e-2)  # bfloat16 where that is faster


def test_the_warm_up_moves_messages_of_one_label_together():
    network, data = a_network(), some_data()
    before = likeness(network, data)
    told = []

    recipe = Recipe(contrast_epochs=40)
    config = TrainConfig(learning_rate=0.05, seed=3)
    warm_up(network, data, recipe, config, lambda *step: told.append(step))

    assert likeness(network, data) > before + 0.5
    assert [step[0] for step in told] == list(range(1, len(told) + 1))
    assert told[-1][2] < told[0][2]
    assert not network.training

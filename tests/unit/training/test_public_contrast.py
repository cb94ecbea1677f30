import random

import numpy as np
import torch
from support_contrast import a_network, likeness

from training.config import TrainConfig
from training.public.contrast import Contrasted, batches, warm_up
from training.public.recipe import Recipe
from training.vectors import embed


def some_data():
    """Four words a label; nothing but training can tell which belong together."""
    targets = np.eye(3, dtype=np.float32)[[i % 3 for i in range(12)]]
    return Contrasted([[i] for i in range(12)], targets, [[0], [1], [2]])


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
    before = likeness(network, data.ids, data.targets)
    told = []

    recipe = Recipe(contrast_epochs=40)
    config = TrainConfig(learning_rate=0.05, seed=3)
    warm_up(network, data, recipe, config, lambda *step: told.append(step))

    assert likeness(network, data.ids, data.targets) > before + 0.5
    assert [step[0] for step in told] == list(range(1, len(told) + 1))
    assert told[-1][2] < told[0][2]
    assert not network.training

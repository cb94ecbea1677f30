import numpy as np
import pytest
import torch
from support_contrast import HEAD, a_network, likeness
from support_model import silent_console
from torch.nn import functional

from models.labels import INTENTS
from training.config import TrainConfig
from training.contrast import contrast_loss, overlaps, warm_up
from training.loop import Encoded

IDS = [[i] for i in range(12)]
TARGETS = np.eye(3, dtype=np.float32)[[i % 3 for i in range(12)]]


def unit(rows):
    return functional.normalize(torch.tensor(rows, dtype=torch.float32), dim=1)


def warmed(network, targets=TARGETS, **config):
    """Numbers of the epochs that were asked for."""
    asked = []

    def epoch_of(number):
        asked.append(number)
        return Encoded([[window] for window in IDS], {INTENTS: targets})

    config = TrainConfig(**{"contrast_rate": 0.05, "seed": 3, "layer_decay": 1.0, **config})
    warm_up(network, epoch_of, [HEAD], config, silent_console())
    return asked


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


def test_the_warm_up_moves_messages_that_want_the_same_together():
    network = a_network()
    before = likeness(network, IDS, TARGETS)
    heads = [parameter.detach().clone() for parameter in network.layers.parameters()]

    asked = warmed(network, contrast_epochs=60)

    assert likeness(network, IDS, TARGETS) > before + 0.5
    assert all(map(torch.equal, heads, network.layers.parameters()))
    assert set(asked) == set(range(60))
    assert not network.training


def test_messages_that_lack_the_deciding_head_say_nothing():
    network = a_network()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    warmed(network, targets=np.full_like(TARGETS, np.nan), contrast_epochs=2, weight_decay=0.0)

    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_the_messages_that_have_the_head_are_contrasted_without_the_rest():
    network = a_network()
    some = TARGETS.copy()
    some[6:] = np.nan
    before = likeness(network, IDS[:6], TARGETS[:6])
    rest = network.encoder.table.weight[6:].detach().clone()

    warmed(network, targets=some, contrast_epochs=60, weight_decay=0.0)

    assert likeness(network, IDS[:6], TARGETS[:6]) > before + 0.5
    assert torch.equal(network.encoder.table.weight[6:], rest)


@pytest.mark.parametrize("config", [{"contrast_epochs": 0}, {"teacher": "weights"}])
def test_a_run_without_a_warm_up_leaves_the_network_alone(config):
    network = a_network()
    before = network.encoder.table.weight.detach().clone()

    assert warmed(network, **config) == []
    assert torch.equal(network.encoder.table.weight, before)


def test_ctrl_c_in_the_warm_up_ends_the_run_since_no_head_could_answer_yet():
    def epoch_of(number):
        if number:
            raise KeyboardInterrupt
        return Encoded([[window] for window in IDS], {INTENTS: TARGETS})

    with pytest.raises(KeyboardInterrupt):
        warm_up(a_network(), epoch_of, [HEAD], TrainConfig(contrast_epochs=2), silent_console())

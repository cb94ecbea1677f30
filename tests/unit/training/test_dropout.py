import numpy as np
import pytest
import torch
from torch import nn

from training.dropout import ByteDropout, with_byte_dropout


def dropped(probability, *shape, seed=1):
    torch.manual_seed(seed)
    return ByteDropout(probability).train()(torch.ones(*shape))


@pytest.mark.parametrize("probability", [0.05, 0.1, 0.25, 0.5, 0.9])
def test_the_right_share_is_dropped_and_the_mean_is_kept(probability):
    values = dropped(probability, 1_000, 1_000)

    levels = round(probability * 256) / 256  # what a byte can say
    assert (values == 0).double().mean().item() == pytest.approx(levels, abs=2e-3)
    assert values.double().mean().item() == pytest.approx(1.0, abs=1e-2)
    assert torch.unique(values).tolist() == pytest.approx([0.0, 1 / (1 - levels)])


def test_neighbours_are_dropped_independently_of_each_other():
    kept = (dropped(0.5, 80_000) != 0).numpy().reshape(-1, 8).astype(float)

    together = np.corrcoef(kept, rowvar=False)
    assert kept.mean(axis=0) == pytest.approx(np.full(8, 0.5), abs=0.02)
    assert np.abs(together - np.eye(8)).max() < 0.05


@pytest.mark.parametrize("shape", [(1,), (7,), (3, 5, 11), (0,), (2, 0, 3)], ids=str)
def test_any_shape_will_do(shape):
    assert dropped(0.5, *shape).shape == shape


def test_outside_of_training_and_at_zero_nothing_is_dropped():
    values = torch.randn(5, 5)

    assert ByteDropout(0.5).eval()(values) is values
    assert ByteDropout(0.0).train()(values) is values


def test_the_gradient_is_dropped_with_the_value():
    values = torch.ones(1_000, requires_grad=True)

    out = ByteDropout(0.3).train()(values)
    out.sum().backward()

    assert torch.equal(values.grad, out.detach())


def test_the_mask_follows_from_the_seed():
    assert torch.equal(dropped(0.5, 999, seed=3), dropped(0.5, 999, seed=3))
    assert not torch.equal(dropped(0.5, 999, seed=3), dropped(0.5, 999, seed=4))


def test_every_dropout_inside_of_a_module_is_replaced():
    inner = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.25))

    module = with_byte_dropout(nn.Sequential(nn.Dropout(0.1), nn.ModuleList([inner])))

    found = [child for child in module.modules() if isinstance(child, nn.Dropout | ByteDropout)]
    assert [(type(child), child.p) for child in found] == [(ByteDropout, 0.1), (ByteDropout, 0.25)]

import math
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from support_model import tiny_base
from torch import nn

from models.classifier import message_logits
from models.labels import Head
from models.types import Windows
from training.base.load import load_base
from training.config import TrainConfig
from training.dataset import Example
from training.loop import (
    Encoded,
    batches,
    encode,
    fit,
    groups_of,
    head_loss,
    joined,
    rate_share,
    score,
    seconds_a_step,
    steps_of,
)
from training.network import IntentNetwork, mean_pool

HEADS = (Head("intents", ("a", "b"), "multi"), Head("urgency", ("low", "normal", "high"), "single"))
NAN = float("nan")
WORDS, ROWS = 12, 50


class Lookup(nn.Module):
    """An encoder that only looks its tokens up; calls `heard` before each batch."""

    def __init__(self, heard=lambda: None):
        super().__init__()
        self.table = nn.Embedding(WORDS, 6)
        self.heard = heard

    def forward(self, input_ids, attention_mask):
        self.heard()
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


def a_network(*, dropout=0.0, heard=lambda: None):
    torch.manual_seed(5)
    return IntentNetwork(Lookup(heard), 6, HEADS, dropout=dropout)


def a_config(**changes):
    return TrainConfig(
        **{"epochs": 3, "batch_size": 8, "learning_rate": 0.05, "head_learning_rate": 0.05}
        | changes
    )


def some_data(rows=ROWS):
    """Messages of one word, said once or often, from which the labels follow."""
    order = np.random.default_rng(6)
    words = order.integers(0, WORDS, size=rows)
    windows = [[[int(word)] * int(order.integers(1, 20))] for word in words]
    intents = np.stack([words % 2 == 0, words % 3 == 0], axis=1).astype(np.float32)
    return Encoded(windows, {"intents": intents, "urgency": np.eye(3, dtype=np.float32)[words % 3]})


def nothing(done, steps, loss):
    pass


def weights_of(network):
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


def same(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


# The loss


def test_the_loss_of_several_labels_is_the_mean_over_rows_and_labels():
    logits, targets = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])

    loss = head_loss(HEADS[0], logits, targets)

    assert loss.item() == pytest.approx((math.log(2) + math.log(1 + math.exp(2))) / 2)


def test_the_loss_of_a_choice_is_the_surprise_at_the_right_label():
    logits, targets = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[0.0, 1.0, 0.0]])

    loss = head_loss(HEADS[1], logits, targets)

    assert loss.item() == pytest.approx(math.log(sum(math.exp(x) for x in (1.0, 2.0, 3.0))) - 2.0)


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.kind)
def test_a_row_that_lacks_the_head_adds_neither_loss_nor_gradient(head):
    width = len(head.labels)
    torch.manual_seed(1)
    logits = torch.randn(4, width, requires_grad=True)
    targets = torch.eye(width)[[0, 1, 0, 1]]
    targets[[1, 3]] = NAN

    loss = head_loss(head, logits, targets)
    loss.backward()

    alone = head_loss(head, logits[[0, 2]].detach(), targets[[0, 2]])
    assert loss.item() == pytest.approx(alone.item())
    assert logits.grad[[1, 3]].abs().max().item() == 0.0
    assert logits.grad[[0, 2]].abs().min().item() > 0.0


@pytest.mark.parametrize("head", HEADS, ids=lambda head: head.kind)
def test_a_head_that_no_row_of_a_batch_has_costs_nothing(head):
    logits = torch.randn(3, len(head.labels), requires_grad=True)

    loss = head_loss(head, logits, torch.full((3, len(head.labels)), NAN))
    loss.backward()

    assert loss.item() == 0.0
    assert logits.grad.abs().max().item() == 0.0


def test_intents_weigh_one_and_every_signal_its_weight():
    network, data, seen = a_network(), some_data(8), []
    logits = score(network, [ids for (ids,) in data.windows])
    expected = sum(
        weight
        * head_loss(
            head, torch.from_numpy(logits[head.name]), torch.from_numpy(data.targets[head.name])
        ).item()
        for head, weight in zip(HEADS, (1.0, 0.25), strict=True)
    )

    config = a_config(epochs=1, signal_weight=0.25)
    fit(network, lambda epoch: data, HEADS, config, lambda done, steps, loss: seen.append(loss))

    assert seen == pytest.approx([expected], rel=0.02)  # bfloat16 where the processor has it


def test_windows_are_put_together_as_serving_does():
    order = np.random.default_rng(3)
    heads = (Head("intents", ("a", "b", "other"), "multi"), Head("urgency", ("x", "y"), "single"))
    sizes = [1, 3, 2]
    owners = np.repeat(np.arange(3), sizes)
    logits = {h.name: order.normal(size=(6, len(h.labels))).astype(np.float32) for h in heads}

    served = message_logits(heads, logits, owners)

    for head in heads:
        found = joined(head, torch.from_numpy(logits[head.name]), sizes).numpy()
        assert found == pytest.approx(served[head.name], abs=1e-6)


def test_each_epoch_reads_its_own_examples():
    network, asked = a_network(), []

    def epoch_of(number):
        asked.append(number)
        return some_data()

    fit(network, epoch_of, HEADS, a_config(epochs=3), nothing)

    assert asked == [0, 1, 2]


def test_lower_layers_of_an_encoder_learn_slower():
    torch.manual_seed(1)
    base = load_base(tiny_base(), vocabulary=1)
    network = IntentNetwork(base.encoder, base.hidden_size, HEADS, dropout=0.0)

    groups = groups_of(network, a_config(learning_rate=0.1, layer_decay=0.5))

    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    named = {name: rates[id(p)] for name, p in network.named_parameters()}
    assert len(named) == sum(len(group["params"]) for group in groups)
    assert {rate for name, rate in named.items() if "encoder.layer.0" in name} == {0.1}
    assert {rate for name, rate in named.items() if "embeddings" in name} == {0.05}
    assert {rate for name, rate in named.items() if name.startswith("layers")} == {0.05}


# Batches and steps


@pytest.mark.parametrize("rows", [1, 7, 8, 9, 1_000])
def test_batches_give_every_example_once(rows):
    lengths = [1 + number % 13 for number in range(rows)]

    found = list(batches(lengths, 8, random.Random(1)))

    assert sorted(index for batch in found for index in batch) == list(range(rows))
    assert len(found) == steps_of(rows, a_config(epochs=1))
    assert all(len(batch) <= 8 for batch in found)


def test_the_examples_of_a_batch_are_of_like_length_and_batches_come_in_random_order():
    order = random.Random(2)
    lengths = [order.randint(1, 200) for _ in range(400)]

    found = list(batches(lengths, 8, random.Random(1)))

    spread = [max(lengths[i] for i in batch) - min(lengths[i] for i in batch) for batch in found]
    first = [lengths[batch[0]] for batch in found]
    assert np.mean(spread) < 10
    assert first != sorted(first)


def test_the_order_of_batches_follows_from_the_seed_and_changes_between_epochs():
    lengths = [1 + number % 9 for number in range(100)]
    order, again = random.Random(1), random.Random(1)

    epochs = [list(batches(lengths, 8, order)) for _ in range(2)]

    assert epochs == [list(batches(lengths, 8, again)) for _ in range(2)]
    assert epochs[0] != epochs[1]


def test_the_learning_rate_rises_in_a_line_and_falls_in_a_line_to_nearly_nothing():
    shares = [rate_share(step, 100, 0.1) for step in range(101)]

    assert shares[:10] == pytest.approx([0.1 * step for step in range(1, 11)])
    assert shares[10:] == pytest.approx([(100 - step) / 90 for step in range(10, 101)])


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_runs_learn_from_each_step(steps):
    assert all(0.0 < rate_share(step, steps, 0.1) <= 1.0 for step in range(steps))


# Training


def test_training_tells_each_step_and_learns():
    network, data, told = a_network(dropout=0.1), some_data(), []

    finished = fit(
        network, lambda epoch: data, HEADS, a_config(epochs=20), lambda *step: told.append(step)
    )

    assert finished
    assert [step[:2] for step in told] == [(done, 140) for done in range(1, 141)]
    assert np.mean([loss for *_, loss in told[-7:]]) < 0.3 * np.mean([s[2] for s in told[:7]])
    assert not network.training


def test_the_same_seed_gives_the_same_weights():
    def trained(seed):
        network = a_network(dropout=0.3)
        fit(network, lambda epoch: some_data(), HEADS, a_config(seed=seed), nothing)
        return weights_of(network)

    assert same(trained(1), trained(1))
    assert not same(trained(1), trained(2))


def test_ctrl_c_ends_training_and_keeps_what_was_learnt():
    network, kept = a_network(), []
    before = weights_of(network)

    def interrupt(done, steps, loss):
        if done == 3:
            kept.append(weights_of(network))
            raise KeyboardInterrupt

    finished = fit(network, lambda epoch: some_data(), HEADS, a_config(), interrupt)

    assert not finished
    assert same(weights_of(network), kept[0])
    assert not same(kept[0], before)
    assert not network.training


def test_ctrl_c_before_the_first_step_leaves_nothing_to_keep():
    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(a_network(heard=interrupt), lambda epoch: some_data(), HEADS, a_config(), nothing)


def test_other_errors_are_not_taken_for_ctrl_c():
    def fail():
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        fit(a_network(heard=fail), lambda epoch: some_data(), HEADS, a_config(), nothing)


def test_timing_a_step_learns_nothing():
    network = a_network()
    before = weights_of(network)

    seconds = seconds_a_step(network, some_data(), HEADS, a_config())

    assert seconds > 0.0
    assert same(weights_of(network), before)
    assert all(parameter.grad is None for parameter in network.parameters())


# What goes in and what comes out


def test_scores_are_those_of_the_network_in_the_order_given_without_dropout():
    network, ids = a_network(dropout=0.5).train(), [ids for (ids,) in some_data(150).windows]

    logits = score(network, ids)

    with torch.inference_mode():
        alone = [network(torch.tensor([one]), torch.ones(1, len(one))) for one in ids]
    for column, head in enumerate(HEADS):
        expected = np.concatenate([outputs[column].numpy() for outputs in alone])
        assert logits[head.name] == pytest.approx(expected, abs=1e-5)


def test_padding_does_not_count_in_the_mean():
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [99.0, 99.0]], [[5.0, 6.0]] + [[7.0, 7.0]] * 2])

    pooled = mean_pool(hidden, torch.tensor([[1, 1, 0], [1, 0, 0]]))

    assert pooled.tolist() == [[2.0, 3.0], [5.0, 6.0]]


def test_every_window_is_trained_on_and_a_lacking_head_is_nan():
    def example(**labels):
        return Example(id="x", subject="", text="t", channel=None, language=None, labels=labels)

    def tokenize(texts):
        return Windows([[1, 2], [3], [4], [5, 6]], np.array([0, 0, 1, 1]), [False, False])

    both = [example(intents=("b",), urgency=("high",)), example(intents=("a", "b"))]
    data = encode(both, HEADS, tokenize)

    assert data.windows == [[[1, 2], [3]], [[4], [5, 6]]]
    assert data.targets["intents"].tolist() == [[0, 1], [1, 1]]
    assert data.targets["urgency"][0].tolist() == [0, 0, 1]
    assert np.isnan(data.targets["urgency"][1]).all()

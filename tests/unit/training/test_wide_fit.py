import numpy as np
import pytest

from models.labels import Head
from models.types import Windows
from training.calibrate import Parts
from training.dataset import Example
from training.wide import choose_shares, fit_wide, scaled

HEADS = (Head("intents", ("demo", "price"), "multi"), Head("urgency", ("low", "high"), "single"))
NAMES = ["anna", "bo", "cleo", "dag", "eva", "finn", "gus", "hedda", "ida", "jon"]


def example(text, **labels):
    heads = {name: tuple(found.split()) for name, found in labels.items()}
    return Example(id=text, subject="", text=text, channel=None, language=None, labels=heads)


TRAIN = [
    example(f"{name} {text}", intents=intents, urgency=urgency)
    for name in NAMES
    for text, intents, urgency in [
        ("please show us the product today", "demo", "high"),
        ("what does it cost, no hurry", "price", "low"),
        ("show us, and what does it cost", "demo price", "low"),
    ]
]


def tokenize(texts):
    return Windows([[1]] * len(texts), np.arange(len(texts)), [False] * len(texts), list(texts))


def blind(ids):
    """An encoder that says nothing."""
    return {head.name: np.zeros((len(ids), len(head.labels)), np.float32) for head in HEADS}


def test_it_answers_each_question_from_pieces_of_words():
    found = fit_wide(HEADS, TRAIN, seed=1).logits(["kim: show us", "kim: costs?", "today please"])

    assert found["intents"].argmax(axis=1)[:2].tolist() == [0, 1]
    assert found["urgency"].argmax(axis=1)[2] == 1


def test_the_same_seed_gives_the_same_layer():
    first, again = (fit_wide(HEADS, TRAIN, seed=3).logits(["show us"]) for _ in range(2))

    assert first["intents"].tolist() == again["intents"].tolist()


def test_each_head_counts_by_its_share():
    wide = fit_wide(HEADS, TRAIN, seed=1)

    half = scaled(wide, {"intents": 0.5, "urgency": 0.0}).logits(["show us today"])

    assert half["intents"] == pytest.approx(
        0.5 * wide.logits(["show us today"])["intents"], abs=0.01
    )
    assert half["urgency"].tolist() == [[0.0, 0.0]]


def test_where_the_encoder_is_blind_the_wide_part_counts():
    parts = Parts(tokenize, blind, fit_wide(HEADS, TRAIN, seed=1))

    shares = choose_shares(HEADS, parts, TRAIN, TRAIN)

    assert min(shares.values()) > 0.0


def test_where_the_wide_part_misleads_it_counts_nothing():
    wide = fit_wide(HEADS, TRAIN, seed=1)
    order = np.random.default_rng(2)
    noisy = scaled(wide, {"intents": 0.0, "urgency": 0.0})
    noisy.weights["intents"][:] = order.normal(0, 9, noisy.weights["intents"].shape)

    def seeing(ids):
        held = [[label in e.labels["intents"] for label in HEADS[0].labels] for e in TRAIN]
        return blind(ids) | {"intents": np.array(held, np.float32) * 12 - 6}

    shares = choose_shares(HEADS, Parts(tokenize, seeing, noisy), TRAIN, TRAIN)

    assert shares["intents"] == 0.0


def test_without_a_validation_part_a_default_is_taken():
    parts = Parts(tokenize, blind, fit_wide(HEADS, TRAIN, seed=1))

    assert choose_shares(HEADS, parts, TRAIN, []) == {"intents": 0.5, "urgency": 0.5}

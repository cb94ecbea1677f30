import math

import numpy as np
import pytest

from models.wide import BUCKETS, Wide, parse_wide, pieces_of, weighted_pieces, wide_bytes

LABELS = {"intents": 2, "urgency": 3}


def a_wide():
    order = np.random.default_rng(1)
    return Wide(
        idf=order.uniform(1, 8, BUCKETS).astype(np.float16),
        weights={h: order.normal(size=(BUCKETS, n)).astype(np.float16) for h, n in LABELS.items()},
        shifts={h: order.normal(size=n).astype(np.float32) for h, n in LABELS.items()},
    )


def spelled(text):
    """The pieces of a text, spelt out by hand: 2 to 5 characters of ` word `."""
    padded = [f" {word} " for word in text.lower().split()]
    return {w[i : i + n] for w in padded for n in range(2, 6) for i in range(len(w) - n + 1)}


@pytest.mark.parametrize("text", ["a", "demo", "Can we see it?", "größe ÅÄÖ 42", "x " * 9, "aaaa"])
def test_pieces_are_those_inside_words_with_a_space_at_either_end(text):
    buckets, _ = pieces_of(text)

    assert len(buckets) == len(spelled(text))  # in 65,536 buckets these few do not meet


def test_a_piece_has_the_same_bucket_wherever_it_stands():
    alone, among = set(pieces_of("demo")[0]), set(pieces_of("one DEMO please")[0])

    assert alone <= among


def test_a_piece_that_comes_often_weighs_one_and_the_logarithm():
    buckets, weights = pieces_of("ab ab ab")

    assert weights == pytest.approx([1 + math.log(3)] * len(buckets))


@pytest.mark.parametrize("text", ["", " ", "?", "😀", "a\u0301", "x" * 100_000])
def test_any_text_has_weights_of_length_one_or_none(text):
    buckets, values = weighted_pieces(text, a_wide().idf)

    assert np.isfinite(values).all()
    assert float(values @ values) == pytest.approx(1.0 if len(buckets) else 0.0, abs=1e-4)


def test_logits_are_the_weighted_sum_of_the_pieces_and_a_shift():
    wide = a_wide()
    buckets, values = weighted_pieces("what does it cost", wide.idf)

    found = wide.logits(["hello", "what does it cost"])

    expected = sum(
        float(v) * wide.weights["urgency"][b].astype(np.float64)
        for b, v in zip(buckets, values, strict=True)
    )
    assert found["urgency"][1] == pytest.approx(expected + wide.shifts["urgency"], abs=1e-3)
    assert {head: rows.shape for head, rows in found.items()} == {
        "intents": (2, 2),
        "urgency": (2, 3),
    }


def test_what_is_written_is_read():
    wide = a_wide()

    read = parse_wide(wide_bytes(wide), LABELS)

    assert read.logits(["what does it cost"])["intents"].tolist() == (
        wide.logits(["what does it cost"])["intents"].tolist()
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"idf": np.ones(3, np.float16)},
        {"idf": np.ones(BUCKETS, np.float32)},
        {"weights:intents": np.zeros((BUCKETS, 3), np.float16)},
        {"shifts:urgency": np.array([0, np.nan, 0], np.float32)},
        {"idf": np.array([None] * BUCKETS)},
    ],
    ids=["short", "wide floats", "too many labels", "not a number", "objects"],
)
def test_arrays_that_would_add_up_to_nonsense_are_refused(broken):
    import io

    with np.load(io.BytesIO(wide_bytes(a_wide()))) as file:
        arrays = {name: file[name] for name in file.files} | broken
    content = io.BytesIO()
    np.savez(content, **arrays)

    with pytest.raises(ValueError, match=r"."):
        parse_wide(content.getvalue(), LABELS)


def test_a_lacking_array_is_named():
    with pytest.raises(KeyError, match="weights:sentiment"):
        parse_wide(wide_bytes(a_wide()), {**LABELS, "sentiment": 3})

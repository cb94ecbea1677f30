import random

from training.probes.filler import (
    LONG_TOKENS,
    after_disclaimer,
    end_of_long_text,
    filler,
    hidden_in,
    sentences,
    tokens_of,
)


def test_there_are_enough_different_sentences_of_either_kind():
    talk, disclaimer = sentences(), sentences(disclaimer=True)

    assert len(set(talk)) == len(talk) >= 120
    assert sum(map(tokens_of, disclaimer)) > 450
    assert not set(talk) & set(disclaimer)


def test_filler_is_as_long_as_asked_and_comes_in_the_order_of_its_chance():
    long = filler(random.Random(1), tokens=5_000)

    assert 5_000 <= sum(map(tokens_of, long)) < 5_050
    assert long == filler(random.Random(1), tokens=5_000)
    assert long != filler(random.Random(2), tokens=5_000)


def test_a_message_stands_behind_the_share_of_tokens_asked_for():
    around = filler(random.Random(1), tokens=LONG_TOKENS)

    for place in (0.0, 0.05, 0.5, 0.95, 1.0):
        before, after = hidden_in(around, "WISH", place).split("WISH")
        share = tokens_of(before) / tokens_of(before + after)
        assert abs(share - place) < 0.005


def test_a_wish_ends_the_long_text_and_follows_the_disclaimer():
    wish = "What does it cost?"

    end, behind = end_of_long_text(wish, random.Random(1)), after_disclaimer(wish, random.Random(1))

    assert end.endswith(wish)
    assert 4_950 < tokens_of(end) < 5_050
    assert behind.endswith(wish)
    assert 400 <= tokens_of(behind) < 460

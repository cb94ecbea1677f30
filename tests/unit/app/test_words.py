import random
import re

import pytest

from app.storage.words import MOST, MOST_ASKED, Asked, asked, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What does it cost? What?", ["what", "does", "it", "cost"]),
        ("ada@acme.example, +49 30 1234", ["ada", "acme", "example", "49", "30", "1234"]),
        ("snake_case don't", ["snake", "case", "don", "t"]),
        ("Plätze ŁÓDŹ Ñandú ﬁne", ["platze", "łodz", "nandu", "fine"]),
        ("价格多少 ok", ["价格", "格多", "多少", "少", "ok"]),
        ("v2版本", ["v2", "版本", "本"]),
        ("", []),
    ],
)
def test_a_text_has_words(text, words):
    assert words_of([text]) == words


def test_words_of_several_texts_stand_once_in_the_order_in_which_they_come():
    assert words_of(["b a", "A c"]) == ["b", "a", "c"]


def test_words_have_bounds():
    many = " ".join(map(str, range(10_000)))

    assert len(words_of([many])) == MOST
    assert words_of(["a" * 100]) == ["a" * 40]
    assert len(asked(many + " ").words) == MOST_ASKED


@pytest.mark.parametrize(
    ("text", "words", "beginning"),
    [
        ("price dem", ("price",), "dem"),
        ("price dem ", ("price", "dem"), None),
        ("price de", ("price", "de"), None),
        ("价格", (), "价格"),
        ("价", (), "价"),
        ("?", (), None),
    ],
)
def test_the_last_word_that_was_typed_may_go_on(text, words, beginning):
    assert asked(text) == Asked(words=words, beginning=beginning)


def test_nothing_is_asked_for_without_a_word():
    assert (asked("?!").nothing, asked("a").nothing) == (True, False)


def test_words_of_any_text_are_letters_and_digits_and_stay_what_they_are():
    rng = random.Random(1)
    for _ in range(2_000):
        text = "".join(
            chr(rng.choice([rng.randrange(0x3000), rng.randrange(0x110000)])) for _ in range(30)
        )
        for word in words_of([text]):
            assert re.fullmatch(r"[^\W_]+", word)
            assert all(part.isalnum() or ord(part) > 127 for part in word)


def test_a_message_has_every_word_that_is_asked_for_with_its_own_text():
    rng = random.Random(2)
    for _ in range(500):
        text = "".join(rng.choice("abzé 价格ร가ß-") for _ in range(12))
        wanted, words = asked(text + " "), words_of([text])

        assert set(wanted.words) <= set(words)

import random
import re
import unicodedata

import pytest

from training.probes.perturb import DISGUISES

TEXT = "Could you show Åsa the product? We need a quote for 40 seats by Friday, please."


def disguised(name, text=TEXT, seed=1):
    found = [disguise for key, disguise in DISGUISES.items() if key.split()[0] == name]
    return found[0](text, random.Random(seed))


def letters(text):
    return [char for char in text if char.isalpha()]


@pytest.mark.parametrize("name", [name.split()[0] for name in DISGUISES])
def test_every_disguise_changes_a_text_the_same_way_for_the_same_chance(name):
    assert disguised(name) != TEXT
    assert disguised(name, seed=5) == disguised(name, seed=5)


@pytest.mark.parametrize("name", [name.split()[0] for name in DISGUISES])
@pytest.mark.parametrize("text", ["", " ", "價格 42?", "a", "ab cd"])
def test_no_disguise_stumbles_over_a_text_without_long_words(name, text):
    assert isinstance(disguised(name, text), str)


def test_shouting_leaves_the_letters():
    assert disguised("T1").lower() == TEXT.lower()


@pytest.mark.parametrize("name", ["T2", "T8"])
def test_what_is_invisible_can_be_taken_out_again(name):
    plain = re.sub("[\u200b\u200c\u200d\u2060\ufeff\u00ad]", "", disguised(name))

    assert plain.replace("\u00a0", " ") == TEXT


def test_every_pair_of_letters_has_an_invisible_character_between():
    assert not re.search(r"[^\W\d_]{2}", disguised("T2"))


def test_every_word_of_four_letters_or_more_has_one_soft_hyphen_inside():
    words = disguised("T8").split("\u00a0")

    assert [word.count("\u00ad") for word in words] == [
        len(re.sub(r"\W|\d", "", word)) >= 4 for word in TEXT.split()
    ]


def test_twins_of_other_scripts_replace_all_letters_that_have_one():
    left = {char for char in letters(disguised("T3")) if char.isascii()}

    assert left <= set("bdfghlmnqtuwzDFGLNQRSUWZ")
    assert len(disguised("T3")) == len(TEXT)
    scripts = {unicodedata.name(char).split()[0] for char in letters(disguised("T3"))}
    assert {"CYRILLIC", "GREEK"} <= scripts


@pytest.mark.parametrize("seed", range(6))
def test_other_styles_of_letters_are_the_same_by_compatibility(seed):
    assert unicodedata.normalize("NFKC", disguised("T4", seed=seed)) == TEXT
    assert not any(char.isascii() for char in letters(disguised("T4", seed=seed)))


@pytest.mark.parametrize("seed", range(6))
def test_what_is_turned_around_reads_as_before(seed):
    shown = re.sub("\u202e(.*?)\u202c", lambda match: match[1][::-1], disguised("T5", seed=seed))

    assert shown == TEXT


def test_leet_replaces_all_six_letters_and_no_other():
    assert disguised("T6", "Toast is Pie, okay") == "70457 15 P13, 0k4y"


def test_each_longer_word_has_one_mistake_and_keeps_its_first_letter():
    words, mistyped = TEXT.split(), disguised("T7").split()

    for word, wrong in zip(words, mistyped, strict=True):
        assert (word != wrong) == (len(letters(word)) >= 4)
        assert wrong[0] == word[0]
        assert abs(len(wrong) - len(word)) <= 1


def test_a_flood_puts_several_marks_on_every_letter():
    flooded = disguised("T9")

    assert "".join(c for c in flooded if not unicodedata.combining(c) and c != "\u034f") == TEXT
    assert all(2 <= len(run) <= 4 for run in re.findall("[\u0300-\u036f]+", flooded))


def test_emoji_part_all_words():
    parts = disguised("T10").split(" ")

    assert parts[::2] == TEXT.split()
    assert not any(re.search(r"\w", part) for part in parts[1::2])

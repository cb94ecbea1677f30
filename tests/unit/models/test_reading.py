import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.text.reading import NAME, PLACE, Reading, parse_reading, reading_bytes

WORDS = "could someone show price quote please tomorrow meeting invoice wrong customer report"
READING = Reading(
    names=frozenset({"emily", "tomasz", "okonjo"}),
    places=frozenset({"leeds", "malmö"}),
    same={"she": "they", "he": "they", "her": "their", "his": "their"},
    heralds=frozenset({"mr", "hello"}),
    words={word: rank for rank, word in enumerate(WORDS.split())},
)


def test_every_person_and_every_place_is_read_as_one():
    assert READING("Emily in Leeds, then Tomasz.") == f"{NAME} in {PLACE}, then {NAME}."


def test_capitals_do_not_matter_to_a_name():
    assert READING("EMILY, emily") == f"{NAME}, {NAME}"


def test_both_genders_are_read_alike():
    assert READING("she lost her key") == READING("he lost his key")


@pytest.mark.parametrize("text", ["Hello Ngaire, thanks", "mr Trevanion, thanks"])
def test_a_word_that_nobody_knows_is_a_name_where_one_is_due(text):
    assert NAME in READING(text)


def test_a_known_word_is_no_name_where_one_could_be():
    assert READING("Hello please") == "Hello please"


def test_given_name_and_family_name_are_one_person():
    assert READING("thanks, Emily Okonjo") == f"thanks, {NAME}"
    assert READING("thanks, Emily Walters") == f"thanks, {NAME}"  # the second one is on no list


def test_where_names_stand_is_told_of_the_text_as_it_is_written():
    text = "  thanks,\u200b Emily Okonjo\nLeeds"

    found = [text[start:end] for start, end in READING.names_in(text)]

    assert found == ["Emily", "Okonjo"]


def test_a_text_full_of_slips_is_mended():
    assert READING("culd smeone shwo us the prrice") == "could someone show us the price"


def test_the_first_letter_is_never_mended():
    assert "nvoice" in READING("nvoice wrogn pricce")


def test_a_single_rare_word_is_left_alone():
    text = "Could someone please show the kustomer report tomorrow"
    assert READING(text) == text


def test_of_two_words_that_are_as_near_the_more_frequent_one_is_meant():
    reading = Reading(
        frozenset(), frozenset(), {}, frozenset(), {"house": 0, "horse": 1, "mouse": 2}
    )
    assert reading("hoise") == "house"


def test_what_stands_between_the_words_stays():
    assert READING("  culd -- smeone?\t(emily) 12%") == f"  could -- someone?\t({NAME}) 12%"


def test_a_text_of_nothing_but_unknown_words_costs_a_bounded_time():
    chance = random.Random(1)
    words = ["".join(chance.choices(string.ascii_lowercase, k=9)) for _ in range(20_000)]
    asked = []
    reading = Reading(frozenset(), frozenset(), {}, frozenset(), READING.words)
    object.__setattr__(reading, "_mend", lambda word: asked.append(word) or word)

    reading(" ".join(words))

    assert len(asked) == 300


def test_a_reading_is_kept_in_a_file():
    again = parse_reading(reading_bytes(READING))

    assert again == READING
    assert again("culd smeone shwo her") == READING("culd smeone shwo her")


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_keeps_what_is_no_word(text):
    def rest(read):
        return "".join(c for c in read if not c.isalnum() and c != "_" and c != " ")

    assert rest(READING(text)) == rest(text) or NAME in READING(text)

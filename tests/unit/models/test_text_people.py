import time

import pytest

from models.text.people import NAME, PLACE, Clues
from models.text.reading import Reading, parse_reading, reading_bytes

WORDS = (
    "please show sales office regards thanks with asked from weekly report closed until here will"
)
READING = Reading(
    names=frozenset({"emily", "okonjo", "philippa"}),
    places=frozenset({"leeds", "whitby"}),
    same={"mr": "mr", "mrs": "mr", "she": "they", "he": "they"},
    heralds=frozenset({"mr", "mrs", "sr", "hi", "thanks", "regards"}),
    words={word: rank for rank, word in enumerate(WORDS.split())},
    clues=Clues(
        doubtful=frozenset({"grace", "dolores"}),
        everyday=frozenset({"will"}),
        families=frozenset({"baker"}),
        towns=frozenset({"cork"}),
        wheres=frozenset({"in"}),
        particles=frozenset({"van", "der", "de", "al"}),
        compounds=frozenset({"New York", "Den Haag"}),
        rare=frozenset({"weekly"}),
        short=frozenset({"we", "the", "is", "and", "it"}),
    ),
)


@pytest.mark.parametrize(
    "name",
    [
        "Emily",
        "Emily Okonjo",
        "Emily Walters",
        "Ottilie Okonjo",
        "Emily Baker",
        "Emily-Okonjo",
        "Philippa Okonjo-Hall",
        "Emily de Okonjo",
        "Emily van der Zweep",
        "Emily J. K. Okonjo",
        "Emily Al-Zweepi",
        "Emily Whitby",
        "Grace Whitby",
        "Grace",
        "Damaris Zweep",
    ],
)
def test_a_person_is_one_name_however_many_words_it_has(name):
    assert READING(f"we asked {name}, please") == f"we asked {NAME}, please"


@pytest.mark.parametrize("title", ["Mr", "mrs", "Mrs"])
def test_a_title_is_read_alike_whatever_its_gender_and_letters(title):
    assert READING(f"we asked {title} Okonjo") == f"we asked mr {NAME}"


@pytest.mark.parametrize("name", ["van Zweep", "Zweep", "Weekly", "Bo"])
def test_what_stands_behind_a_title_is_a_name(name):
    assert READING(f"we asked Sr. {name}") == f"we asked Sr. {NAME}"


def test_a_small_word_behind_a_name_is_none():
    assert READING("Mr Okonjo writes it") == f"mr {NAME} writes it"


def test_a_word_behind_a_comma_is_no_part_of_the_name():
    assert READING("Emily, Zweepist, asked") == f"{NAME}, Zweepist, asked"


def test_a_chat_without_capitals_has_names_behind_a_greeting():
    assert READING("hi ngaire, show it") == f"hi {NAME}, show it"


def test_a_name_that_is_a_word_is_none_at_the_beginning_of_a_sentence():
    assert READING("Grace is the word") == "Grace is the word"


def test_a_surname_that_is_a_word_is_none_alone():
    assert READING("we asked the Baker") == "we asked the Baker"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Hi Will, show it", f"Hi {NAME}, show it"),
        ("show it. Thanks, Will", f"show it. Thanks, {NAME}"),
        ("Hi, Will you show it", "Hi, Will you show it"),
        ("Show it if Will asked", "Show it if Will asked"),
    ],
)
def test_a_name_that_is_a_frequent_word_is_one_where_somebody_is_called(text, read):
    assert READING(text) == read


def test_the_last_words_of_a_text_are_who_signs():
    assert READING("please show it. Ngaire Zweep") == f"please show it. {NAME}"
    assert READING("please show it. Ngaire") == f"please show it. {NAME}"


def test_unknown_nouns_are_no_names_where_nouns_have_capitals():
    text = "Please the Report from Sales Office, Zweepamt Zweephaus is closed until here will"
    assert READING(text) == text


@pytest.mark.parametrize(
    "place", ["Leeds", "New York", "NEW YORK", "Den Haag", "Cork", "Leeds Whitby"]
)
def test_a_place_is_one_place_however_many_words_it_has(place):
    assert READING(f"we closed in {place} until here") == f"we closed in {PLACE} until here"


def test_a_place_that_is_a_word_is_none_in_small_letters():
    assert READING("it is cork") == "it is cork"


def test_a_text_full_of_slips_is_mended_rather_than_searched_for_names():
    assert READING("plaese shwo Sales Ofice repotr wtih") == "please show Sales office report with"


def test_clues_are_kept_with_the_reading():
    assert parse_reading(reading_bytes(READING)) == READING


def test_a_reading_of_an_earlier_release_has_no_clues():
    content = b'{"names": ["emily"], "places": [], "same": {}, "heralds": ["hi"], "words": "show"}'

    assert parse_reading(content).clues == Clues()
    assert parse_reading(content)("hi Ngaire, Emily") == f"hi {NAME}, {NAME}"


@pytest.mark.parametrize(
    "text",
    [
        "van " * 40_000,
        "Zweep-" * 40_000,
        "Emily " * 40_000,
        "Emily A. " * 20_000,
        "Mr van " * 20_000,
    ],
)
def test_a_text_of_nothing_but_names_costs_a_bounded_time(text):
    began = time.process_time()
    READING(text)

    assert time.process_time() - began < 5  # seconds; in quadratic time it would be minutes

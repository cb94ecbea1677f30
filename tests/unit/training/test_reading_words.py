from models.text.reading import NAME
from training.dataset import Example
from training.reading import reading_of


def example(number, text):
    return Example(
        id=f"x-{number}", subject="", text=text, channel="email", language="en", labels={}
    )


def test_a_word_is_known_once_it_was_met_twice():
    reading = reading_of([example(1, "Invoice here"), example(2, "an invoice there, statement")])

    assert "invoice" in reading.words
    assert "statement" not in reading.words


def test_the_more_frequent_word_ranks_before():
    reading = reading_of([example(1, "quote quote price price price")])

    assert reading.words["price"] < reading.words["quote"]


def test_a_short_word_is_never_what_a_slip_is_mended_to():
    assert "the" not in reading_of([example(1, "the the the")]).words


def test_a_listed_name_that_is_also_a_common_word_is_no_name_here():
    written = reading_of([example(1, "the emily button, an emily field, Emily, emily")])

    assert "emily" not in written.names
    assert "emily" in reading_of([example(1, "Emily asked, Emily called")]).names


def test_one_careless_writer_makes_a_name_no_common_word():
    assert "emily" in reading_of([example(1, "thanks emily, yes emily")]).names


def test_names_are_no_known_words():
    assert "emily" not in reading_of([example(1, "Emily asked, Emily called")]).words


def test_people_of_many_cultures_are_read_alike():
    reading = reading_of([])
    people = [
        "Emily",
        "Fatima",
        "Tomasz",
        "Adaeze",
        "Hiroshi",
        "Lakshmi",
        "Thabo",
        "Xiomara",
        "Astrid",
        "Beatriz",
        "Mehmet",
    ]

    assert {reading(f"{person} is in") for person in people} == {f"{NAME} is in"}


def test_a_message_about_him_is_read_as_one_about_her():
    reading = reading_of([])

    assert reading("mrs Ito sent her form") == reading("mr Ito sent his form")
    assert reading("frau Ito") == reading("herr Ito")


def test_a_name_that_is_met_small_all_the_time_counts_only_where_somebody_is_called():
    clues = reading_of([example(1, "will " * 8 + "Will")]).clues

    assert "will" not in clues.doubtful
    assert "will" in clues.everyday


def test_a_word_that_is_rare_and_only_has_capitals_may_be_a_name():
    written = [
        example(1, "with Coppensen today"),
        example(2, "by Coppensen and invoices, invoices"),
    ]

    assert reading_of(written).clues.rare == {"coppensen"}


def test_a_place_that_is_a_persons_name_is_a_place_behind_a_preposition():
    reading = reading_of([])

    assert reading("we met in Jordan, then Jordan left") == "we met in london, then alex left"


def test_names_and_places_of_several_words_are_one():
    reading = reading_of([])

    assert reading("my boss Emily van der Berg flew to New York") == "my boss alex flew to london"

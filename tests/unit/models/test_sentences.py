import random
import time

import pytest

from models.text.sentences import MAX_SENTENCE_CHARS, MAX_SENTENCES, split_sentences


def timed(text):
    """The sentences of a text, and the seconds of CPU that they took."""
    started_s = time.process_time()
    spans = split_sentences(text)
    return spans, time.process_time() - started_s


def split(text, **options):
    return [text[span.start : span.end] for span in split_sentences(text, **options)]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Could we see it? We are 40. Thanks!", ["Could we see it?", "We are 40.", "Thanks!"]),
        ("Yes!!! Really?! Ok...", ["Yes!!!", "Really?!", "Ok..."]),
        ("hmm... and then. Well… Maybe", ["hmm... and then.", "Well…", "Maybe"]),
        ('He said "no." (Yes.) So?', ['He said "no."', "(Yes.)", "So?"]),
        ("we need a demo. also prices. thx", ["we need a demo.", "also prices.", "thx"]),
        ("What does it cost; may we see it?", ["What does it cost;", "may we see it?"]),
        ("¿Cuánto cuesta? ¡Gracias!", ["¿Cuánto cuesta?", "¡Gracias!"]),
        ("Quel est le prix ? Merci !", ["Quel est le prix ?", "Merci !"]),
        ("价格是多少？我们想看演示。谢谢", ["价格是多少？", "我们想看演示。", "谢谢"]),
        ("ما هو السعر؟ شكرا", ["ما هو السعر؟", "شكرا"]),
    ],
)
def test_a_sentence_ends_at_its_mark(text, sentences):
    assert split(text) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "Dr. Ann Smith of Acme Inc. wants it",
        "J. R. Miller asks",
        "It costs 3.5 million at www.example.com/a?b=1 today",
        "We use it, e.g. for mail, i.e. daily, approx. ten times",
        "Wir nutzen z. B. Excel, z.B. hier, bzw. dort, inkl. MwSt. heute",
        "Am 3. Mai und im 2. Quartal und am 5. Stock",
        "Mme. Durand et M. Petit demandent, p.ex. ici",
        "El Sr. López pregunta, p.ej. hoy a las 9 a.m. en punto",
        "Vi har t.ex. åtta bilar, bl.a. här",
        "R&amp; D and A&#38; B",
        "Nr. 5 and No. 5 and ext. 12",
    ],
)
def test_a_dot_that_belongs_to_a_word_ends_nothing(text):
    assert split(text) == [text]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is by Acme Inc. Call us", ["It is by Acme Inc.", "Call us"]),
        ("We meet at 9 a.m. Call us", ["We meet at 9 a.m.", "Call us"]),
        ("So do I. Call us", ["So do I.", "Call us"]),
        ("There are 400. call us", ["There are 400.", "call us"]),
    ],
)
def test_a_dot_after_an_abbreviation_may_end_a_sentence(text, sentences):
    assert split(text) == sentences


def test_a_chat_without_marks_ends_at_its_lines():
    assert split("hey\ncant log in\r\nhow much is it\u2028thx") == [
        *("hey", "cant log in", "how much is it", "thx")
    ]


def test_a_line_that_a_mail_program_wrapped_goes_on():
    text = (
        "We have been using the old tool for three years in our small office and\n"
        "would like to see the new one. Our line\n"
        "is short here."
    )

    assert split(text) == [
        "We have been using the old tool for three years in our small office and\n"
        "would like to see the new one.",
        "Our line",
        "is short here.",
    ]


def test_a_paragraph_is_not_joined_to_the_next():
    line = "word " * 14 + "word"

    assert split(f"{line}\n\nnext") == [line, "next"]
    assert split(f"{line}\n- next") == [line, "next"]


def test_bullets_numbers_and_quote_marks_are_no_part_of_a_sentence():
    text = (
        "we need:\n- a demo\n • prices\n2) a date\n3. a place\nb) a name\n> and > quotes\n>> - all"
    )

    assert split(text) == [
        *("we need:", "a demo", "prices", "a date", "a place", "a name", "and > quotes", "all")
    ]


def test_bullets_in_a_line_part_it():
    assert split("a demo • prices • a date") == ["a demo", "prices", "a date"]


def test_what_is_left_of_html_parts_sentences():
    assert split("a demo<br>prices</p><p>a date<BR />x <b>y</b>") == [
        *("a demo", "prices", "a date", "x <b>y</b>")
    ]


def test_what_holds_no_word_is_left_out_unless_all_does():
    assert split("Demo?\n-----\n😀\n!!!") == ["Demo?"]
    assert split(" 😀 !!! ") == ["😀 !!!"]


@pytest.mark.parametrize("text", ["", " \n\t\u2028"])
def test_nothing_has_no_sentences(text):
    assert split(text) == []


def test_a_long_sentence_is_cut_behind_a_comma_else_between_words_else_anywhere():
    commas = "one two three, " * 40
    words = "one two three " * 40
    letters = "a" * 1_000

    assert all(piece.endswith(",") for piece in split(commas))
    for text in (commas, words, letters):
        pieces = split(text)
        assert max(map(len, pieces)) <= MAX_SENTENCE_CHARS
        assert "".join("".join(pieces).split()) == "".join(text.split())
    assert {word for piece in split(words) for word in piece.split()} == {"one", "two", "three"}


def test_of_too_many_sentences_the_first_and_the_last_are_given():
    text = "\n".join(f"line {n}" for n in range(1_000))

    assert split(text, most=8) == [f"line {n}" for n in (0, 1, 2, 3, 4, 5, 998, 999)]
    assert len(split(text)) == MAX_SENTENCES
    assert split(text, most=1_000) == text.split("\n")


def test_sentences_stand_in_order_and_every_word_is_in_one():
    order = random.Random(20261125)
    pieces = [
        *("Demo", "price", "z.B.", "3.", "a", "I", "Dr.", "価格", "é", "e\u0301", "😀", "\u200d"),
        *(".", "!", "?", "…", "...", ";", "。", '"', ")", "»", ",", "-", "•", ">", "1.", "a)"),
        *(
            " ",
            " ",
            "\n",
            "\r\n",
            "\r",
            "\t",
            "\u00a0",
            "\u2028",
            "\x85",
            "<br>",
            "&amp;",
            "\ud83d",
        ),
        "word " * 15,
        "x" * 320,
    ]
    for _ in range(5_000):
        text = "".join(order.choices(pieces, k=order.randint(0, 30)))
        spans = split_sentences(text)

        edges = [edge for span in spans for edge in (span.start, span.end)]
        assert edges == sorted(edges), ascii(text)
        for span in spans:
            assert span.end - span.start <= MAX_SENTENCE_CHARS, ascii(text)
            assert text[span.start : span.end] == text[span.start : span.end].strip() != ""
        told = "".join(text[span.start : span.end] for span in spans)
        for word in ("Demo", "price", "価格"):
            assert told.count(word) == text.count(word), ascii(text)


HOSTILE = [
    *(
        "a",
        ".",
        "\n",
        " ",
        "\r\n",
        " \n",
        ". ",
        "a. ",
        "a.\n",
        "1. ",
        "- ",
        ">",
        "•",
        "• ",
        '."',
        "'",
    ),
    *("<", "<br", "<br>", "&amp; ", "z.B. ", "…", "。", ", ", "(", ")", "\u0301", "\ud800", "a\n"),
    "a" * 71 + "\n",
]


@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_any_text_is_split_in_time_proportional_to_it(unit):
    short, short_s = timed(unit * (2**15 // len(unit)))
    long, long_s = timed(unit * (2**18 // len(unit)))

    assert long_s < 8 * 2.6 * max(short_s, 0.01)
    assert len(short) <= len(long) <= MAX_SENTENCES


@pytest.mark.parametrize("unit", ["a", ".", "\n", " ", "a. ", "•"], ids=ascii)
def test_a_mebibyte_is_split_in_bounded_time(unit):
    spans, spent_s = timed(unit * (2**20 // len(unit)))

    assert len(spans) <= MAX_SENTENCES
    assert spent_s < 15.0  # of CPU; 262,144 sentences took under one

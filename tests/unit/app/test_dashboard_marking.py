import random

import pytest

from app.dashboard.marking import Piece, Stretch, excerpt_with, marked, stretches_of

TEXT = "Hi! What is the price? May we see a demo?"


def test_overlapping_stretches_are_cut_where_they_begin_and_end():
    pieces = marked("abcdef", [Stretch(1, 4, "x"), Stretch(3, 5, "y")])

    assert pieces == (
        Piece("a"),
        Piece("bc", ("x",)),
        Piece("d", ("x", "y")),
        Piece("e", ("y",)),
        Piece("f"),
    )


def test_a_part_of_a_text_has_the_stretches_that_lie_in_it():
    assert marked("cde", [Stretch(0, 3, "x"), Stretch(9, 12, "y")], offset=2) == (
        Piece("c", ("x",)),
        Piece("de"),
    )


def test_nothing_of_a_text_is_lost_whatever_is_marked():
    drawn = random.Random(7)
    for _ in range(2_000):
        text = "".join(drawn.choices("ab 🙂é\n", k=drawn.randrange(12)))
        spans = [sorted(drawn.choices(range(-3, 16), k=2)) for _ in range(drawn.randrange(4))]
        pieces = marked(text, [Stretch(*span, "x") for span in spans], offset=drawn.randrange(3))

        assert "".join(piece.text for piece in pieces) == text
        assert all(piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("excerpt", "sentence", "pieces"),
    [
        (TEXT, "What is the price?", ("Hi! ", "What is the price?", " May we see a demo?")),
        ("Hi! What is the pri", "What is the price?", ("Hi! ", "What is the pri")),
        ("Hello", "Something further down", ("… ", "Something further down")),
        ("Hello", "", ("Hello",)),
    ],
)
def test_a_sentence_is_marked_in_an_excerpt_or_stands_for_it(excerpt, sentence, pieces):
    found = excerpt_with(excerpt, sentence, "pricing")

    assert tuple(piece.text for piece in found) == pieces
    assert [piece.text for piece in found if piece.labels] == (
        [one for one in pieces if one and sentence.startswith(one)] if sentence else []
    )


def test_evidence_is_told_by_the_field_that_it_stands_in():
    evidence = {
        "pricing": {"field": "text", "start": 4, "end": 22},
        "demo": {"field": "subject", "start": 0, "end": 3},
    }

    assert stretches_of({"evidence": evidence}, "text") == (Stretch(4, 22, "pricing"),)
    assert stretches_of({"evidence": evidence}, "subject") == (Stretch(0, 3, "demo"),)
    assert stretches_of({}, "text") == ()

import random

import pytest

from training.augment import augmenting, mistype
from training.dataset import Example

LONG = "Could you tell us what the smallest package costs for a school of our size? " * 3


def example(number, text=LONG, **labels):
    labels = {"intents": ("pricing",), "urgency": ("low",)} | labels
    return Example(
        id=f"x-{number}", subject="Prices", text=text, channel="email", language="en", labels=labels
    )


TALK = [example(i, f"Thanks for the newsletter {i}", intents=("other",)) for i in range(20)]
WISHES = [example(i) for i in range(400)]


def test_an_epoch_has_every_example_in_its_place():
    epoch = augmenting([*WISHES, *TALK], seed=1)(0)

    assert [e.id for e in epoch] == [e.id for e in [*WISHES, *TALK]]
    assert all(e.labels["intents"] == ("pricing",) for e in epoch[: len(WISHES)])


def test_the_seed_and_the_number_make_an_epoch():
    epochs = augmenting(WISHES, seed=1)

    assert epochs(0) == augmenting(WISHES, seed=1)(0)
    assert epochs(0) != epochs(1)
    assert epochs(0) != augmenting(WISHES, seed=2)(0)


def test_most_messages_stay_as_they_were_written():
    epoch = augmenting([*WISHES, *TALK], seed=1)(0)

    same = sum(was == now for was, now in zip(WISHES, epoch, strict=False))
    assert 0.4 * len(WISHES) < same < 0.8 * len(WISHES)


def test_a_buried_message_keeps_its_intents_and_no_other_answer():
    epoch = augmenting([*WISHES, *TALK], seed=1)(0)

    buried = [e for e in epoch[: len(WISHES)] if "newsletter" in e.text]
    assert len(buried) > 0.05 * len(WISHES)
    assert all(e.labels == {"intents": ("pricing",)} for e in buried)
    assert sum(LONG.strip() in e.text for e in buried) > 0.5 * len(buried)  # others have slips


def test_what_wishes_nothing_is_read_among_more_of_it_now_and_then():
    piled = [e for e in augmenting(TALK * 10, seed=1)(0) if len(e.text) > 60]

    assert 0.1 < len(piled) / (len(TALK) * 10) < 0.3
    assert all(e.labels == {"intents": ("other",)} for e in piled)


def minutes(number):
    text = " ".join(f"The committee took note of item {number}-{i} and went on." for i in range(12))
    return example(number, text, intents=("other",))


def test_messages_are_buried_in_long_talk_where_there_is_enough_of_it():
    epoch = augmenting([*WISHES, *TALK, *map(minutes, range(50))], seed=1)(0)

    buried = [e for e in epoch[: len(WISHES)] if e.labels == {"intents": ("pricing",)}]
    assert len(buried) > 0.1 * len(WISHES)
    assert not any("newsletter" in e.text for e in buried)


def test_long_talk_is_read_in_pieces_now_and_then():
    talk = [minutes(number) for number in range(200)]

    pieces = [e for e in augmenting(talk, seed=1)(0) if len(e.text.split()) <= 40]

    assert 0.3 < len(pieces) / len(talk) < 0.5
    assert all(e.labels == {"intents": ("other",)} and not e.subject for e in pieces)


def test_a_message_that_fills_a_window_is_not_buried():
    long = [example(i, LONG * 5) for i in range(100)]

    assert not any("newsletter" in e.text for e in augmenting([*long, *TALK], seed=1)(0)[:100])


def test_data_without_intents_are_varied_as_well():
    plain = [
        Example(
            id=str(i), subject="", text=LONG, channel=None, language=None, labels={"label": ("a",)}
        )
        for i in range(50)
    ]

    epoch = augmenting(plain, seed=1)(0)

    assert {e.labels["label"] for e in epoch} == {("a",)}


@pytest.mark.parametrize("seed", range(30))
def test_a_slip_changes_a_word_by_a_letter_or_two_and_leaves_its_ends(seed):
    found = mistype("licence", 1.0, random.Random(seed))

    assert abs(len(found) - len("licence")) <= 1
    assert found[0] == "l"
    assert sum(a != b for a, b in zip(found, "licence", strict=False)) <= 7


def test_short_words_and_the_share_are_respected():
    order = random.Random(1)

    assert mistype("how are you all", 1.0, order) == "how are you all"
    assert mistype(LONG, 0.0, order) == LONG
    changed = sum(
        a != b for a, b in zip(LONG.split(" "), mistype(LONG, 1.0, order).split(" "), strict=True)
    )
    assert changed > 0.7 * sum(len(word) >= 4 for word in LONG.split(" "))

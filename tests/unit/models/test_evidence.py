import math
import random

import pytest
from support_predict import WORDS, predict_by_word

from models.evidence import (
    ALONE_SHARE,
    BLOCK_CHARS,
    MAX_CANDIDATES,
    MAX_LABELS,
    Asked,
    Evidence,
    explained,
    find_evidence,
)
from models.text.compose import compose_text

DEMO, PRICE = "Could we see a demo?", "What is the price?"


class Score:
    """Hears intents in words, and keeps what it was asked."""

    def __init__(self, score=lambda texts: [said.intents for said in predict_by_word(texts)]):
        self._score = score
        self.batches = []

    def __call__(self, texts):
        self.batches.append(list(texts))
        return self._score(texts)


def asked(text, *labels, subject=""):
    return Asked(subject=subject, text=text, labels=labels or ("demo_request", "pricing"))


def sentences(text, *labels, subject="", score=None):
    (found,) = find_evidence([asked(text, *labels, subject=subject)], score or Score())
    return {label: one.sentence for label, one in found.items()}


def log_odds(share):
    return math.log(share / (1 - share))


def test_each_label_is_carried_by_its_own_sentence():
    text = f"Hello.\n\n{PRICE} We are forty.\n- {DEMO}\nBye"

    (found,) = find_evidence([asked(text)], Score())

    assert {label: (one.sentence, one.field) for label, one in found.items()} == {
        "demo_request": (DEMO, "text"),
        "pricing": (PRICE, "text"),
    }
    for one in found.values():
        assert text[one.start : one.end] == one.sentence


def test_all_texts_of_all_messages_are_scored_in_one_batch_and_each_once():
    score = Score()
    text = f"{PRICE} {DEMO}"

    find_evidence([asked(text), asked(text, "pricing"), asked(f"Hello. {text}")], score)

    (batch,) = score.batches
    assert len(batch) == len(set(batch))
    assert set(batch) == {
        *(text, PRICE, DEMO),
        *(f"Hello. {text}", "Hello.", f"Hello. {DEMO}", f"Hello. {PRICE}"),
    }


def test_what_was_said_of_the_whole_message_is_not_asked_again():
    text = f"{PRICE} {DEMO}"
    (prediction,) = predict_by_word([text])
    score, anew = Score(), Score()

    found = find_evidence([Asked.about("", text, prediction)], score)

    assert found == find_evidence([asked(text)], anew)
    assert sorted([*score.batches[0], text]) == sorted(anew.batches[0])


def test_a_merit_is_what_removal_costs_and_a_share_of_what_the_sentence_says_alone():
    said = {"A one. B two.": 0.9, "B two.": 0.6, "A one.": 0.8}

    (found,) = find_evidence(
        [asked("A one. B two.", "pricing")], lambda texts: [{"pricing": said[t]} for t in texts]
    )

    first = log_odds(0.9) - log_odds(0.6) + ALONE_SHARE * log_odds(0.8)
    second = log_odds(0.9) - log_odds(0.8) + ALONE_SHARE * log_odds(0.6)
    assert found["pricing"] == Evidence(
        sentence="A one.",
        field="text",
        start=0,
        end=6,
        weight=round(1 / (1 + math.exp(second - first)), 4),
    )


def test_a_message_of_one_sentence_needs_no_model():
    score = Score()

    (found,) = find_evidence([asked("what is the price", "pricing")], score)

    assert found["pricing"].as_dict() == {
        "sentence": "what is the price",
        "field": "text",
        "start": 0,
        "end": 17,
        "weight": 1.0,
    }
    assert score.batches == []


def test_the_subject_carries_a_label_that_only_it_names():
    (found,) = find_evidence([asked("Hello. Bye.", "pricing", subject="Re: price list")], Score())

    assert found["pricing"].field == "subject"
    assert found["pricing"].sentence == "Re: price list"


def test_of_equals_the_text_comes_before_the_subject_and_the_first_before_the_last():
    (found,) = find_evidence([asked("price\nprice", "pricing", subject="price")], Score())

    assert (found["pricing"].field, found["pricing"].start) == ("text", 0)


def test_offsets_count_code_points_of_what_was_sent():
    text = "🚀 hello\u200b &amp; \x00welcome.\r\n   What is  the\tprice 🚀?\r\n"

    (found,) = find_evidence([asked(text, "pricing")], Score())

    one = found["pricing"]
    assert text[one.start : one.end] == "What is  the\tprice 🚀?"
    assert one.sentence == "What is the price 🚀?"


def test_what_would_move_a_terminals_cursor_is_not_in_the_sentence():
    assert sentences("\x1b[31mprice\u202e\ud800 لا\u200cxy. Hello.", "pricing") == {
        "pricing": "[31mprice لا\u200cxy."
    }


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_message_without_a_sentence_has_no_evidence(text):
    assert sentences(text) == {}


def test_no_labels_no_messages_no_evidence():
    assert find_evidence([], Score()) == []
    assert find_evidence([Asked(subject="", text=DEMO, labels=())], Score()) == [{}]


@pytest.mark.parametrize("place", [0, 75, 150, 299])
def test_in_a_long_message_the_sentences_that_say_most_are_tried(place):
    lines = [f"Nothing of note in line {n}." for n in range(300)]
    lines[place] = PRICE
    lines[200] = DEMO
    score = Score()

    assert sentences("\n".join(lines), score=score) == {"demo_request": DEMO, "pricing": PRICE}
    first, second = score.batches
    assert len(first) == 300
    assert len(second) <= 2 * MAX_CANDIDATES
    assert max(map(len, second)) <= BLOCK_CHARS


def test_the_subject_is_read_with_the_beginning_alone():
    lines = [f"Nothing of note in line {n}." for n in range(300)]
    score = Score()

    sentences("\n".join(lines), subject="price", score=score)

    texts = [text for text in score.batches[1] if text.startswith("price ")]
    assert texts
    assert all("line 0." in text or "line 1." in text for text in texts)


def test_many_labels_are_told_of_as_far_as_the_bound_goes():
    labels = [f"label {n}" for n in range(30)]
    score = Score(lambda texts: [dict.fromkeys(labels, 0.5) for _ in texts])

    assert list(sentences("a\n" * 99, *labels, score=score)) == labels[:MAX_LABELS]


def test_sure_probabilities_have_log_odds_too():
    score = Score(lambda texts: [{"pricing": 1.0 if "price" in text else 0.0} for text in texts])

    (found,) = find_evidence([asked("Hello. The price?", "pricing")], score)

    assert (found["pricing"].sentence, found["pricing"].weight) == ("The price?", 1.0)


@pytest.mark.parametrize(
    ("text", "labels"),
    [("demo, price", ("demo_request", "pricing")), ("hello", ("other",))],
    ids=["labels", "abstained"],
)
def test_the_labels_that_count_are_asked_for_and_else_the_most_probable_one(text, labels):
    (prediction,) = predict_by_word([text])

    kept = {"subject": "s", "text": text, "labels": labels}
    assert Asked.about("s", text, prediction) == Asked(**kept, said=prediction.intents)
    assert Asked.about("s", text, prediction, is_all=False) == Asked(**kept)


def test_a_prediction_says_its_evidence_in_json():
    (prediction,) = predict_by_word([PRICE])
    (found,) = find_evidence([Asked.about("", PRICE, prediction)], Score())

    assert explained(prediction, found) == {
        **prediction.as_dict(),
        "evidence": {"pricing": found["pricing"].as_dict()},
    }


def test_any_text_gets_evidence_that_stands_in_it():
    order = random.Random(5)
    pieces = [
        *(*WORDS.values(), ".", "!", "?", " ", " ", "\n", "\n\n", "\r\n", "- ", "> ", "<br>"),
        *("z.B.", "価格。", "😀", "\ud83d", "\x00", "\u200b", "e\u0301", "&nbsp;", "word " * 60),
    ]
    messages = []
    for _ in range(1_000):
        subject, text = ("".join(order.choices(pieces, k=order.randint(0, 20))) for _ in range(2))
        (prediction,) = predict_by_word([compose_text(subject, text)])
        messages.append(Asked.about(subject, text, prediction))

    for message, found in zip(messages, find_evidence(messages, Score()), strict=True):
        heard = [label for label in message.labels if label in WORDS]
        for label in heard:
            one = found[label]
            field = message.subject if one.field == "subject" else message.text
            assert WORDS[label] in compose_text("", field[one.start : one.end]), ascii(message)
            assert 0 < one.weight <= 1

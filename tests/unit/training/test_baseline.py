import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline

from models.labels import Head
from training.baseline import fit_baseline
from training.dataset import Example

INTENTS = Head("intents", ("demo", "price", "other"), "multi")
URGENCY = Head("urgency", ("low", "normal", "high"), "single")
DEMO, PRICE, OTHER = "please show us the product", "what does it cost", "kind regards from here"
NAMES = ["anna", "bo", "cleo", "dag", "eva", "finn", "gus", "hedda", "ida", "jon"]


def example(text, **labels):
    heads = {name: tuple(found.split()) for name, found in labels.items()}
    return Example(id=text, subject="", text=text, channel=None, language=None, labels=heads)


TRAIN = [
    example(f"{name} {text}", intents=intents, urgency=urgency)
    for name in NAMES
    for text, intents, urgency in [
        (f"{DEMO} today", "demo", "high"),
        (f"{PRICE} whenever", "price", "low"),
        (f"{OTHER}", "other", "normal"),
        (f"{DEMO} and {PRICE}", "demo price", "normal"),
    ]
]


def test_it_answers_each_question_from_words():
    predict = fit_baseline([INTENTS, URGENCY], TRAIN, seed=0)

    found = predict(["kim please show us and what does it cost", "kim whenever"])

    assert (found["intents"][0] > 0.5).tolist() == [True, True, False]
    assert found["urgency"].argmax(axis=1).tolist() == [1, 0]
    assert found["urgency"].sum(axis=1) == pytest.approx([1.0, 1.0])
    assert {name: (rows.shape, rows.dtype.name) for name, rows in found.items()} == {
        "intents": ((2, 3), "float32"),
        "urgency": ((2, 3), "float32"),
    }


def test_several_labels_are_one_against_the_rest_as_scikit_learn_fits_them():
    shared = {"sublinear_tf": True, "dtype": np.float32}
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\b\w+\b", **shared)
    pieces = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), **shared)
    one = LogisticRegression(C=10.0, solver="liblinear", tol=1e-3, random_state=7)
    oracle = make_pipeline(FeatureUnion([("w", words), ("p", pieces)]), OneVsRestClassifier(one))
    held = np.array([[label in e.labels["intents"] for label in INTENTS.labels] for e in TRAIN])
    oracle.fit([e.composed for e in TRAIN], held.astype(int))
    texts = [DEMO, PRICE, "anna and bo", "", "完全に別の文"]

    found = fit_baseline([INTENTS], TRAIN, seed=7)(texts)["intents"]

    assert found == pytest.approx(oracle.predict_proba(texts), abs=1e-6)


def test_a_row_that_lacks_a_head_teaches_it_nothing():
    lacking = [example(f"{i} {DEMO} today", intents="demo") for i in range(100)]
    predict = fit_baseline([URGENCY], [*TRAIN, *lacking], seed=0)

    assert predict([f"{DEMO} today"])["urgency"].argmax() == 2


def test_a_label_that_training_never_saw_is_never_given():
    train = [e for e in TRAIN if e.labels["urgency"] != ("low",)]

    found = fit_baseline([URGENCY], train, seed=0)([PRICE, OTHER])["urgency"]

    assert found[:, 0] == pytest.approx([0.0, 0.0], abs=1e-9)
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_where_all_rows_agree_there_is_nothing_to_learn():
    train = [example(f"{name} {DEMO}", intents="demo", urgency="high") for name in NAMES]

    found = fit_baseline([INTENTS, URGENCY], train, seed=0)([PRICE])

    assert found["intents"][0] == pytest.approx([1.0, 0.0, 0.0], abs=1e-9)
    assert found["urgency"][0] == pytest.approx([0.0, 0.0, 1.0], abs=1e-9)


def test_the_same_seed_gives_the_same_probabilities():
    first, again = (fit_baseline([INTENTS], TRAIN, seed=3)([DEMO, PRICE]) for _ in range(2))

    assert first["intents"].tolist() == again["intents"].tolist()


def test_a_feature_seen_in_one_of_many_texts_is_left_out():
    many = [
        example(f"{e.text} {i}", intents=" ".join(e.labels["intents"]))
        for i, e in enumerate(TRAIN * 5)
    ]
    odd = example("qzqzqz", intents="other")  # letters that no other text has
    predict = fit_baseline([INTENTS], [*many, odd], seed=0)

    assert predict(["qzqzqz"])["intents"].tolist() == predict(["完全に"])["intents"].tolist()

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_recall_fscore_support,
)

from models.artifact import Manifest
from models.calibration import Calibration, probabilities
from models.classifier import IntentClassifier
from models.labels import Head
from models.types import Windows
from training.dataset import Example
from training.metrics import (
    comparison,
    evaluate,
    evaluate_head,
    f1_view,
    head_targets,
    intent_decisions,
    slice_comparison,
    slice_rows,
)
from training.metrics.comparison import MISSING
from training.metrics.scores import (
    BINS,
    average_precision,
    calibration_error,
    calibration_floor,
    macro_f1,
    macro_f1_interval,
    reliability_bins,
)

INTENTS = Head("intents", ("demo", "price", "help", "other"), "multi")
URGENCY = Head("urgency", ("low", "normal", "high"), "single")


def multi_data(seed, rows=300):
    rng = np.random.default_rng(seed)
    targets = (rng.random((rows, 4)) < [0.3, 0.2, 0.5, 0.1]).astype(np.float32)
    noisy = 0.5 + 0.3 * (targets - 0.5) + rng.normal(0, 0.25, targets.shape)
    return np.clip(noisy, 0, 1).round(2).astype(np.float32), targets  # rounded: ties on purpose


def single_data(seed, rows=300):
    rng = np.random.default_rng(seed)
    chosen = rng.integers(3, size=rows)
    logits = rng.normal(size=(rows, 3)) + 1.5 * np.eye(3)[chosen]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities.astype(np.float32), np.eye(3, dtype=np.float32)[chosen]


def example(id="x-1", language="en", channel="email", **labels):
    heads = {name: tuple(found.split()) for name, found in labels.items()}
    return Example(id=id, subject="", text="hi", channel=channel, language=language, labels=heads)


@pytest.mark.parametrize("seed", range(8))
def test_a_multi_label_head_scores_as_scikit_learn_says(seed):
    probabilities, targets = multi_data(seed)
    decided = f1_view(probabilities)

    metrics = evaluate_head(INTENTS, probabilities, targets)

    assert metrics.macro_f1 == pytest.approx(f1_score(targets, decided, average="macro"))
    assert metrics.micro_f1 == pytest.approx(f1_score(targets, decided, average="micro"))
    assert metrics.exact_match == pytest.approx(accuracy_score(targets, decided))
    assert metrics.served is None


@pytest.mark.parametrize("seed", range(8))
def test_each_label_scores_as_scikit_learn_says(seed):
    probabilities, targets = multi_data(seed)
    oracle = precision_recall_fscore_support(targets, f1_view(probabilities), zero_division=np.nan)

    labels = evaluate_head(INTENTS, probabilities, targets).labels.values()

    found = [(m.precision, m.recall, m.f1, m.support) for m in labels]
    assert found == [pytest.approx(column) for column in zip(*oracle, strict=True)]
    for i, metrics in enumerate(labels):
        column = targets[:, i], probabilities[:, i].astype(float)
        assert metrics.average_precision == pytest.approx(average_precision_score(*column))
        assert metrics.brier == pytest.approx(brier_score_loss(*column))


@pytest.mark.parametrize("seed", range(8))
def test_a_single_choice_head_scores_as_scikit_learn_says(seed):
    probabilities, targets = single_data(seed)
    chosen, right = probabilities.argmax(axis=1), targets.argmax(axis=1)

    metrics = evaluate_head(URGENCY, probabilities, targets)

    assert metrics.rows == 300
    assert metrics.accuracy == pytest.approx(accuracy_score(right, chosen))
    assert metrics.macro_f1 == pytest.approx(f1_score(right, chosen, average="macro"))
    assert metrics.ece == calibration_error(probabilities.max(axis=1), chosen == right)


def test_a_label_that_never_holds_is_left_out_of_macro_f1_and_has_no_recall():
    targets = np.array([[1, 0, 0], [0, 1, 0]], dtype=np.float32)
    probabilities = np.array([[0.9, 0.1, 0.8], [0.2, 0.1, 0.1]], dtype=np.float32)

    metrics = evaluate_head(Head("h", ("a", "b", "c"), "multi"), probabilities, targets)

    # a: given to both, the second because an answer is due; b: never given; c: given once, wrong
    assert metrics.macro_f1 == pytest.approx((2 / 3 + 0) / 2)
    assert [(m.precision, m.recall, m.f1) for m in metrics.labels.values()] == [
        (0.5, 1.0, pytest.approx(2 / 3)),
        (None, 0.0, 0.0),
        (0.0, None, None),
    ]
    assert metrics.labels["c"].average_precision is None


def test_the_f1_view_always_answers_and_the_served_rule_abstains():
    probabilities = np.array([[0.5, 0.7, 0.1], [0.4, 0.3, 0.2]], dtype=np.float32)

    assert f1_view(probabilities).tolist() == [[True, True, False], [True, False, False]]
    assert intent_decisions(probabilities, [0.6, 0.7, 0.1]).tolist() == [
        [False, True, True],  # serving looks at four digits, so 0.7 in float32 is no less than 0.7
        [False, False, True],
    ]
    assert not intent_decisions(probabilities, [0.9, 0.9, 0.9]).any()


def test_the_served_rule_is_that_of_the_classifier_itself():
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 2, (500, 4)).astype(np.float32)
    answers = probabilities(INTENTS, logits, Calibration.identity(4))
    # each is the probability of some messages, so that it matters how they are rounded
    thresholds = [round(float(answers[i, i]), 4) for i in range(4)]
    manifest = Manifest(
        version="v",
        heads=(INTENTS,),
        max_length=8,
        calibration={"intents": Calibration.identity(4)},
        thresholds=dict(zip(INTENTS.labels, thresholds, strict=True)),
    )
    classifier = IntentClassifier(
        tokenize=lambda texts: Windows(
            [[i] for i in range(len(texts))], np.arange(len(texts)), [False] * len(texts)
        ),
        network=lambda ids: {"intents": logits},
        manifest=manifest,
        detect_language=lambda text: "en",
    )
    served = [set(prediction.labels) for prediction in classifier.predict(["x"] * 500)]

    decided = intent_decisions(answers, thresholds)
    assert [set(np.array(INTENTS.labels)[row]) for row in decided] == served


def test_the_served_rule_is_measured_as_a_caller_sees_it():
    targets = np.array([[1, 0], [1, 1], [0, 1], [0, 1]], dtype=np.float32)
    probabilities = np.array([[0.9, 0.8], [0.9, 0.2], [0.1, 0.2], [0.1, 0.9]], dtype=np.float32)
    head = Head("h", ("a", "b"), "multi")

    served = evaluate_head(
        head, probabilities, targets, intent_decisions(probabilities, [0.5, 0.5])
    ).as_dict()["served"]

    assert served == {
        "precision": 0.75,
        "recall": 0.6,
        "coverage": 0.75,
        "abstained": 0.25,
        "labels": {
            "a": {"given": 2, "precision": 1.0, "recall": 1.0},
            "b": {"given": 2, "precision": 0.5, "recall": 0.333333},
        },
    }


def test_calibration_error_is_the_hand_computed_one():
    # 30 rows make 15 bins of two: ten bins of (0.2, 0.2) with none right, five of (0.8, 0.8)
    probabilities = np.array([0.2] * 20 + [0.8] * 10)
    targets = np.array([0] * 20 + [1] * 10)

    assert calibration_error(probabilities, targets) == pytest.approx(0.2)
    assert calibration_error(np.array([0.25, 0.75]), np.array([1, 1])) == pytest.approx(0.5)


def ece_by_loop(probabilities, targets):
    """Equal-mass bins, written the long way; needs probabilities without ties."""
    ranked = sorted(zip(probabilities.tolist(), targets.tolist(), strict=True))
    sizes = [len(ranked) // BINS + (i < len(ranked) % BINS) for i in range(BINS)]
    error = 0.0
    for size in sizes:
        part, ranked = ranked[:size], ranked[size:]
        gap = sum(p for p, _ in part) / size - sum(t for _, t in part) / size
        error += size * abs(gap)
    return error / len(probabilities)


@pytest.mark.parametrize("seed", range(20))
def test_calibration_error_is_that_of_a_plain_loop(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(BINS, 400))
    probabilities = rng.permutation(np.linspace(0, 1, rows))
    targets = (rng.random(rows) < probabilities**2).astype(float)

    assert calibration_error(probabilities, targets) == pytest.approx(
        ece_by_loop(probabilities, targets)
    )


def test_calibration_error_of_tied_probabilities_does_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(3)
    probabilities = rng.integers(0, 5, 200) / 5
    targets = (rng.random(200) < 0.4).astype(float)
    orders = [rng.permutation(200) for _ in range(20)] + [np.argsort(targets)]

    errors = [calibration_error(probabilities[o], targets[o]) for o in orders]

    assert errors == [pytest.approx(errors[0])] * len(errors)


def test_a_calibrated_classifier_has_less_error_than_one_that_is_too_sure():
    rng = np.random.default_rng(0)
    true = rng.random(20_000)
    holds = (rng.random(20_000) < true).astype(float)
    sure = 1 / (1 + np.exp(-4 * np.log(true / (1 - true))))

    assert calibration_error(true, holds) < 0.02
    assert calibration_error(sure, holds) > 0.1


def test_reliability_bins_hold_every_row_once():
    sizes, predicted, held = reliability_bins(np.linspace(0, 1, 100), np.arange(100) % 2)

    assert sizes.sum() == 100
    assert set(sizes.tolist()) == {6, 7}
    assert (np.diff(predicted) > 0).all()
    assert ((held >= 0) & (held <= 1)).all()


@pytest.mark.parametrize("seed", range(10))
def test_average_precision_of_tied_scores_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    scores, holds = rng.integers(0, 4, 60) / 4, rng.random(60) < 0.3

    assert average_precision(scores, holds) == pytest.approx(average_precision_score(holds, scores))


def test_the_interval_is_that_of_a_plain_bootstrap():
    probabilities, targets = multi_data(1, rows=120)
    decided = f1_view(probabilities)
    rng = np.random.default_rng(99)
    means = []
    for _ in range(1_000):
        rows = rng.integers(120, size=120)
        means.append(f1_score(targets[rows], decided[rows], average="macro"))

    low, high = macro_f1_interval(decided, targets)

    expected_low, expected_high = np.percentile(means, [2.5, 97.5])
    assert (low, high) == pytest.approx((expected_low, expected_high), abs=0.02)
    assert high - low == pytest.approx(expected_high - expected_low, rel=0.08)
    assert low < macro_f1(decided, targets) < high
    assert macro_f1_interval(decided, targets) == (low, high)


def test_an_evaluation_of_700_rows_takes_less_than_two_seconds():
    probabilities, targets = multi_data(1, rows=700)
    examples = [
        example(f"a-{i}", intents=" ".join(np.array(INTENTS.labels)[row > 0]))
        for i, row in enumerate(targets)
    ]
    started = time.process_time()

    evaluate([INTENTS], examples, {"intents": probabilities}, {})

    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    "probabilities",
    [
        np.zeros((0, 4)),
        np.zeros((2, 3)),
        np.full((2, 4), np.nan),
        np.full((2, 4), 1.1),
        np.full((2, 4), -0.1),
    ],
    ids=["no rows", "a label too few", "NaN", "over one", "below zero"],
)
def test_what_are_no_probabilities_is_refused(probabilities):
    with pytest.raises(ValueError, match="head intents: need"):
        evaluate_head(INTENTS, probabilities, np.zeros((len(probabilities), 4)))


def test_the_floor_is_what_true_probabilities_show_on_average():
    rng = np.random.default_rng(5)
    true = rng.random(300) ** 2
    errors = [calibration_error(true, rng.random(300) < true) for _ in range(400)]

    assert calibration_floor(true) == pytest.approx(np.mean(errors), rel=0.05)
    assert calibration_floor(true) == calibration_floor(rng.permutation(true))


def test_the_floor_falls_with_more_examples_and_is_nothing_where_all_is_certain():
    few, many = (calibration_floor(np.linspace(0, 1, rows)) for rows in (60, 6_000))

    assert few > 3 * many > 0
    assert calibration_floor(np.array([0.0, 1.0] * 20)) == 0.0
    assert calibration_floor(np.array([0.5])) == 0.5


def test_slices_are_named_by_language_channel_length_block_and_file():
    examples = [
        example("a-000", "en", "email"),
        example("ml1-017", "sv", "chat"),
        example("s-9", "en", None),
        example("mail-1", None, "chat"),
        example("l1-2", "sv", "chat"),
    ]

    found = {name: rows.tolist() for name, rows in slice_rows(examples).items()}

    assert found == {
        "overall": [0, 1, 2, 3, 4],
        "english": [0, 2],
        "other languages": [1, 4],
        "block=hard": [0],
        "block=multilingual": [1],
        "block=plain": [2],
        "channel=chat": [1, 3, 4],
        "channel=email": [0],
        "ids=a": [0],
        "ids=l1": [4],
        "ids=mail": [3],
        "ids=ml1": [1],
        "ids=s": [2],
        "language=en": [0, 2],
        "language=sv": [1, 4],
        "length=under 50": [0, 1, 2, 3, 4],
    }


def test_lengths_are_slices_from_short_to_long():
    lengths = (1_000, 49, 50, 149, 150, 399, 400, 999, 5_000)
    examples = [replace(example(), text="x" * length) for length in lengths]

    found = {name: rows.tolist() for name, rows in slice_rows(examples).items()}

    assert [(name, rows) for name, rows in found.items() if name.startswith("length=")] == [
        ("length=under 50", [1]),
        ("length=50 to 149", [2, 3]),
        ("length=150 to 399", [4, 5]),
        ("length=400 to 999", [6, 7]),
        ("length=1000 and more", [0, 8]),
    ]


def test_a_slice_of_few_rows_has_its_size_and_no_figure():
    metrics = evaluation(rows=44)  # 15 of them English

    english, others = (metrics["slices"][name] for name in ("english", "other languages"))

    assert english["heads"]["intents"] == {"rows": 15}
    assert others["rows"] == 29
    assert evaluation(rows=45)["slices"]["other languages"]["heads"]["intents"]["macro_f1"] > 0


def test_all_rows_have_figures_however_few_they_are():
    metrics = evaluation(rows=6)

    whole = metrics["slices"]["overall"]["heads"]["intents"]
    assert whole["macro_f1"] == metrics["heads"]["intents"]["macro_f1"]


def test_a_slice_keeps_calibration_and_brier_score_of_each_label():
    metrics = evaluation(rows=90)
    part = metrics["slices"]["language=sv"]["heads"]["intents"]

    assert list(part["labels"]) == list(INTENTS.labels)
    assert list(part["labels"]["demo"]) == ["support", "f1", "ece", "ece_floor", "brier"]
    briers = [scores["brier"] for scores in part["labels"].values()]
    assert part["brier"] == pytest.approx(np.mean(briers), abs=1e-6)


def test_decisions_that_serving_made_are_measured_instead_of_thresholds():
    examples = [example(intents="demo"), example(intents="demo")]
    probabilities = np.array([[0.9, 0, 0, 0], [0.9, 0, 0, 0]], dtype=np.float32)
    given = np.array([[1, 0, 0, 0], [0, 0, 0, 0]], dtype=np.bool_)

    found = evaluate(
        [INTENTS], examples, {"intents": probabilities}, {}, decisions={"intents": given}
    )

    assert found.heads["intents"].served.coverage == 0.5


@pytest.mark.parametrize(
    ("ids", "block"),
    [
        ("abc", "hard"),
        ("ds", "plain"),
        ("ef", "middle"),
        ("gi", "contrast"),
        (["ml3"], "multilingual"),
    ],
)
def test_every_block_of_the_corpus_is_a_slice(ids, block):
    slices = slice_rows([example(f"{prefix}-001") for prefix in ids])

    assert slices[f"block={block}"].tolist() == list(range(len(ids)))


def test_a_thousand_channels_do_not_make_a_thousand_slices():
    examples = [example(channel=f"c{i}") for i in range(1_000)] + [example(channel="big")] * 2

    slices = slice_rows(examples)

    assert len(slices) == 2 + 60
    assert slices["channel=big"].tolist() == [1_000, 1_001]


def test_rows_that_lack_a_head_do_not_count_for_it():
    examples = [
        example(intents="demo", urgency="low"),
        example(intents="price"),
        example(language="sv", intents="price"),
    ]
    intents = np.array([[0.9, 0, 0, 0], [0, 0.9, 0, 0], [0.9, 0, 0, 0]], dtype=np.float32)
    urgency = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]], dtype=np.float32)

    found = evaluate([INTENTS, URGENCY], examples, {"intents": intents, "urgency": urgency}, {})

    assert (found.heads["urgency"].rows, found.heads["urgency"].accuracy) == (1, 1.0)
    assert (found.heads["intents"].rows, found.heads["intents"].exact_match) == (3, 2 / 3)
    assert list(found.slices["other languages"].heads) == ["intents"]


def test_thresholds_are_taken_by_label_whatever_their_order():
    examples = [example(intents="demo"), example(intents="other")]
    probabilities = np.array([[0.4, 0, 0, 0.3], [0.4, 0, 0, 0.6]], dtype=np.float32)
    thresholds = {"other": 0.5, "help": 0.5, "price": 0.5, "demo": 0.9}

    found = evaluate([INTENTS], examples, {"intents": probabilities}, {"intents": thresholds})

    assert found.heads["intents"].served.abstained == 0.5
    assert found.heads["intents"].served.precision == 1.0
    assert found.slices["english"].heads["intents"].served.coverage == 0.5


def test_an_unknown_label_is_named_by_its_example():
    with pytest.raises(ValueError, match="example x-1: unknown label of head urgency"):
        head_targets(URGENCY, [example(urgency="never")])


def test_metrics_are_json_that_repeats_to_the_byte():
    probabilities, targets = multi_data(5, rows=60)
    examples = [
        example(
            f"b-{i}", "sv" if i % 3 else "en", intents=" ".join(np.array(INTENTS.labels)[row > 0])
        )
        for i, row in enumerate(targets)
    ]

    first, again = (
        json.dumps(evaluate([INTENTS], examples, {"intents": probabilities}, {}).as_dict())
        for _ in range(2)
    )

    assert first == again
    raw = json.loads(first)
    assert list(raw) == ["rows", "heads", "slices"]
    assert list(raw["heads"]["intents"]) == [
        *("rows", "macro_f1", "macro_f1_interval", "micro_f1", "exact_match"),
        *("ece", "ece_floor", "brier", "labels", "served"),
    ]
    assert raw["heads"]["intents"]["ece"] == round(raw["heads"]["intents"]["ece"], 6)
    assert "served" in raw["slices"]["other languages"]["heads"]["intents"]


def evaluation(seed=0, rows=40):
    probabilities, targets = multi_data(seed, rows)
    urgency, urgencies = single_data(seed, rows)
    examples = [
        example(
            f"a-{i}",
            "sv" if i % 3 else "en",
            intents=" ".join(np.array(INTENTS.labels)[targets[i] > 0]),
            urgency=URGENCY.labels[urgencies[i].argmax()],
        )
        for i in range(rows)
    ]
    answers = {"intents": probabilities, "urgency": urgency}
    thresholds = {"intents": dict.fromkeys(INTENTS.labels, 0.5)}
    return evaluate([INTENTS, URGENCY], examples, answers, thresholds).as_dict()


def test_a_comparison_names_each_figure_once_and_reads_it_from_each_column():
    metrics = evaluation()
    demo = metrics["heads"]["intents"]["labels"]["demo"]

    rows = {row.name: row.cells for row in comparison({"this": metrics, "old": {"rows": 1}})}

    assert list(rows) == [
        "macro-F1",
        "  95 % interval",
        "  english",
        "  other languages",
        "exact match",
        "ECE",
        "Brier score",
        "served precision",
        "served coverage",
        "P, R, F1, ECE of",
        "  demo",
        "  price",
        "  help",
        "  other",
        "accuracy of",
        "  urgency",
    ]
    assert rows["  demo"] == (
        " ".join(f"{demo[score]:.2f}" for score in ("precision", "recall", "f1", "ece")),
        MISSING,
    )
    assert rows["  urgency"] == (f"{metrics['heads']['urgency']['accuracy']:.3f}", MISSING)
    assert rows["accuracy of"] == ("", "")


def test_slices_are_compared_with_their_sizes():
    metrics, baseline = evaluation(0, rows=100), evaluation(1, rows=100)

    rows = slice_comparison({"this": metrics, "baseline": baseline})

    assert [row.name for row in rows][:3] == [
        "overall (100)",
        "english (34)",
        "other languages (66)",
    ]
    assert rows[1].cells == tuple(
        f"{m['slices']['english']['heads']['intents']['macro_f1']:.3f}" for m in (metrics, baseline)
    )

import re
import shlex

import numpy as np
import pytest
from markdown_it import MarkdownIt

from models.labels import Head
from training.card import model_card
from training.config import TrainConfig
from training.data_report import data_report
from training.dataset import Example
from training.metrics import evaluate, head_targets

INTENTS = Head("intents", ("demo", "price", "help"), "multi")
URGENCY = Head("urgency", ("low", "high"), "single")


def example(i):
    return Example(
        id=f"a-{i:03}",
        subject="",
        text=f"never shown {i}",
        channel="chat",
        language="en" if i % 4 else "sv",
        labels={
            "intents": (INTENTS.labels[i % 3],),
            "urgency": (URGENCY.labels[i % 5 > 2],),
        },
    )


EXAMPLES = [example(i) for i in range(160)]
THRESHOLDS = {"demo": 0.61, "price": 0.52, "help": 0.999}


def measured(skill, thresholds):
    rng = np.random.default_rng(0)
    answers = {}
    for head in (INTENTS, URGENCY):
        targets = head_targets(head, EXAMPLES)[1]
        answers[head.name] = np.clip(
            skill * targets + (1 - skill) * rng.random(targets.shape), 0, 0.99
        ).astype(np.float32)
    return evaluate([INTENTS, URGENCY], EXAMPLES, answers, thresholds).as_dict()


METRICS = {"this model": measured(0.6, {"intents": THRESHOLDS}), "baseline": measured(0.2, {})}
MANIFEST = {
    "version": "20261125-1",
    "heads": {head.name: {"kind": head.kind, "labels": head.labels} for head in (INTENTS, URGENCY)},
    "max_length": 256,
    "thresholds": THRESHOLDS,
    "facts": {
        "base": {"name": "e5", "source": "multilingual-e5-small (MIT)", "sha256": "ab" * 32},
        "data": {"sha256": "cd" * 32},
        "config": {"base": "my base", "contrast_epochs": 2, "epochs": 4, "batch_size": 32}
        | {"precision": 0.9, "seed": 7},
        "libraries": {"torch": "2.13.0"},
        "python": "3.11.7",
        "finished": True,
    },
}
FACTS = data_report(EXAMPLES, [], splits={"train": 120, "test": 40}).as_dict() | {
    "written": "by hand for this project"
}


def sections(card):
    parts = re.split(r"^## (.+)$", card, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows_of(markdown):
    """Cells of every table row, as a Markdown reader sees them."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows, cell = [], None
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            cell = ""
        elif token.type == "inline" and cell is not None:
            rows[-1].append("".join(child.content for child in token.children))
        elif token.type in ("td_close", "th_close"):
            cell = None
    return rows


def test_the_card_tells_use_data_figures_limits_and_making():
    assert list(sections(model_card(MANIFEST, METRICS, FACTS))) == [
        "Intended use",
        "Questions and labels",
        "Base model",
        "Data",
        "Figures",
        "By slice",
        "Calibration",
        "Thresholds",
        "Limits",
        "How it was made",
    ]


def test_the_figures_are_those_of_the_measurement_beside_the_baseline():
    intents = [m["heads"]["intents"] for m in METRICS.values()]

    parts = sections(model_card(MANIFEST, METRICS, FACTS))

    assert ["", "this model", "baseline"] in rows_of(parts["Figures"])
    assert ["macro-F1", *[f"{m['macro_f1']:.3f}" for m in intents]] in rows_of(parts["Figures"])
    swedish = [m["slices"]["language=sv"]["heads"]["intents"]["macro_f1"] for m in METRICS.values()]
    assert ["language=sv (40)", *[f"{f1:.3f}" for f1 in swedish]] in rows_of(parts["By slice"])
    price = intents[0]["labels"]["price"]
    misses = [f"{price[key]:.3f}" for key in ("ece", "ece_floor", "brier")]
    assert ["intents: price", *misses] in rows_of(parts["Calibration"])
    part = METRICS["this model"]["slices"]["language=sv"]["heads"]["intents"]
    misses = [f"{part[key]:.3f}" for key in ("ece", "ece_floor", "brier")]
    assert ["sv (40)", *misses] in rows_of(parts["Calibration"])


def test_thresholds_stand_beside_what_they_gave():
    served = METRICS["this model"]["heads"]["intents"]["served"]
    demo = served["labels"]["demo"]

    part = sections(model_card(MANIFEST, METRICS, FACTS))["Thresholds"]

    expected = ["demo", "0.610", f"{demo['precision']:.3f}", f"{demo['recall']:.3f}"]
    assert expected in rows_of(part)
    assert ["help", "0.999", "–", "0.000"] in rows_of(part)
    assert "so that a lower bound of its precision keeps 0.9." in part
    assert f"no label: {served['abstained']:.3f}" in part


ROW = {
    **{"promised": 0.9, "threshold": 0.61, "support": 20, "given": 18, "right": 17},
    **{"precision": 0.944, "lower_bound": 0.83, "coverage": 0.85},
}


def test_promises_stand_beside_what_they_gave_for_channels_with_their_own_thresholds_too():
    promises = {
        "labels": {"demo": ROW},
        "channels": {"chat": {"rows": 50, "labels": {"demo": ROW | {"given": 9}}}},
    }

    part = sections(model_card(MANIFEST, METRICS, FACTS, {"promises": promises}))["Thresholds"]

    figures = ["demo", "0.900", "0.610", "0.944", "0.830", "0.850"]
    assert [*figures, "18", "20"] in rows_of(part)
    assert [*figures, "9", "20"] in rows_of(part)


def test_the_card_counts_what_changed_against_the_version_before():
    changes = {"version": "old", "compared": 90, "fixed": 4, "broken": 3}
    changes["wrong in another way"] = 2

    parts = sections(model_card(MANIFEST, METRICS, FACTS, {"changes": changes}))

    assert "Of 90 test messages" in parts["Against old"]
    assert "4 fixed, 3 broken, 2 wrong in another way" in parts["Against old"]
    why = {"changes": {"version": "old", "why": "it is *gone*"}}
    parts = sections(model_card(MANIFEST, METRICS, FACTS, why))
    assert "could not be compared: it is \\*gone\\*." in parts["Against old"]


def test_promises_by_intent_are_written_as_they_can_be_typed():
    config = {"precision": {"*": 0.8, "demo": 0.95}}
    manifest = MANIFEST | {"facts": {"config": config}}

    parts = sections(model_card(manifest, METRICS, FACTS))

    assert "--precision '*=0.8,demo=0.95'" in parts["How it was made"]
    assert "keeps \\*=0.8,demo=0.95." in parts["Thresholds"]


def test_every_number_of_the_card_comes_from_what_was_given():
    card = model_card(
        {"version": "v", "heads": {}, "max_length": 99, "thresholds": {}}, METRICS, {"rows": 160}
    )
    known = {f"{n:.3f}" for n in numbers(METRICS)} | {f"{n:.2f}" for n in numbers(METRICS)}

    figures = set(re.findall(r"\d+\.\d+", card)) - {"0.5"}  # the rule of the F1 view

    assert figures
    assert figures <= known


def numbers(value):
    if isinstance(value, dict):
        return [n for item in value.values() for n in numbers(item)]
    if isinstance(value, list):
        return [n for item in value for n in numbers(item)]
    return [value] if isinstance(value, float | int) else []


def test_data_are_told_in_counts_without_a_word_of_a_message():
    card = model_card(MANIFEST, METRICS, FACTS)

    part = sections(card)["Data"]
    assert part.strip().splitlines() == [
        "- 160 labelled messages (train 120, test 40)",
        "- languages: en 120, sv 40",
        "- channels: chat 160",
        "- intents: demo 54, help 53, price 53",
        "- urgency: low 96, high 64",
        "- written: by hand for this project",
    ]
    assert "never shown" not in card


def test_the_base_is_named_with_its_licence_and_digest():
    part = sections(model_card(MANIFEST, METRICS, FACTS))["Base model"]

    assert "- source: multilingual-e5-small (MIT)\n" in part
    assert f"- sha256: {'ab' * 32}\n" in part


def test_the_command_makes_the_model_again():
    part = sections(model_card(MANIFEST, METRICS, FACTS))["How it was made"]

    command = next(line for line in part.splitlines() if line.startswith("    python"))
    assert shlex.split(command) == [
        *("python", "-m", "training.train", "--base", "my base", "--contrast-epochs", "2"),
        *("--epochs", "4", "--batch-size", "32", "--precision", "0.9", "--seed", "7"),
    ]
    assert "ended early" not in part


def test_the_command_has_only_flags_that_training_knows():
    import typer

    from training.train import app

    manifest = MANIFEST | {"facts": {"config": {f: 1 for f in TrainConfig.__dataclass_fields__}}}
    part = sections(model_card(manifest, METRICS, FACTS))["How it was made"]

    flags = set(re.findall(r"--[\w-]+", part))
    known = {o for p in typer.main.get_command(app).params for o in p.opts}
    assert flags
    assert flags <= known


def test_a_run_that_was_ended_early_says_so():
    manifest = MANIFEST | {"facts": MANIFEST["facts"] | {"finished": False}}

    assert "Training was ended early" in model_card(manifest, METRICS, FACTS)


def test_the_limits_name_what_was_measured_and_the_weakest_head():
    part = sections(model_card(MANIFEST, METRICS, FACTS))["Limits"]

    assert "(test messages of each): en 120, sv 40." in part


def test_of_several_signals_the_least_certain_is_named():
    metrics = METRICS["this model"]
    heads = metrics["heads"] | {"mood": metrics["heads"]["urgency"] | {"accuracy": 0.123}}

    card = model_card(MANIFEST, {"this": metrics | {"heads": heads}}, FACTS)

    assert "The least certain head is mood: accuracy 0.123." in card


@pytest.mark.parametrize(
    "name",
    ["a|b", "<script>alert(1)</script>", "[x](http://e.example)", "`c`", "a\nb", "**x**", "&lt;"],
)
def test_names_from_outside_are_text_and_nothing_else(name):
    manifest = MANIFEST | {"thresholds": {name: 0.5}}

    part = sections(model_card(manifest, METRICS, FACTS | {"channels": {name: 1}}))

    rendered = MarkdownIt("commonmark").enable("table").render(part["Thresholds"] + part["Data"])
    assert not re.search(r"<(script|a|code|strong|em)\b", rendered)
    assert [" ".join(name.split()), "0.500", "–", "–"] in rows_of(part["Thresholds"])

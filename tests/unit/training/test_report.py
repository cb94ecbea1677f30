import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from models.labels import Head
from training.dataset import Example
from training.metrics import evaluate, head_targets, slice_rows
from training.report import HeadCurves, Learning, Point, metrics_table, read_learning, write_report
from training.report.curves import (
    NONE_GIVEN,
    channel_tradeoffs,
    confusion,
    pooled_reliabilities,
    reliabilities,
    top_reliability,
    tradeoffs,
)
from training.report.mistakes import log_losses, mistakes
from training.report.page import bar_table
from training.report.plots import COLOURS, reliability_svgs

INTENTS = Head("intents", ("demo", "price", "help"), "multi")
URGENCY = Head("urgency", ("low", "normal", "high"), "single")
THRESHOLDS = {"demo": 0.6, "price": 0.5, "help": 0.9}
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects what a page consists of, and checks that every element is closed in order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.rows, self.words, self.open = [], [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "tr":
            self.rows.append([])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1].append(data)


def examples(rows=60, intents=INTENTS, urgency=URGENCY, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Example(
            id=f"a-{i}",
            subject="",
            text="never shown",
            channel="chat",
            language="en" if i % 3 else "sv",
            labels={
                "intents": tuple(rng.choice(intents.labels, size=1 + i % 2, replace=False)),
                "urgency": (str(rng.choice(urgency.labels)),),
            },
        )
        for i in range(rows)
    ]


def answers(heads, rows, *, skill, seed=1):
    rng = np.random.default_rng(seed)
    found = {}
    for head in heads:
        targets = head_targets(head, rows)[1]
        mixed = skill * targets + (1 - skill) * rng.random(targets.shape)
        if head.kind == "single":
            mixed /= mixed.sum(axis=1, keepdims=True)
        found[head.name] = mixed.astype(np.float32)
    return found


def material(intents=INTENTS, thresholds=THRESHOLDS):
    heads = [intents, URGENCY]
    rows = examples(intents=intents)
    model, baseline = answers(heads, rows, skill=0.5), answers(heads, rows, skill=0.2)
    metrics = {
        "this model": evaluate(heads, rows, model, {"intents": thresholds}).as_dict(),
        "baseline": evaluate(heads, rows, baseline, {}).as_dict(),
    }
    curves = [
        HeadCurves(
            head=head,
            probabilities=model[head.name],
            targets=head_targets(head, rows)[1],
            thresholds=thresholds if head is intents else {},
        )
        for head in heads
    ]
    return metrics, curves


def written(folder, *, metrics, curves, manifest=None, **more):
    path = folder / "report.html"
    manifest = manifest or {"version": "v1"}
    write_report(path, manifest=manifest, metrics=metrics, curves=curves, **more)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    metrics, curves = material()
    return written(tmp_path_factory.mktemp("report"), metrics=metrics, curves=curves)


def test_the_page_needs_nothing_but_itself(page):
    found = Page(page)

    assert not re.search(r"https?:|//\w|url\((?!#)|@import|javascript:", page)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(found.tags)
    assert {name for _, name, _ in found.attributes if name.startswith("on")} == set()
    assert all(
        value.startswith("#")
        for _, name, value in found.attributes
        if name in ("href", "xlink:href", "src", "data", "action")
    )
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in found.attributes


def test_every_reference_inside_the_page_has_its_target_and_no_id_stands_twice_in_a_plot(page):
    for plot in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ids = re.findall(r' id="([^"]+)"', plot)
        used = set(re.findall(r'xlink:href="#([^"]+)"|url\(#([^)]+)\)', plot))
        assert len(ids) == len(set(ids))
        assert {a or b for a, b in used} <= set(ids)
    all_ids = re.findall(r' id="([^"]+)"', page)
    assert len(all_ids) == len(set(all_ids))


def test_the_page_can_be_read_in_light_and_dark(page):
    plots = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))

    assert "@media (prefers-color-scheme: dark)" in page
    assert "currentColor" in plots
    assert not set(re.findall(r"#[0-9a-f]{6}(?=[;\"])", plots)) - set(COLOURS)


def test_each_plot_has_a_name_and_its_numbers(page):
    found = Page(page)

    names = [v for tag, name, v in found.attributes if tag == "svg" and name == "aria-label"]
    assert names == [
        *(f"Do the probabilities hold? {label}" for label in INTENTS.labels),
        *(f"What a threshold buys {label}" for label in INTENTS.labels),
        "Signals: do their probabilities hold? urgency",
    ]
    # the numbers of three kinds of plots, two tables of scores by slice, and the facts
    assert found.tags.count("details") == 6


def test_the_figures_stand_in_the_page_as_measured(page):
    metrics, curves = material()

    found = Page(page)

    scores = [f"{m['heads']['intents']['macro_f1']:.3f}" for m in metrics.values()]
    assert ["macro-F1", *scores] in found.rows
    swedish = [m["slices"]["language=sv"]["heads"]["intents"] for m in metrics.values()]
    assert swedish[0] == {"rows": 20}
    assert ["sv (20)", "–", "–"] in found.rows
    english = metrics["this model"]["slices"]["language=en"]["heads"]["intents"]
    errors = [english, *english["labels"].values()]
    cells = [f"{m['ece']:.3f} ({m['ece_floor']:.3f})" for m in errors]
    assert ["language=en (40)", *cells] in found.rows
    sizes, predicted, held = (
        getattr(reliabilities(curves[0])[0], name) for name in ("sizes", "predicted", "held")
    )
    assert ["demo", str(sizes[0]), f"{predicted[0]:.3f}", f"{held[0]:.3f}"] in found.rows
    counts = confusion(curves[0]).counts
    assert any(row[1:] == [f"{n:.0f}" for n in counts[0]] for row in found.rows)
    _, coverage, precision = tradeoffs(curves[0])[2].chosen
    assert ["help 0.900, chosen", f"{coverage:.3f}", f"{precision:.3f}"] in found.rows
    assert coverage != precision


def test_the_same_measurement_gives_the_same_bytes(page, tmp_path):
    metrics, curves = material()

    assert written(tmp_path, metrics=metrics, curves=curves) == page


def test_what_comes_from_outside_is_escaped(tmp_path):
    evil = ('<script>alert(1)</script>"&', "$x^2$ ${title}", "价格<b>")
    intents = Head("intents", evil, "multi")
    metrics, curves = material(intents, dict.fromkeys(evil, 0.5))
    metrics = {"<i>this</i>": metrics["this model"], "b": metrics["baseline"]}
    manifest = {"version": "<u>v</u>", "facts": {"<s>": "</table>"}}

    text = written(tmp_path, metrics=metrics, curves=curves, manifest=manifest)

    found = Page(text)
    assert not {"script", "i", "b", "u", "s"} & set(found.tags)
    for word in (*evil, "<i>this</i>", "Model <u>v</u>", "facts.<s>", "</table>"):
        assert any(word in shown for shown in found.words)


def test_the_text_of_a_message_is_not_in_the_page(page):
    assert "never shown" not in page


def test_a_model_of_one_question_has_a_page_too(tmp_path):
    head = Head("intents", tuple(f"label{i:02}" for i in range(30)), "single")
    rng = np.random.default_rng(0)
    rows = [
        Example(
            id=f"mail-{i}",
            subject="",
            text="x",
            channel=None,
            language=None,
            labels={"intents": (head.labels[int(rng.integers(30) ** 2 // 30)],)},
        )
        for i in range(200)
    ]
    model = answers([head], rows, skill=0.3)
    thresholds = dict.fromkeys(head.labels, 0.1)
    metrics = {"m": evaluate([head], rows, model, {"intents": thresholds}).as_dict()}
    curves = HeadCurves(
        head=head,
        probabilities=model["intents"],
        targets=head_targets(head, rows)[1],
        thresholds=thresholds,
    )

    found = Page(written(tmp_path, metrics=metrics, curves=[curves]))

    assert ["accuracy", f"{metrics['m']['heads']['intents']['accuracy']:.3f}"] in found.rows
    assert any("Shown are the 12 most frequent of 30 labels" in word for word in found.words)
    assert any("Shown are the 20 most frequent of 30 labels" in word for word in found.words)
    assert found.tags.count("svg") == 2 * 12


def test_reliability_is_that_of_the_most_probable_label_for_a_single_choice_head():
    curves = HeadCurves(
        head=URGENCY,
        probabilities=np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]], dtype=np.float32),
        targets=np.array([[0, 1, 0], [0, 0, 1]], dtype=np.float32),
        thresholds={},
    )

    found = top_reliability(curves)

    assert found.predicted.tolist() == pytest.approx([0.5, 0.7])
    assert found.held.tolist() == [0.0, 1.0]


def test_a_threshold_trades_coverage_for_precision():
    curves = HeadCurves(
        head=Head("intents", ("a", "b"), "multi"),
        probabilities=np.array([[0.9, 0], [0.7, 0], [0.6, 0], [0.1, 0]], dtype=np.float32),
        targets=np.array([[1, 0], [0, 0], [1, 0], [0, 0]], dtype=np.float32),
        thresholds={"a": 0.65, "b": 0.5},
    )

    found = tradeoffs(curves)

    assert [panel.title for panel in found] == ["a"]  # b never holds: there is nothing to find
    assert found[0].coverage.tolist() == [0.5, 1.0]
    assert found[0].precision.tolist() == pytest.approx([1.0, 2 / 3])
    assert found[0].chosen == (0.65, 0.5, 0.5)
    assert found[0].listed[0] == (0.1, 1.0, 0.5)
    assert found[0].listed[8] == (0.9, 0.5, 1.0)


def test_a_confusion_counts_what_was_found_and_what_was_wrongly_given():
    curves = HeadCurves(
        head=Head("intents", ("a", "b", "c"), "multi"),
        probabilities=np.array(
            [[0.9, 0.9, 0.1], [0.9, 0.1, 0.1], [0.1, 0.9, 0.1], [0.1, 0.1, 0.2]], dtype=np.float32
        ),
        targets=np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1], [1, 0, 0]], dtype=np.float32),
        thresholds={"a": 0.5, "b": 0.5, "c": 0.5},
    )

    found = confusion(curves)

    assert found.given == ("a", "b", "c", NONE_GIVEN)
    assert found.support.tolist() == [3, 2, 1]
    assert found.counts.tolist() == [
        [1, 1, 0, 1],  # a: found once, once b was given instead, once nothing
        [1, 1, 0, 0],  # b: found once, once a was given instead
        [0, 1, 0, 0],  # c: b was given instead
    ]


def test_a_confusion_of_a_single_choice_head_is_that_of_scikit_learn():
    from sklearn.metrics import confusion_matrix

    rows = examples()
    model = answers([URGENCY], rows, skill=0.1)["urgency"]
    targets = head_targets(URGENCY, rows)[1]
    curves = HeadCurves(head=URGENCY, probabilities=model, targets=targets, thresholds={})

    found = confusion(curves)

    expected = confusion_matrix(targets.argmax(axis=1), model.argmax(axis=1))
    assert found.counts.tolist() == expected.tolist()
    assert found.given == URGENCY.labels


def test_bars_are_as_long_as_the_score_and_a_missing_one_is_a_dash():
    found = Page(bar_table(["part", "this"], [("en (90)", [0.5]), ("sv (3)", [None])]))

    assert found.rows == [["part", "this"], ["en (90)", "0.500"], ["sv (3)", "–"]]
    assert ("td", "style", "--share:0.500") in found.attributes


def test_names_stand_in_a_plot_as_they_are():
    head = Head("intents", ("$x^2$ <b>", '"&'), "multi")
    curves = material(head, dict.fromkeys(head.labels, 0.5))[1][0]

    svg = "".join(reliability_svgs(reliabilities(curves), title='"><script>'))

    assert "script" not in Page(svg).tags
    assert {"$x^2$ <b>", '"&'} <= set(Page(svg).words)


def test_letters_that_the_drawing_font_lacks_are_left_to_the_browser():
    head = Head("intents", ("价格", "عرض", "デモ"), "multi")
    curves = material(head, dict.fromkeys(head.labels, 0.5))[1][0]

    svg = "".join(reliability_svgs(reliabilities(curves), title="t"))

    assert all(label in svg for label in curves.head.labels)


def test_the_table_lays_model_and_baseline_side_by_side():
    metrics, _ = material()
    console = Console(file=io.StringIO(), width=120, color_system=None)

    console.print(metrics_table({"[b]new[/b]": metrics["this model"], "old": metrics["baseline"]}))

    lines = [line.split() for line in console.file.getvalue().splitlines()]
    assert lines[1] == ["[b]new[/b]", "old"]
    accuracies = [f"{m['heads']['urgency']['accuracy']:.3f}" for m in metrics.values()]
    assert ["urgency", *accuracies] in lines
    demo = [
        f"{m['heads']['intents']['labels']['demo'][score]:.2f}"
        for m in metrics.values()
        for score in ("precision", "recall", "f1", "ece")
    ]
    assert ["demo", *demo] in lines


def test_the_table_of_three_columns_fits_a_console_of_80():
    metrics, _ = material()
    console = Console(file=io.StringIO(), width=80, color_system=None)

    console.print(
        metrics_table({"this": metrics["this model"], "old": {}, "baseline": metrics["baseline"]})
    )

    assert all(len(line.rstrip()) <= 80 for line in console.file.getvalue().splitlines())
    assert sum(line.startswith("  demo ") for line in console.file.getvalue().splitlines()) == 1


def test_where_nothing_was_measured_there_is_nothing_to_show():
    with pytest.raises(ValueError, match="nothing was measured"):
        metrics_table(
            {"this": evaluate([INTENTS], [], {"intents": np.zeros((0, 3))}, {}).as_dict()}
        )


# Mistakes


def few(decisions=None, **changes):
    """Three messages, of which the second is the worst answered."""
    return HeadCurves(
        head=Head("intents", ("a", "b"), "multi"),
        probabilities=np.array([[0.9, 0.2], [0.1, 0.8], [0.4, 0.3]], dtype=np.float32),
        targets=np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32),
        thresholds={"a": 0.5, "b": 0.5},
        decisions=decisions,
        **{"ids": ["m-1", "m-2", "m-3"], **changes},
    )


def test_a_loss_is_how_improbable_the_model_found_what_holds():
    assert log_losses(few()).tolist() == pytest.approx(
        [-np.log(0.9 * 0.8), -np.log(0.1 * 0.2), -np.log(0.6 * 0.3)]
    )
    choice = HeadCurves(
        head=URGENCY,
        probabilities=np.array([[0.2, 0.7, 0.1], [0.0, 0.9, 0.1]], dtype=np.float32),
        targets=np.array([[0, 1, 0], [1, 0, 0]], dtype=np.float32),
        thresholds={},
    )
    assert log_losses(choice).tolist() == pytest.approx([-np.log(0.7), -np.log(1e-6)], rel=1e-6)


def test_mistakes_are_listed_by_loss_with_what_holds_and_what_was_given():
    found = mistakes(few())

    assert [(m.id, m.held, m.given) for m in found] == [
        ("m-2", ("a",), ("b",)),
        ("m-3", ("b",), ()),  # it abstained
    ]
    assert found[0].probabilities == (("a", pytest.approx(0.1)), ("b", pytest.approx(0.8)))
    assert found[0].text is None


def test_what_serving_decided_counts_and_not_the_bare_thresholds():
    served = np.array([[True, False], [True, False], [False, False]])

    assert [mistake.id for mistake in mistakes(few(served))] == ["m-3"]
    assert confusion(few(served)).counts.tolist() == [[2, 0, 0], [0, 0, 1]]


def shown(tmp_path, **changes):
    metrics, curves = material()
    rows = examples()
    ids = [example.id for example in rows]
    first = replace(curves[0], ids=ids, **changes)
    return written(tmp_path, metrics=metrics, curves=[first, curves[1]]), mistakes(first)


def test_the_page_lists_mistakes_by_id_without_a_word_of_them(tmp_path):
    text, found = shown(tmp_path)

    rows = Page(text).rows
    worst = found[0]
    assert any(row[:2] == [worst.id, ", ".join(worst.held)] for row in rows)
    assert ["id", "holds", "given", "probability", "loss"] in rows
    assert "never shown" not in text


def test_texts_are_shown_where_they_were_asked_for_cut_and_escaped(tmp_path):
    text, _ = shown(tmp_path, texts=["<b>hello</b> " + "x" * 400] * 60)

    found = Page(text)
    assert ["id", "holds", "given", "probability", "loss", "text"] in found.rows
    assert "b" not in found.tags
    assert all(len(row[5]) == 280 for row in found.rows if row[1:] and row[-1].startswith("<b>"))


# Parts, promises, changes and what other programs measured


def test_languages_with_enough_messages_have_a_plot_of_their_own():
    rows = examples(rows=240)
    curves = replace(material()[1][0], parts=slice_rows(rows))
    model = answers([INTENTS], rows, skill=0.5)["intents"]
    curves = replace(curves, probabilities=model, targets=head_targets(INTENTS, rows)[1])

    found = pooled_reliabilities(curves, "language")

    assert [panel.title for panel in found] == ["en (160)"]  # of Swedish there are only 80
    assert found[0].sizes.sum() == 160 * 3
    assert found[0].error > 0


def test_a_channel_with_thresholds_of_its_own_has_its_own_curve():
    curves = replace(
        few(),
        parts={"channel=chat": np.array([0, 1])},
        channel_thresholds={"chat": {"a": 0.05, "b": 1}},
    )

    (panel,) = channel_tradeoffs(curves)  # b never holds in a chat

    assert panel.title == "chat: a"
    assert panel.chosen == (0.05, 1.0, 1.0)


def test_promises_stand_beside_what_the_test_shows(tmp_path):
    kept = {"support": 20, "given": 18, "right": 16, "precision": 0.889, "lower_bound": 0.79}
    row = kept | {"promised": 0.9, "threshold": 0.61, "coverage": 0.8}
    never = row | {"given": 0, "precision": None, "lower_bound": None, "coverage": 0.0}
    found = {
        "promises": {
            "labels": {"demo": row, "help": never},
            "channels": {"chat": {"rows": 44, "labels": {"demo": row | {"promised": 0.8}}}},
        }
    }
    metrics, curves = material()

    rows = Page(written(tmp_path, metrics=metrics, curves=curves, found=found)).rows

    assert ["demo", "0.900", "0.610", "18", "0.889", "0.790", "no", "0.800", "20"] in rows
    assert ["demo", "0.800", "0.610", "18", "0.889", "0.790", "yes", "0.800", "20"] in rows
    assert ["help", "0.900", "0.610", "0", "–", "–", "–", "0.000", "20"] in rows


def test_changed_decisions_are_counted_and_listed(tmp_path):
    change = {"id": "a-7", "kind": "broken", "held": ["demo"], "before": ["demo"], "after": []}
    counts = {"fixed": 0, "broken": 1, "wrong in another way": 0}
    told = {"version": "old", "how": "it was run", "compared": 9, "not_compared": 2}
    metrics, curves = material()

    found = {"changes": told | counts | {"messages": [change]}}
    text = written(tmp_path, metrics=metrics, curves=curves, found=found)

    page = Page(text)
    assert ["decided alike", "8"] in page.rows
    assert ["a-7", "demo", "demo", "none"] in page.rows
    assert any("2 messages are new" in word for word in page.words)


def test_where_nothing_can_be_compared_the_page_says_why(tmp_path):
    metrics, curves = material()
    found = {"changes": {"version": "old", "why": "cleaning_version 1 is not 2"}}

    text = written(tmp_path, metrics=metrics, curves=curves, found=found)

    assert "It could not be compared: cleaning_version 1 is not 2." in text


def test_what_other_programs_measured_is_shown_whatever_its_shape(tmp_path):
    metrics, curves = material()
    found = {
        "probes": {
            "fairness": {
                "title": "Names <b>",
                "changed": 0.0042,
                "rows": [{"swap": "x", "n": 1_200}],
            },
            "long": {"columns": ["place", "recall"], "rows": [["5 %", 0.9], ["50 %", None]]},
            "empty": {"rows": []},
            "note": "a word",
            "robustness": {
                "perturbations": {
                    "homoglyphs": {
                        "perturbed": {
                            "hits": 219,
                            "cases": 240,
                            "ratio": 0.9125,
                            "interval": [0, 1],
                        },
                        "drop": {"points": 1.25, "interval": [0.5, 2.0]},
                        "holds": True,
                    }
                }
            },
        },
        "out_of_scope": {"energy": {"auroc": 0.9312, "kept": True}, "other": {"auroc": 0.97}},
    }

    page = Page(written(tmp_path, metrics=metrics, curves=curves, found=found))

    assert {"Names <b>", "long"} <= set(page.words)
    assert ["changed", "0.004"] in page.rows
    assert ["x", "1,200"] in page.rows
    assert ["5 %", "0.900"] in page.rows
    drop = "1.2 points (0.5 to 2.0)"
    assert ["homoglyphs", "0.912 (219 of 240)", drop, "yes"] in page.rows
    assert ["50 %", "–"] in page.rows
    assert ["energy", "0.931", "yes"] in page.rows
    assert ["other", "0.970", "–"] in page.rows


# The learning curve

POINT = Point(share=0.5, rows=400, macro_f1=0.8, interval=(0.75, 0.84), seconds=61.0)
LEARNING = Learning(
    data_sha256="ab" * 32,
    test_rows=90,
    config={"epochs": 4},
    model=[POINT, replace(POINT, share=1.0, rows=800, macro_f1=0.9, interval=(0.86, 0.93))],
    baseline=[replace(POINT, macro_f1=0.6, interval=(0.5, 0.7))],
)


@pytest.mark.parametrize(
    ("sha256", "whose"), [("ab" * 32, "the data of this model"), ("cd" * 32, "other data than")]
)
def test_a_learning_curve_is_drawn_and_says_of_which_data_it_is(tmp_path, sha256, whose):
    metrics, curves = material()
    manifest = {"version": "v", "facts": {"data": {"sha256": sha256}}}

    text = written(tmp_path, metrics=metrics, curves=curves, manifest=manifest, learning=LEARNING)

    assert 'aria-label="Would more messages help?"' in text
    assert f"Measured on {whose}" in text
    assert ["model, 100 %", "800", "0.900", "0.860–0.930", "61"] in Page(text).rows


def test_a_learning_curve_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "curve.json"
    path.write_text(json.dumps(LEARNING.as_dict()))

    assert read_learning(path) == LEARNING


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"model": 1}'])
def test_a_learning_curve_that_cannot_be_read_is_none(tmp_path, content):
    (tmp_path / "curve.json").write_bytes(content)

    assert read_learning(tmp_path / "curve.json") is None
    assert read_learning(tmp_path / "none.json") is None

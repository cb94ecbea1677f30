import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from models.labels import Head
from training.dataset import Example
from training.metrics import evaluate, head_targets
from training.report import HeadCurves, metrics_table, write_report
from training.report.curves import (
    NONE_GIVEN,
    confusion,
    reliabilities,
    top_reliability,
    tradeoffs,
)
from training.report.plots import COLOURS, bars_svg, reliability_svg

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


def written(folder, *, metrics, curves, manifest=None):
    path = folder / "report.html"
    write_report(path, manifest=manifest or {"version": "v1"}, metrics=metrics, curves=curves)
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
        "Macro-F1 over intents by slice",
        "Do the probabilities hold?",
        "What a threshold buys",
        "Signals: do their probabilities hold?",
    ]
    assert found.tags.count("details") == len(names) + 1  # and the facts


def test_the_figures_stand_in_the_page_as_measured(page):
    metrics, curves = material()

    found = Page(page)

    scores = [f"{m['heads']['intents']['macro_f1']:.3f}" for m in metrics.values()]
    assert ["macro-F1", *scores] in found.rows
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
    assert found.tags.count("svg") == 3


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


def test_bars_are_drawn_where_a_score_is_missing():
    svg = bars_svg(["en", "sv"], {"this": [0.5, None], "old": [None, None]}, title="Bars")

    assert svg.startswith('<svg role="img" aria-label="Bars"')
    assert Page(svg).tags.count("text") >= 4


def test_names_stand_in_a_plot_as_they_are():
    svg = bars_svg(["$x^2$ <b>"], {'"&': [0.5]}, title='"><script>')

    assert "script" not in Page(svg).tags
    assert {"$x^2$ <b>", '"&'} <= set(Page(svg).words)


def test_letters_that_the_drawing_font_lacks_are_left_to_the_browser():
    head = Head("intents", ("价格", "عرض", "デモ"), "multi")
    curves = material(head, dict.fromkeys(head.labels, 0.5))[1][0]

    svg = reliability_svg(reliabilities(curves), title="t")

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

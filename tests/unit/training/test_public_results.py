import json

import pytest

from training.errors import DatasetError
from training.public.results import Result, add_result, read_results
from training.public.table import markdown_table


def result(**changes):
    shape = {"task": "banking77", "method": "svm", "base": None, "seed": 7, "train": 9, "test": 3}
    return Result(**{**shape, "seconds": 1.0, "figures": {"accuracy": 90.0}, **changes})


def cells(table, *start):
    """The figures of a row, which is named by its first cells."""
    for line in table.splitlines():
        row = [cell.strip() for cell in line.strip("| ").split("|")]
        if row[: len(start)] == list(start):
            return row[len(start) :]
    raise AssertionError(f"no row {start} in {table}")


def test_a_file_that_is_not_there_has_no_results(tmp_path):
    assert read_results(tmp_path / "none.json") == []


def test_what_is_added_is_read_again(tmp_path):
    path = tmp_path / "new/results.json"

    add_result(path, result())
    add_result(path, result(method="inlet", base="minilm", fold=3))

    assert read_results(path) == [result(method="inlet", base="minilm", fold=3), result()]
    assert [file.name for file in path.parent.iterdir()] == ["results.json"]


def test_a_later_result_of_the_same_run_replaces_the_earlier(tmp_path):
    path = tmp_path / "results.json"

    add_result(path, result(figures={"accuracy": 1.0}))
    add_result(path, result(seed=8))
    add_result(path, result(figures={"accuracy": 2.0}))

    assert [r.figures["accuracy"] for r in read_results(path)] == [2.0, 90.0]


@pytest.mark.parametrize("content", ["{", "[1]", '[{"task": "x"}]', '{"a": 1}'])
def test_a_file_with_something_else_is_refused(tmp_path, content):
    path = tmp_path / "results.json"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(DatasetError, match="holds no results of this program"):
        read_results(path)


def test_the_table_has_our_network_first_and_the_best_published_last():
    table = markdown_table(
        [
            result(),
            result(method="probe", base="minilm", figures={"accuracy": 91.0}),
            result(method="inlet", base="minilm", figures={"accuracy": 94.126}),
        ]
    )

    assert cells(table, "Task", "Figure") == [
        *("Inlet (minilm)", "linear probe (minilm)", "TF-IDF + SVM", "best published")
    ]
    assert cells(table, "BANKING77", "accuracy") == ["94.13", "91.00", "90.00", "93.66 (BERT)"]


def test_a_figure_that_a_method_lacks_is_left_empty():
    figures = {"accuracy": 96.5, "auroc": 0.97512}
    table = markdown_table(
        [
            result(task="clinc150"),
            result(task="clinc150", method="inlet", base="e5", figures=figures),
        ]
    )

    assert cells(table, "CLINC150", "out-of-scope AUROC") == ["0.975", "", "0.969 (SNGP)"]


def test_several_seeds_are_averaged_and_their_spread_is_told():
    table = markdown_table([result(), result(seed=8, figures={"accuracy": 92.0})])

    assert cells(table, "BANKING77", "accuracy")[0] == "91.00 ± 1.41 (2 seeds)"


def test_folds_are_averaged_and_the_caption_says_how_many_were_run():
    figures = [{"micro_f1": 60.0}, {"micro_f1": 70.0}]
    table = markdown_table(
        [result(task="nlupp-hotels", fold=i, figures=f) for i, f in enumerate(figures)]
    )

    assert cells(table, "NLU++ hotels", "micro-F1")[0] == "65.00"
    assert "one of 20 folds" in table
    assert "(NLU++ hotels, TF-IDF + SVM: 2)" in table


def test_results_are_written_in_an_order_that_does_not_depend_on_when_they_came(tmp_path):
    one, two = tmp_path / "1.json", tmp_path / "2.json"
    for path, order in ((one, (7, 8)), (two, (8, 7))):
        for seed in order:
            add_result(path, result(seed=seed))

    assert one.read_text("utf-8") == two.read_text("utf-8")
    assert len(json.loads(one.read_text("utf-8"))) == 2

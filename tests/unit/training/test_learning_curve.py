import pytest
from support_model import rows, silent_console, tiny_base, tiny_config, write_jsonl
from typer.testing import CliRunner

from training.dataset import data_sha256, read_dataset, split
from training.learning_curve import Run, app, measure_curve, share_of
from training.report import read_learning


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("curve") / "rows.jsonl"
    return read_dataset([str(write_jsonl(path, rows(300)))])


def test_a_share_holds_every_smaller_one_and_is_always_the_same(dataset):
    train = split(dataset.examples).train

    quarter, half, whole = (share_of(train, share) for share in (0.25, 0.5, 1.0))

    assert (len(quarter), len(half)) == (round(len(train) / 4), round(len(train) / 2))
    assert set(example.id for example in quarter) < set(example.id for example in half)
    assert whole == train
    assert share_of(tuple(reversed(train)), 0.25) == tuple(reversed(quarter))


def test_a_curve_is_measured_from_the_smallest_share_up_and_written(dataset, tmp_path):
    splits = split(dataset.examples)
    run = Run(dataset, splits, tiny_config(epochs=5), silent_console())

    found = measure_curve(run, [1.0, 0.2], tmp_path / "curve.json")

    assert read_learning(tmp_path / "curve.json") == found
    assert (found.data_sha256, found.test_rows) == (
        data_sha256(dataset.examples),
        len(splits.test),
    )
    for curve in found.curves():
        assert [point.share for point in curve] == [0.2, 1.0]
        assert [point.rows for point in curve] == [
            round(len(splits.train) / 5),
            len(splits.train),
        ]
        assert all(point.interval[0] <= point.macro_f1 <= point.interval[1] for point in curve)
        assert curve[1].macro_f1 > curve[0].macro_f1
    assert [path.name for path in tmp_path.iterdir()] == ["curve.json"]


@pytest.mark.parametrize("shares", ["", "a", "0", "1.5", "0.5,,1", "-1"])
def test_shares_that_make_no_sense_are_refused(shares):
    result = CliRunner().invoke(app, ["none.jsonl", "--base", tiny_base(), "--shares", shares])

    assert result.exit_code == 2
    assert "Invalid value for '--shares'" in " ".join(result.output.split())


def test_data_that_are_not_there_are_told_in_a_sentence(tmp_path):
    result = CliRunner().invoke(app, [str(tmp_path / "none.jsonl"), "--base", tiny_base()])

    assert result.exit_code == 1
    assert "No such file or directory" in " ".join(result.output.split())

import json
import shutil
from dataclasses import asdict

import numpy as np
import pytest
from support_model import (
    VERSION,
    rows,
    silent_console,
    tiny_artifact,
    tiny_base,
    tiny_config,
    tiny_dataset,
    write_jsonl,
)

from models import registry
from models.artifact import (
    CLEANING_VERSION,
    MANIFEST,
    NETWORK,
    READING,
    TOKENIZER,
    WIDE,
    file_sha256,
    verify,
)
from models.labels import INTENTS, LABELS, SIGNALS
from training.assess import evaluated
from training.dataset import data_sha256, read_dataset, split
from training.errors import BaseError, DatasetError, TrainingError
from training.pipeline import previous_metrics, train_artifact

RUN = ("run",)  # seconds and memory: another every time


def metrics_of(folder):
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return {key: value for key, value in metrics.items() if key not in RUN}


def trained(root, dataset, version="v", **changes):
    config = tiny_config(**changes)
    return train_artifact(dataset, config, root=root, version=version, console=silent_console())


@pytest.fixture(scope="module")
def folder():
    root, version = tiny_artifact()
    return root / version


@pytest.fixture(scope="module")
def classifier():
    return registry.load(*tiny_artifact(), threads=1)


def test_what_is_published_is_whole_and_nothing_else_is_left(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        *("CARD.md", MANIFEST, "metrics.json", NETWORK, READING, "report.html", TOKENIZER, WIDE)
    ]
    assert verify(folder).version == VERSION
    assert [path.name for path in folder.parent.iterdir()] == [VERSION]


def test_the_manifest_tells_how_it_was_made(folder):
    manifest, facts = verify(folder), verify(folder).facts

    assert [(head.name, head.labels) for head in manifest.heads] == list(LABELS.items())
    assert manifest.cleaning_version == CLEANING_VERSION
    students = ("teacher", "layers")  # it has none
    assert facts["config"] == {
        name: value for name, value in asdict(tiny_config()).items() if name not in students
    }
    assert facts["base"] == {"name": tiny_base(), "source": tiny_base(), "sha256": None}
    assert facts["finished"] is True
    assert {"torch", "onnx", "onnxruntime", "tokenizers"} <= set(facts["libraries"])


def test_the_manifest_tells_what_data_it_was_made_of_and_no_word_of_them(folder):
    examples, facts = tiny_dataset().examples, verify(folder).facts["data"]

    parts = split(examples)
    assert facts["sha256"] == data_sha256(examples)
    assert facts["rows"] == 600
    assert facts["splits"] == {name: len(getattr(parts, name)) for name in parts.__slots__}
    written = (folder / MANIFEST).read_text() + (folder / "CARD.md").read_text()
    assert not [example.id for example in examples if example.composed in written]


def test_the_published_figures_are_those_of_the_published_network(folder, classifier):
    found, _ = evaluated(classifier, split(tiny_dataset().examples).test)

    told = metrics_of(folder)
    assert {key: told[key] for key in ("rows", "heads", "slices")} == found.as_dict()


def test_it_learnt_what_can_be_learnt_and_quantising_lost_little(folder):
    metrics = metrics_of(folder)

    served, full = (m["heads"][INTENTS] for m in (metrics, metrics["float32"]))
    assert served["macro_f1"] > 0.85
    assert abs(served["macro_f1"] - full["macro_f1"]) <= 0.02
    assert metrics["baseline"]["heads"][INTENTS]["macro_f1"] > 0.85


def test_the_run_is_measured(folder):
    run = json.loads((folder / "metrics.json").read_text())["run"]

    assert 0.0 <= run["onnx_disagreement"] <= 1e-4
    assert run["training_seconds"] > 0.0
    assert run["training_messages_per_second"] > 0.0
    assert run["peak_memory_mb"] > 50


def test_training_and_serving_read_a_message_in_the_same_way(classifier):
    """The logits that thresholds were picked on are those that a request gets."""
    texts = [example.composed for example in split(tiny_dataset().examples).calibration]

    predictions = classifier.predict(texts)

    probabilities = classifier.probabilities(classifier.logits(texts))[INTENTS]
    assert np.array([list(p.intents.values()) for p in predictions]) == pytest.approx(
        probabilities, abs=5.1e-5
    )


def test_the_same_seed_and_data_give_the_same_model(folder, tmp_path):
    again = trained(tmp_path, tiny_dataset(), VERSION)

    assert metrics_of(again) == metrics_of(folder)
    one, other = verify(folder), verify(again)
    assert (one.calibration, one.thresholds) == (other.calibration, other.thresholds)
    assert file_sha256(again / TOKENIZER) == file_sha256(folder / TOKENIZER)


@pytest.fixture(scope="module")
def partial(tmp_path_factory):
    """Trained on rows that lack heads: engagement in all of them, urgency in every second."""
    folder = tmp_path_factory.mktemp("partial")
    some = rows(300)
    for number, row in enumerate(some):
        del row["engagement"]
        if number % 2:
            del row["urgency"]
    dataset = read_dataset([str(write_jsonl(folder / "rows.jsonl", some))])
    return trained(folder, dataset, epochs=1)


def test_a_head_that_no_row_has_is_left_out_and_one_that_some_have_is_learnt(partial):
    classifier = registry.load(partial.parent, partial.name, threads=1)

    (prediction,) = classifier.predict(["show us a demo"])

    assert [head.name for head in classifier.manifest.heads] == [INTENTS, *SIGNALS[:-1]]
    assert set(prediction.signals) == set(SIGNALS) - {"engagement"}
    metrics = metrics_of(partial)
    assert "engagement" not in metrics["heads"]
    assert 0 < metrics["heads"]["urgency"]["rows"] < metrics["rows"]
    assert verify(partial).facts["data"]["lacking"]["urgency"] == 150


def test_a_new_version_is_shown_beside_the_live_one(folder):
    assert previous_metrics(folder.parent) == {}  # no version was promoted, none is shipped here


def test_the_live_versions_figures_are_found_under_its_name(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "old")
    registry.promote(tmp_path, "old")

    ((heading, metrics),) = previous_metrics(tmp_path).items()

    assert heading == "old (live)"
    assert metrics["heads"] == metrics_of(folder)["heads"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
def test_broken_figures_of_the_live_version_do_not_stop_a_new_one(folder, tmp_path, content):
    shutil.copytree(folder, tmp_path / "old")
    registry.promote(tmp_path, "old")
    (tmp_path / "old" / "metrics.json").write_bytes(content)

    assert previous_metrics(tmp_path) == {}


# What is refused before anything is trained


def nothing_published(root):
    return not [path for path in root.iterdir() if path.is_dir()]


def test_too_few_rows_are_refused(tmp_path):
    dataset = read_dataset([str(write_jsonl(tmp_path / "rows.jsonl", rows(3)))])

    with pytest.raises(DatasetError, match="too few rows"):
        trained(tmp_path, dataset)
    assert nothing_published(tmp_path)


def test_windows_longer_than_the_base_reads_are_refused(tmp_path):
    with pytest.raises(BaseError, match="reads 64 tokens, not 65"):
        trained(tmp_path, tiny_dataset(), max_length=65)
    assert nothing_published(tmp_path)


def test_a_base_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BaseError, match="neither e5 nor minilm"):
        trained(tmp_path, tiny_dataset(), base=str(tmp_path / "none"))
    assert nothing_published(tmp_path)


def test_a_place_that_cannot_hold_artifacts_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(TrainingError, match="file"):
        trained(tmp_path / "file" / "artifacts", tiny_dataset())

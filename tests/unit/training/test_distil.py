import hashlib
from dataclasses import replace

import pytest
import torch

from models.artifact import read_artifact
from models.network import load_network
from models.tokenization import windowing
from tests.support_model import (
    save_tiny_base,
    silent_console,
    tiny_config,
    tiny_dataset,
)
from training.base.load import load_base
from training.distil import kept_layers, learning_from, shallower
from training.errors import TrainingError
from training.loop import encode, fit, score
from training.network import IntentNetwork
from training.pipeline import train_artifact
from training.publication import Reporting
from training.weights import load_weights, save_weights


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    """A config whose base has four layers."""
    folder = save_tiny_base(tmp_path_factory.mktemp("deep"), layers=4)
    return tiny_config(base=str(folder), epochs=2)


@pytest.fixture
def teacher(deep):
    base = load_base(deep.base, vocabulary=1)
    torch.manual_seed(4)
    return IntentNetwork(base.encoder, base.hidden_size, tiny_dataset().heads, dropout=0.0)


@pytest.mark.parametrize(
    ("layers", "kept"), [(6, [2, 4, 6, 8, 10, 12]), (4, [3, 6, 9, 12]), (5, [2, 5, 7, 10, 12])]
)
def test_layers_are_kept_evenly_apart_and_the_last_one_among_them(layers, kept):
    assert kept_layers(12, layers) == kept


def test_a_student_begins_with_the_layers_of_its_teacher_and_leaves_it_as_it_is(teacher):
    before = {name: values.clone() for name, values in teacher.state_dict().items()}

    student = shallower(teacher, 2)
    with torch.no_grad():
        student.encoder.encoder.layer[0].output.dense.bias += 1.0

    own = [layer.attention.self.query.weight for layer in student.encoder.encoder.layer]
    theirs = [layer.attention.self.query.weight for layer in teacher.encoder.encoder.layer]
    assert [torch.equal(a, b) for a, b in zip(own, theirs[1::2], strict=True)] == [True, True]
    assert all(torch.equal(values, before[n]) for n, values in teacher.state_dict().items())


@pytest.mark.parametrize("layers", [4, 5])
def test_a_student_that_is_no_shallower_is_refused(teacher, layers):
    with pytest.raises(TrainingError, match="has 4 layers; fewer"):
        shallower(teacher, layers)


def test_a_student_comes_to_answer_like_its_teacher(deep, teacher):
    heads, examples = tiny_dataset().heads, tiny_dataset().examples[:200]
    tokenize = tokenizing(deep)
    data = encode(examples, heads, tokenize)
    student = shallower(teacher, 2)
    before = unlike(student, teacher, data)

    fit(
        student,
        lambda _: data,
        heads,
        replace(deep, epochs=4),
        lambda *_: None,
        learning_from(teacher, 2),
    )

    assert unlike(student, teacher, data) < 0.7 * before


def tokenizing(config):
    return windowing(load_base(config.base, vocabulary=1).tokenizer, max_length=32)


def unlike(student, teacher, data):
    """Mean cosine distance of what both make of the tokens in the end."""
    ids = torch.tensor([data.windows[0][0]])
    mask = torch.ones_like(ids)
    with torch.no_grad():
        own, theirs = student.traced(ids, mask)[0][-1], teacher.traced(ids, mask)[0][-1]
    return float(1.0 - torch.cosine_similarity(own, theirs, dim=-1).mean())


def test_a_trained_network_teaches_a_shallower_one_that_is_published_alike(deep, tmp_path):
    common = {"root": tmp_path / "models", "console": silent_console()}
    kept = tmp_path / "weights.safetensors"
    train_artifact(
        tiny_dataset(), deep, version="full", reporting=Reporting(weights=kept), **common
    )

    path = train_artifact(
        tiny_dataset(),
        replace(deep, teacher=str(kept), layers=2),
        version="small",
        **common,
    )

    manifest, files = read_artifact(path)
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    assert manifest.facts["config"]["layers"] == 2
    assert manifest.facts["config"]["teacher"] == f"sha256:{digest}"  # never where it lay
    assert b"layer.1." in files["model.onnx"]
    assert b"layer.2." not in files["model.onnx"]
    assert load_network(files["model.onnx"], threads=1)([[2, 5, 3]])["intents"].shape == (1, 5)


def test_weights_come_back_as_they_were_kept(teacher, deep, tmp_path):
    save_weights(teacher, tmp_path / "w.safetensors")
    other = fresh_network(deep)

    load_weights(other, tmp_path / "w.safetensors")

    ids = [[2, 7, 9, 3]]
    assert score(other, ids)["intents"].tolist() == score(teacher, ids)["intents"].tolist()


def fresh_network(config):
    base = load_base(config.base, vocabulary=1)
    return IntentNetwork(base.encoder, base.hidden_size, tiny_dataset().heads, dropout=0.0)


def test_weights_of_another_network_or_none_at_all_are_refused(teacher, tmp_path):
    save_weights(shallower(teacher, 2), tmp_path / "small.safetensors")
    (tmp_path / "no.safetensors").write_bytes(b"nothing")

    for name, why in [
        ("small.safetensors", "of another network"),
        ("no.safetensors", "cannot be read"),
        ("missing.safetensors", "cannot be read"),
    ]:
        with pytest.raises(TrainingError, match=why):
            load_weights(teacher, tmp_path / name)


def test_weights_that_cannot_be_written_are_said_so(teacher, tmp_path):
    with pytest.raises(TrainingError, match="cannot be written"):
        save_weights(teacher, tmp_path / "missing" / "w.safetensors")

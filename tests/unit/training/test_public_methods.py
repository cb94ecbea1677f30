import json
import sys

import numpy as np
import pytest
import torch
from support_model import tiny_base
from support_public import WORDS, write_public_data
from transformers import AutoModel, AutoTokenizer

from models.labels import Head
from training.base.load import load_base
from training.errors import TrainingError
from training.public.answers import measure
from training.public.classical import LinearProbe, LinearSvm, best_threshold
from training.public.learn import Learner
from training.public.methods import METHODS, Setup, default_methods, method_of, suits
from training.public.readers import tasks_of
from training.public.readout import Readout, joined
from training.public.recipe import Recipe, recipe_for
from training.public.setfit import SetFit, save_sentence_transformer
from training.public.stages import (
    Run,
    data_of,
    learn,
    new_network,
    reader,
    spoken,
    start_from_probe,
)

QUICK = Recipe(
    contrast_epochs=10,
    contrast_rate=5e-3,
    tune_epochs=6,
    tune_rate=5e-3,
    batch_size=8,
    head_weight=1.0,
    wide_weight=0.5,
    members=2,
)
LABELS = len(WORDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_public_data(tmp_path_factory.mktemp("public"))


def silent(done, steps, loss):
    pass


def one(folder, name):
    (task,) = tasks_of(name, folder, folds=1)
    return task


@pytest.mark.parametrize("name", ["hwu64", "clinc150", "clinc150-oos"])
def test_our_network_learns_what_a_word_tells(folder, name):
    figures = measure(one(folder, name), Learner(tiny_base(), QUICK, 5, silent))

    assert figures["accuracy"] >= 90.0


def test_our_network_learns_several_labels_a_message(folder):
    task = one(folder, "nlupp-banking")

    said = Learner(tiny_base(), QUICK, 5, silent)(task, [e.composed for e in task.test])

    assert said.logits.shape == (len(task.test), len(task.head.labels))
    assert 0 < (said.logits > 0).sum() < said.logits.size


def test_the_same_seed_says_the_same(folder):
    task = one(folder, "hwu64-10")
    first, second = (
        Learner(tiny_base(), QUICK, 5, silent)(task, ["my card is lost"]).logits for _ in range(2)
    )

    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("method", [LinearSvm(5), LinearProbe(tiny_base(), 5)])
@pytest.mark.parametrize("name", ["hwu64", "nlupp-hotels", "clinc150-oos"])
def test_a_baseline_answers_on_every_kind_of_task(folder, method, name):
    figures = measure(one(folder, name), method)

    assert figures.get("accuracy", figures.get("micro_f1")) > 100.0 / LABELS


def test_a_threshold_is_chosen_where_f1_is_best():
    scores = np.array([[0.9], [0.6], [0.3], [0.1]], dtype=np.float32)

    threshold = best_threshold(scores, np.array([[1.0], [1.0], [0.0], [0.0]], dtype=np.float32))

    assert 0.3 <= threshold < 0.6


def test_a_head_begins_where_the_probe_ends(folder):
    task, recipe = one(folder, "hwu64"), Recipe(neighbour_weight=0.0)
    base = load_base(tiny_base(), vocabulary=1)
    network = new_network(base, task, recipe, seed=1)
    data = data_of(task, reader(base, recipe.max_length))
    readout = learn(
        network, data, task, Recipe(contrast_epochs=0), Run(recipe.config(base="x", seed=1), silent)
    )

    start_from_probe(network, data, task, recipe, seed=1)

    with torch.inference_mode():
        rows = [
            network(torch.tensor([ids]), torch.ones(1, len(ids), dtype=int)) for ids in data.ids
        ]
    said = torch.cat([row for (row,) in rows]).argmax(dim=1).tolist()
    probed = readout.probe.logits(readout.known * 5.0).argmax(axis=1).tolist()
    assert np.mean(np.array(said) == probed) >= 0.9  # vectors differ a little in length


def test_neighbours_vote_by_nearness():
    head = Head("intents", ("a", "b"), "single")
    known = np.array([[1.0, 0.0], [0.0, 1.0]], dtype=np.float32)

    class Silent:
        def logits(self, rows):
            return np.zeros((len(rows), 2), np.float32)

    readout = Readout(head, Silent(), known, np.eye(2, dtype=np.float32), Recipe())
    said = readout.answers(np.array([[1.0, 0.0], [0.6, 0.8], [-0.6, -0.8]], dtype=np.float32))

    assert said.logits.argmax(axis=1).tolist() == [0, 1, 0]
    assert said.strangeness[2] > max(said.strangeness[:2])


def test_several_labels_are_given_from_the_threshold_on():
    head = Head("intents", ("a", "b"), "multi")
    logits = np.log(np.array([[0.36 / 0.64, 0.34 / 0.66]], dtype=np.float32))

    assert (joined(head, [(1.0, logits), (2.0, logits)]) > 0).tolist() == [[True, False]]


def test_a_label_is_spoken_as_words():
    assert spoken("Refund_not_showing_up?") == "refund not showing up"


def test_the_recipe_follows_from_the_task(folder):
    few, several = one(folder, "banking77-10"), one(folder, "nlupp-hotels")

    assert recipe_for(few) == recipe_for(one(folder, "hwu64-10"))
    assert recipe_for(few) != recipe_for(several)


def test_setfit_is_compared_only_where_there_are_some_messages_a_label(folder):
    setup = Setup(base="minilm", seed=7)

    assert default_methods(setup) == [name for name in METHODS if name != "setfit"]
    assert suits("setfit", one(folder, "hwu64-10"))
    assert not suits("setfit", one(folder, "nlupp-hotels"))
    with pytest.raises(TrainingError, match="--setfit-python"):
        method_of("setfit", one(folder, "hwu64-10"), setup, silent)


def a_python(folder, body):
    """A stand-in for the interpreter that has setfit: gets the runner and the folder."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\nimport json, pathlib, sys\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_setfit_gets_the_task_and_its_probabilities_are_the_answers(folder, tmp_path):
    body = (
        "folder = pathlib.Path(sys.argv[-1])\n"
        "job = json.loads((folder / 'job.json').read_text())\n"
        f"pathlib.Path({str(tmp_path / 'job.json')!r}).write_text(json.dumps(job))\n"
        "said = [[0.2, 0.7, 0.1]] * len(job['ask'])\n"
        "(folder / 'said.json').write_text(json.dumps(said))"
    )
    task = one(folder, "hwu64-10")

    said = SetFit(a_python(tmp_path, body), tiny_base(), 7)(task, ["one", "two"])

    job = json.loads((tmp_path / "job.json").read_text(encoding="utf-8"))
    assert (job["labels"], len(job["train"]), job["ask"]) == (3, 9, ["one", "two"])
    assert said.logits.argmax(axis=1).tolist() == [1, 1]
    assert said.strangeness.tolist() == pytest.approx([0.3, 0.3])


def test_a_run_of_setfit_that_fails_is_told(folder, tmp_path):
    method = SetFit(a_python(tmp_path, "sys.exit(3)"), tiny_base(), 7)

    with pytest.raises(TrainingError, match="SetFit did not run"):
        method(one(folder, "hwu64-10"), ["one"])


def test_the_folder_for_setfit_is_the_base_itself(tmp_path):
    base = load_base(tiny_base(), vocabulary=1)

    save_sentence_transformer(base, tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("1_Pooling", "2_Normalize", "config.json", "model.safetensors", "modules.json"),
        *("sentence_bert_config.json", "tokenizer.json", "tokenizer_config.json"),
    ]
    text = "my card is lost"
    tokens = AutoTokenizer.from_pretrained(tmp_path)(text, return_tensors="pt")
    model = AutoModel.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        read = model(tokens["input_ids"], tokens["attention_mask"]).last_hidden_state
        ours = base.encoder.eval()(tokens["input_ids"], tokens["attention_mask"]).last_hidden_state
    assert tokens["input_ids"][0].tolist() == base.tokenizer.encode(text).ids
    assert torch.allclose(read, ours, atol=1e-5)

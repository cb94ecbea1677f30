"""A tiny throwaway transformer: made in the test, trained and exported by the real code."""

import atexit
import functools
import io
import json
import random
import shutil
import tempfile
from pathlib import Path

import torch
from rich.console import Console as RichConsole
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from models.artifact import MANIFEST, file_sha256
from models.labels import INTENTS, LABELS, SIGNALS, Head
from models.tokenization import windowing
from training.base.load import load_base
from training.config import TrainConfig
from training.console import Console
from training.dataset import read_dataset
from training.export import export
from training.network import IntentNetwork
from training.pipeline import train_artifact

torch.set_num_threads(1)  # a tiny network gains nothing from more, and waits long for them

WORDS = {
    "demo_request": "demo show walkthrough trial see product",
    "pricing": "price cost quote discount licence budget",
    "support": "broken error login help crash fix",
    "churn_risk": "cancel leaving competitor terminate renew goodbye",
    "other": "thanks newsletter invoice holiday speaker job",
}
FILLER = [
    *("hello", "we", "are", "a", "company", "of", "forty", "people"),
    *("in", "Malmö", "and", "would", "like", "to", "say", "that"),
]
VERSION = "tiny"


def rows(count, *, seed=1):
    """Rows in the format of data/, whose intents can be told by their words."""
    order = random.Random(seed)
    return [_row(i, order) for i in range(count)]


def _row(number, order):
    intents = [order.choice(LABELS[INTENTS])]
    if intents[0] not in ("other", "churn_risk") and order.random() < 0.2:
        intents = sorted({intents[0], "churn_risk"})
    words = [order.choice(WORDS[intent].split()) for intent in intents for _ in range(3)]
    words += order.choices(FILLER, k=order.randint(3, 12))
    order.shuffle(words)
    return {
        "id": f"t-{number:04}",
        "channel": order.choice(["email", "chat"]),
        "subject": "",
        "text": f"{' '.join(words)} {number}",
        "intents": intents,
        "language": order.choice(["en", "sv"]),
        **{head: order.choice(LABELS[head]) for head in SIGNALS},
    }


def write_jsonl(path, some_rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in some_rows))
    return path


def write_csv(path, header, *records):
    lines = [",".join(cells) + "\n" for cells in (header, *records)]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def silent_console():
    return Console(RichConsole(file=io.StringIO(), width=200))


@functools.cache
def temporary_folder():
    """A folder of this process, gone when it ends."""
    folder = Path(tempfile.mkdtemp(prefix="inlet-tiny-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def tiny_base():
    """The folder of a base model; not to be changed."""
    return str(save_tiny_base(temporary_folder() / "base"))


def tiny_config(**changes):
    shape = {"base": tiny_base(), "max_length": 32, "contrast_epochs": 0, "epochs": 6}
    steps = {"batch_size": 32, "learning_rate": 5e-3, "head_learning_rate": 1e-2}
    return TrainConfig(**{**shape, **steps, **changes})


@functools.cache
def tiny_dataset():
    """600 messages whose intents a network can learn within seconds."""
    return read_dataset([str(write_jsonl(temporary_folder() / "rows.jsonl", rows(600)))])


@functools.cache
def untrained_export():
    """A network of two heads that learnt nothing, its graph, and some windows to try them on."""
    heads = (  # not in the order of the alphabet
        Head("urgency", LABELS["urgency"], "single"),
        Head(INTENTS, LABELS[INTENTS], "multi"),
    )
    torch.manual_seed(3)
    base = load_base(tiny_base(), vocabulary=1)
    network = IntentNetwork(base.encoder, base.hidden_size, heads, dropout=0.5)
    texts = [example.composed for example in tiny_dataset().examples[:40]]
    ids = windowing(base.tokenizer, max_length=32)([*texts, "", "demo " * 90]).ids
    return network, export(network, heads), ids


@functools.cache
def tiny_artifact():
    """Train once a process: the registry's folder, and the version in it. Not to be changed."""
    root = temporary_folder() / "artifacts"
    train_artifact(
        tiny_dataset(), tiny_config(), root=root, version=VERSION, console=silent_console()
    )
    return root, VERSION


def copied_artifact(root, version=VERSION):
    """An artifact to break: a copy of the tiny one under another root."""
    tiny_root, tiny_version = tiny_artifact()
    return Path(shutil.copytree(tiny_root / tiny_version, root / version))


def edit_manifest(folder, change):
    """Let `change` work on the manifest's JSON, in place."""
    path = folder / MANIFEST
    raw = json.loads(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(json.dumps(raw), encoding="utf-8")


def replace_signed(folder, name, content):
    """Replace a file as one would who can write the manifest, too."""
    (folder / name).write_bytes(content)
    edit_manifest(folder, lambda raw: raw["sha256"].update({name: file_sha256(folder / name)}))


def save_tiny_base(folder, *, width=32, layers=1):
    """A random encoder of few layers with a tokenizer of its own, saved as a hub's folder is."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=400, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator([*WORDS.values(), " ".join(FILLER), "0 1 2 3 4"], trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]"
    ).save_pretrained(folder)
    torch.manual_seed(11)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=2 * width,
        max_position_embeddings=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder

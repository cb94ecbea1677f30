"""The servers that are compared: how each is started, asked, and understood."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from models.labels import INTENTS, LABELS
from tests.benchmarks.serve_load import post
from tests.support_service import COMMAND, ROOT, environ_of
from training.dataset import Example

PORT = "{port}"
MODEL = "network"  # infinity's name for the folder
_OFFLINE = {"DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0", "HF_HUB_OFFLINE": "1"}
_ANSWERED = 0.5  # probability from which a label counts, where a server has no thresholds
# BetterTransformer is no more part of the library that it came from; the graphs are fused before.
_SWITCHES = ("--no-bettertransformer", "--onnx-disable-optimize")
Decide = Callable[[bytes], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One server; PORT in its command stands for the port it is to listen on."""

    name: str
    note: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    ask: Callable[[Example], bytes]
    decide: Decide  # the intents that an answer gives
    at_half: Decide  # those of at least 0.5, by which all are alike
    cwd: Path | None = None
    python: Path | None = field(default=None)  # of an environment of its own

    @property
    def missing(self) -> str | None:
        """Why it cannot be started here."""
        if self.python is None or self.python.exists():
            return None
        return f"{self.python} does not exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where the same weights stand, as each server reads them."""

    network: Path  # safetensors
    float32: Path  # ONNX
    int8: Path  # ONNX


def inlet(folder: Path) -> Contender:
    """Inlet as it is installed, with its defaults."""
    return Contender(
        name="Inlet",
        note="int8, wide part, windows of 128 tokens, thresholds of the model",
        command=(*COMMAND, "serve", "--port", PORT),
        environ=environ_of(folder, log_level="warning"),
        ask=_ask_inlet,
        decide=lambda body: frozenset(json.loads(body)["predictions"][0]["labels"]),
        at_half=_inlet_at_half,
    )


def _ask_inlet(example: Example) -> bytes:
    content = {"text": example.text, "subject": example.subject, "channel": example.channel}
    return post("/v1/classify", {key: value for key, value in content.items() if value})


def _inlet_at_half(body: bytes) -> frozenset[str]:
    said = json.loads(body)["predictions"][0]["intents"]
    return frozenset(intent for intent, share in said.items() if share >= _ANSWERED)


def plain(folders: Folders) -> Contender:
    """FastAPI and a pipeline, in this environment."""
    return Contender(
        name="FastAPI + transformers",
        note="torch float32, text-classification pipeline",
        command=_module(Path(sys.executable), "plain_server", folders.network),
        environ=environ_beside(folders.network),
        ask=lambda example: post("/classify", {"text": example.composed}),
        decide=by_probability,
        at_half=by_probability,
    )


def lit(folders: Folders, python: Path) -> Contender:
    """LitServe, with batches."""
    return Contender(
        name="LitServe",
        note="torch float32, batches of up to 32",
        command=_module(python, "litserve_server", folders.network),
        environ=environ_beside(folders.network),
        ask=lambda example: post("/predict", {"text": example.composed}),
        decide=by_probability,
        at_half=by_probability,
        python=python,
    )


def infinities(folders: Folders, python: Path) -> list[Contender]:
    """Infinity with torch, and with its optimised engine in two precisions."""
    return [
        _infinity("torch", "torch float32", folders.network, python),
        _infinity("optimum", "ONNX float32, fused graph", folders.float32, python),
        _infinity("optimum", "ONNX dynamic int8, fused graph", folders.int8, python),
    ]


def _infinity(engine: str, what: str, folder: Path, python: Path) -> Contender:
    options = {
        "model-id": ".",  # it passes a whole path where its library wants a file's name
        "served-model-name": MODEL,
        "engine": engine,
        "device": "cpu",
        "dtype": "float32",
        "pooling-method": "mean",  # else the optimised engine takes the first token alone
        "host": "127.0.0.1",
        "port": PORT,
        "log-level": "warning",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", value)]
    program = "from infinity_emb.cli import cli; cli()"
    return Contender(
        name=f"infinity {engine}" + (" int8" if "int8" in what else ""),
        note=f"{what}; answers the logits as an embedding",
        command=(str(python), "-c", program, "v2", *flags, *_SWITCHES),
        environ=environ_beside(folder),
        ask=lambda example: post("/embeddings", {"model": MODEL, "input": [example.composed]}),
        decide=by_sign,
        at_half=by_sign,
        cwd=folder,
        python=python,
    )


def by_probability(body: bytes) -> frozenset[str]:
    """Take the intents of at least 0.5 from an answer of probabilities by label."""
    said = json.loads(body)
    return frozenset(i for i in LABELS[INTENTS] if said[f"{INTENTS}:{i}"] >= _ANSWERED)


def by_sign(body: bytes) -> frozenset[str]:
    """Take the intents of positive logits, which scaling to length 1 leaves positive.

    A logit over 0 is a probability over 0.5.
    """
    embedding = json.loads(body)["data"][0]["embedding"]
    return frozenset(i for i, x in zip(LABELS[INTENTS], embedding, strict=False) if x >= 0)


def _module(python: Path, name: str, folder: Path) -> tuple[str, ...]:
    module = ("-m", f"tests.benchmarks.{name}")
    return (str(python), *module, "--folder", str(folder), "--port", PORT)


def environ_beside(folder: Path) -> dict[str, str]:
    """Give what programs need, and caches of their own beside a folder of weights."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    home = folder.with_name(f"{folder.name}-home")
    return {**kept, **_OFFLINE, "HOME": str(home), "HF_HOME": str(home), "PYTHONPATH": str(ROOT)}

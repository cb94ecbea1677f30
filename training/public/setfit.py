"""Run SetFit on a task in its own environment: its libraries do not go with the product's."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file

from training.base.encoder import Base
from training.base.load import load_base
from training.config import TrainConfig
from training.errors import TrainingError
from training.public.answers import Answers
from training.public.tasks import Task

_RUNNER = Path(__file__).with_name("setfit_runner.py")
_LONGEST_S = 6 * 3_600.0  # of one run
_TOKENS = 256  # as all-MiniLM-L6-v2 sets it


@dataclass(frozen=True, slots=True)
class SetFit:
    """SetFit with its own defaults: contrast of sentence pairs, then logistic regression.

    Source:
        Tunstall et al. 2022, "Efficient Few-Shot Learning Without Prompts".
    """

    python: Path  # interpreter of an environment with setfit
    base: str
    seed: int

    def __call__(self, task: Task, texts: Sequence[str]) -> Answers:
        """Train on a task, and answer about texts.

        Raises:
            TrainingError: The environment has no setfit, or the run failed.
        """
        with tempfile.TemporaryDirectory(prefix="inlet-setfit-") as name:
            folder = Path(name)
            base = load_base(self.base, vocabulary=TrainConfig().vocabulary)
            save_sentence_transformer(base, folder / "model")
            (folder / "job.json").write_text(json.dumps(job_of(task, texts, self.seed)), "utf-8")
            self._run(folder)
            said = json.loads((folder / "said.json").read_text(encoding="utf-8"))
        likely = np.asarray(said, dtype=np.float32)
        return Answers(np.log(likely + 1e-9), 1.0 - likely.max(axis=1))

    def _run(self, folder: Path) -> None:
        """Start the runner and wait for it; what it prints is shown."""
        # -I keeps this folder, whose setfit.py is another, out of its path
        command = [str(self.python), "-I", str(_RUNNER), str(folder)]
        try:
            # the interpreter is the operator's own, named on the command line
            subprocess.run(command, check=True, timeout=_LONGEST_S)  # noqa: S603
        except (OSError, subprocess.SubprocessError) as error:
            raise TrainingError(f"SetFit did not run with {self.python}: {error}") from error


def job_of(task: Task, texts: Sequence[str], seed: int) -> dict[str, Any]:
    """Write down what the runner is to do; labels go by their number."""
    if task.kind != "single":
        raise TrainingError("SetFit is compared on tasks of one label a message")
    labels = {label: i for i, label in enumerate(task.head.labels)}
    return {
        "seed": seed,
        "labels": len(labels),
        "train": [[e.composed, labels[e.labels[task.head.name][0]]] for e in task.train],
        "ask": list(texts),
    }


def save_sentence_transformer(base: Base, folder: Path) -> None:
    """Write a base as a folder that sentence-transformers reads: encoder, mean pooling, norm."""
    pooling = {
        "word_embedding_dimension": base.hidden_size,
        "pooling_mode_cls_token": False,
        "pooling_mode_mean_tokens": True,
    }
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    content = {
        "config.json": base.encoder.config.to_dict()  # type: ignore[operator, union-attr]  # transformers'
        | {"attention_probs_dropout_prob": 0.1},  # as published; the product trains without
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast"} | _special(base),
        "sentence_bert_config.json": {"max_seq_length": _TOKENS, "do_lower_case": False},
        "1_Pooling/config.json": pooling,
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for i, (path, kind) in enumerate(modules)
        ],
    }
    for path, _ in modules:
        (folder / path).mkdir(parents=True, exist_ok=True)
    for name, value in content.items():
        (folder / name).write_text(json.dumps(value, default=str), encoding="utf-8")
    base.tokenizer.no_padding()
    base.tokenizer.no_truncation()
    base.tokenizer.save(str(folder / "tokenizer.json"))
    state = {name: tensor.contiguous() for name, tensor in base.encoder.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def _special(base: Base) -> dict[str, str]:
    """Name the piece that pads; sentence-transformers pads its batches by itself."""
    known = base.tokenizer.get_vocab()
    return {"pad_token": next(piece for piece in ("[PAD]", "<pad>") if piece in known)}

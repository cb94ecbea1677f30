"""Whether a static student could answer the easy messages: `python -m training.cascade`.

The student is a table of vectors for tokens and for pairs of neighbouring tokens, their mean, and a
linear layer: tens of microseconds. It learns the live model's probabilities of the training part.
On the calibration part it is found from which confidence on it may answer alone, so that the share
of messages on which the model would have been right and the student is not surely stays below half
a point. The test part tells what that would bring.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional

from models import registry
from models.artifact import READING, TOKENIZER, Manifest, read_artifact
from models.classifier import IntentClassifier
from models.errors import ModelError
from models.labels import INTENTS, Head
from models.text.reading import parse_reading
from models.tokenization import parse_tokenizer
from models.types import Floats
from training.dataset import Example, default_sources, read_dataset, split
from training.errors import TrainingError
from training.metrics import f1_view, head_targets
from training.metrics.scores import Bools, macro_f1
from training.thresholds import lower_bounds

WIDTH = 128  # of a vector
BUCKETS = 2**17  # for pairs of tokens
LOSS_ALLOWED = 0.005  # of the messages, answered worse than by the model
_EPOCHS, _BATCH, _RATE = 20, 64, 5e-3
_AT_ONCE = 64
_PAIR = 1_000_003  # a prime, so that pairs spread over the buckets

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a cascade would bring, on the test part."""

    messages: int
    answered_by_student: float  # share of the messages
    throughput: float  # times that of the model alone, if the student cost nothing
    student_us: float  # microseconds a message, tokens known
    macro_f1: float
    macro_f1_model: float
    macro_f1_student: float  # alone, on all messages

    @property
    def pays(self) -> bool:
        """Whether it brings three times the throughput for half a point of macro-F1 at most."""
        return self.throughput >= 3.0 and self.macro_f1 >= self.macro_f1_model - 0.005


class Student(nn.Module):
    """Mean of static vectors into one linear layer for all heads."""

    def __init__(self, pieces: int, heads: Sequence[Head]) -> None:
        super().__init__()
        self.sizes = [len(head.labels) for head in heads]
        # Sparse: of 180,000 vectors a step changes some thousands.
        self.table = nn.EmbeddingBag(
            pieces + BUCKETS, WIDTH, mode="mean", padding_idx=0, sparse=True
        )
        self.layer = nn.Linear(WIDTH, sum(self.sizes))
        nn.init.normal_(self.table.weight, std=0.1)

    def forward(self, bags: Tensor) -> tuple[Tensor, ...]:
        """Give each head's logits. Shapes: (messages, features), 0 is padding, to (…, labels)."""
        answers: Tensor = self.layer(self.table(bags))
        return torch.split(answers, self.sizes, dim=1)


@app.command()
def cascade(
    version: Annotated[str | None, typer.Argument(help="the teacher; default: live")] = None,
    root: Annotated[Path, typer.Option(help="folder of the artifacts")] = registry.SHIPPED,
    seed: Annotated[int, typer.Option(help="of the student")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Train a static student of a version, and tell what a cascade of both would bring."""
    console = Console(stderr=as_json)
    try:
        name = version or registry.live_version(root)
        classifier = registry.load(root, name)
        splits = split(read_dataset(default_sources()).examples)
        verdict = judged(
            classifier, root / name, splits.train, splits.calibration, splits.test, seed
        )
    except (TrainingError, ModelError) as error:
        console.print(f"[red]error:[/red] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    if as_json:
        typer.echo(json.dumps(asdict(verdict) | {"pays": verdict.pays}))
        return
    for field, value in asdict(verdict).items():
        console.print(f"{field.replace('_', ' '):<22} {value}")
    console.print("it pays" if verdict.pays else "it does not pay")


def judged(
    classifier: IntentClassifier,
    folder: Path,
    train: Sequence[Example],
    known: Sequence[Example],
    test: Sequence[Example],
    seed: int,
) -> Verdict:
    """Train the student, find its confidence on `known`, and judge it on `test`."""
    heads, intents = classifier.manifest.heads, classifier.manifest.intents
    bags_of = Bags(folder)
    student = _taught(classifier, bags_of, train, seed)
    manifest = classifier.manifest
    margin = margin_of(
        student_says(student, heads, bags_of(known)),
        _model_says(classifier, known),
        head_targets(intents, known)[1] > 0.5,
        manifest,
    )
    targets = head_targets(intents, test)[1] > 0.5
    own = student_says(student, heads, bags_of(test))
    takes = _margins(own, manifest) >= margin
    model, alone = _decided(_model_says(classifier, test), manifest), _decided(own, manifest)
    share = float(takes.mean())
    return Verdict(
        messages=len(test),
        answered_by_student=round(share, 4),
        throughput=round(1.0 / max(1.0 - share, 1e-3), 2),
        student_us=round(_microseconds(student, bags_of(test)), 1),
        macro_f1=round(macro_f1(np.where(takes[:, None], alone, model), targets), 4),
        macro_f1_model=round(macro_f1(model, targets), 4),
        macro_f1_student=round(macro_f1(alone, targets), 4),
    )


def margin_of(own: Floats, says: Floats, targets: Bools, manifest: Manifest) -> float:
    """Find the least margin from which on the student may answer alone; infinite if none.

    Args:
        own: What the student says of the intents. Shape: (messages, labels).
        says: What the model says.
        targets: What holds.
        manifest: Of the model, with its thresholds.
    """
    margins = _margins(own, manifest)
    right = [(_decided(given, manifest) == targets).all(axis=1) for given in (own, says)]
    worse = right[1] & ~right[0]
    order = np.argsort(-margins, kind="stable")
    taken, errors = np.arange(1, len(order) + 1), np.cumsum(worse[order])
    upper = 1.0 - lower_bounds(taken - errors, taken)  # of the share of errors among those taken
    ranked = margins[order]
    ends = np.append(ranked[1:] < ranked[:-1], True)  # a margin takes all that are equal to it
    kept = np.flatnonzero(ends & (upper * taken / len(order) <= LOSS_ALLOWED))
    return float(ranked[kept[-1]]) if len(kept) else float("inf")


def _margins(given: Floats, manifest: Manifest) -> NDArray[np.float64]:
    """How far the least certain intent is from its threshold, in log-odds. Shape: (messages,)."""
    certain = np.clip(given, 1e-6, 1 - 1e-6)
    odds = [np.log(p) - np.log1p(-p) for p in (certain, _thresholds(manifest))]
    return np.asarray(np.abs(odds[0] - odds[1]).min(axis=1), dtype=np.float64)


def _decided(given: Floats, manifest: Manifest) -> Bools:
    """Label by the thresholds that hold for every channel, the most probable where none counts."""
    return f1_view(given, threshold=_thresholds(manifest))


def _thresholds(manifest: Manifest) -> Floats:
    """Those of the intents, in their order. Shape: (labels,)."""
    return np.array([manifest.thresholds[label] for label in manifest.intents.labels])


def _model_says(classifier: IntentClassifier, examples: Sequence[Example]) -> Floats:
    """The model's probabilities of the intents. Shape: (messages, labels)."""
    return _every_head(classifier, examples)[classifier.manifest.intents.name]


def _every_head(classifier: IntentClassifier, examples: Sequence[Example]) -> Mapping[str, Floats]:
    parts = []
    starts = range(0, len(examples), _AT_ONCE)
    for start in track(starts, "asking the model", console=Console(stderr=True), transient=True):
        some = [example.composed for example in examples[start : start + _AT_ONCE]]
        parts.append(classifier.probabilities(classifier.logits(some)))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Bags:
    """Turns messages into rows of features: tokens, and pairs of them in buckets."""

    def __init__(self, folder: Path) -> None:
        _, files = read_artifact(folder)
        self._tokenizer = parse_tokenizer(files[TOKENIZER])
        self._tokenizer.no_truncation()
        self._read = parse_reading(files[READING])
        self.pieces = self._tokenizer.get_vocab_size()

    def __call__(self, examples: Sequence[Example]) -> Tensor:
        """Give the features of messages. Shape: (messages, features), 0 is padding."""
        texts = [self._read(example.composed) for example in examples]
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(texts)]
        bags = [torch.tensor([*ids, *self._pairs(ids)]) for ids in rows]
        return nn.utils.rnn.pad_sequence(bags, batch_first=True)

    def _pairs(self, ids: Sequence[int]) -> list[int]:
        return [self.pieces + (a * _PAIR + b) % BUCKETS for a, b in pairwise(ids)]


def _taught(
    classifier: IntentClassifier, bags_of: Bags, train: Sequence[Example], seed: int
) -> Student:
    """Train a student on what the model says."""
    heads = classifier.manifest.heads
    says = _every_head(classifier, train)
    soft = [torch.from_numpy(says[head.name]).float() for head in heads]
    torch.manual_seed(seed)
    bags, student = bags_of(train), Student(bags_of.pieces, heads)
    optimizers = (
        torch.optim.SparseAdam(student.table.parameters(), lr=_RATE),
        torch.optim.Adam(student.layer.parameters(), lr=_RATE),
    )
    for _ in track(range(_EPOCHS), "teaching", console=Console(stderr=True), transient=True):
        for rows in torch.randperm(len(train)).split(_BATCH):  # type: ignore[no-untyped-call]
            widest = int((bags[rows] != 0).sum(dim=1).max())
            answers = student(bags[rows][:, :widest])
            losses = [_unlike(h, a, s[rows]) for h, a, s in zip(heads, answers, soft, strict=True)]
            student.zero_grad()
            torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                optimizer.step()  # type: ignore[no-untyped-call]  # torch leaves SparseAdam's untyped
    return student.eval()


def _unlike(head: Head, logits: Tensor, says: Tensor) -> Tensor:
    """Cross-entropy against the model's probabilities. Shapes: (messages, labels), twice."""
    if head.kind == "multi":
        return functional.binary_cross_entropy_with_logits(logits, says)
    return functional.cross_entropy(logits, says)


def student_says(student: Student, heads: Sequence[Head], bags: Tensor) -> Floats:
    """The student's probabilities of the intents. Shape: (messages, labels)."""
    with torch.inference_mode():
        answers = dict(zip([head.name for head in heads], student(bags), strict=True))
    given: Floats = torch.sigmoid(answers[INTENTS]).numpy()
    return given


def _microseconds(student: Student, bags: Tensor) -> float:
    """Time the student on one message at a time."""
    some = [bags[i : i + 1, : int((bags[i] != 0).sum())] for i in range(min(len(bags), 200))]
    with torch.inference_mode():
        begun = time.perf_counter()
        for one in some:
            student(one)
    return (time.perf_counter() - begun) * 1e6 / len(some)


if __name__ == "__main__":
    sys.exit(app())

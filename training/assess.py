"""What a classifier is worth on the test part, beside a baseline and its own float32 form."""

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from models.classifier import IntentClassifier
from models.labels import Head
from models.types import Floats
from training.baseline import fit_baseline
from training.dataset import Example, Splits
from training.metrics import Evaluation, evaluate
from training.metrics.scores import Bools
from training.promised import promise_table

METRICS = "metrics.json"  # in the folder of an artifact: `Findings.as_dict`
_KIB_PER_MB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was measured of a model; each mapping is JSON."""

    served: Mapping[str, Any]  # Evaluation.as_dict() of the int8 network
    float32: Mapping[str, Any]  # of the network before quantising
    baseline: Mapping[str, Any]
    promises: Mapping[str, Any]  # see training.promised
    probabilities: Mapping[str, Floats]  # of the test part, by head; (examples, labels)
    deciding: Head
    decisions: Bools  # what is served for the test part; (examples, labels of the deciding head)
    test: Sequence[Example]
    more: Mapping[str, Any] = field(default_factory=dict)  # changes, probes, out_of_scope

    def as_dict(self, measured: Mapping[str, float]) -> dict[str, Any]:
        """Give what metrics.json holds: the served model's figures first, no word of a message.

        Args:
            measured: Figures of the run itself, such as seconds.
        """
        return {
            **self.served,
            "promises": self.promises,
            **self.more,
            "float32": self.float32,
            "baseline": self.baseline,
            "run": {**measured, "peak_memory_mb": peak_memory_mb()},
            "decisions": self.labels(),
        }

    def labels(self) -> dict[str, list[str]]:
        """Name the labels that each test example is given, by its id; none where it abstains."""
        return named(self.deciding, self.decisions, self.test)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a classifier says about some examples."""

    probabilities: Mapping[str, Floats]  # by head; (examples, labels)
    decisions: Bools  # what is served; (examples, labels of the deciding head)

    @classmethod
    def of(cls, classifier: IntentClassifier, examples: Sequence[Example]) -> Self:
        """Ask a classifier by the very path that serves."""
        predictions, probabilities = classifier.judged([example.composed for example in examples])
        served = [
            classifier.for_channel(prediction, example.channel).labels
            for prediction, example in zip(predictions, examples, strict=True)
        ]
        names = classifier.manifest.intents.labels
        given = [[name in labels for name in names] for labels in served]
        decisions = np.array(given, dtype=np.bool_).reshape(len(examples), len(names))
        return cls(probabilities, decisions)


def assess(
    classifier: IntentClassifier, full: IntentClassifier, splits: Splits, *, seed: int
) -> Findings:
    """Measure the model that will be served, its float32 form, and the baseline."""
    heads = classifier.manifest.heads
    baseline = fit_baseline(heads, splits.train, seed=seed)
    guesses = baseline([example.composed for example in splits.test])
    return findings_of(
        classifier,
        splits.test,
        float32=evaluated(full, splits.test)[0].as_dict(),
        baseline=evaluate(heads, splits.test, guesses, {}).as_dict(),
    )


def findings_of(
    classifier: IntentClassifier,
    test: Sequence[Example],
    *,
    float32: Mapping[str, Any],
    baseline: Mapping[str, Any],
) -> Findings:
    """Measure what is served on the test part; what it is compared with was measured before."""
    manifest, answers = classifier.manifest, Answers.of(classifier, test)
    return Findings(
        served=_measured(classifier, answers, test).as_dict(),
        float32=float32,
        baseline=baseline,
        promises=promise_table(manifest, answers.decisions, test),
        probabilities=answers.probabilities,
        deciding=manifest.intents,
        decisions=answers.decisions,
        test=test,
    )


def evaluated(
    classifier: IntentClassifier, test: Sequence[Example]
) -> tuple[Evaluation, Mapping[str, Floats]]:
    """Measure a classifier by the very path that serves; gives its probabilities, too."""
    answers = Answers.of(classifier, test)
    return _measured(classifier, answers, test), answers.probabilities


def named(head: Head, decisions: Bools, examples: Sequence[Example]) -> dict[str, list[str]]:
    """Name the decided labels of each example, by its id. Shape: (examples, labels)."""
    return {
        example.id: [label for label, yes in zip(head.labels, row, strict=True) if yes]
        for example, row in zip(examples, decisions, strict=True)
    }


def _measured(
    classifier: IntentClassifier, answers: Answers, test: Sequence[Example]
) -> Evaluation:
    """Measure what a classifier answered."""
    heads, decider = classifier.manifest.heads, classifier.manifest.intents.name
    served = {decider: answers.decisions}
    return evaluate(heads, test, answers.probabilities, {}, decisions=served)


def peak_memory_mb() -> int:
    """Most resident memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB_PER_MB

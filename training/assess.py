"""What a classifier is worth on the test part, beside a baseline and its own float32 form."""

import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.classifier import IntentClassifier
from models.types import Floats
from training.baseline import fit_baseline
from training.dataset import Example, Splits
from training.metrics import Evaluation, evaluate

_KIB_PER_MB = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that was measured of a model; each mapping is JSON."""

    served: Mapping[str, Any]  # Evaluation.as_dict() of the int8 network
    float32: Mapping[str, Any]  # of the network before quantising
    baseline: Mapping[str, Any]
    probabilities: Mapping[str, Floats]  # of the test part, by head; (examples, labels)
    test: Sequence[Example]

    def as_dict(self, measured: Mapping[str, float]) -> dict[str, Any]:
        """Give what metrics.json holds: the served model's figures first.

        Args:
            measured: Figures of the run itself, such as seconds.
        """
        return {
            **self.served,
            "float32": self.float32,
            "baseline": self.baseline,
            "run": {**measured, "peak_memory_mb": peak_memory_mb()},
        }


def assess(
    classifier: IntentClassifier, full: IntentClassifier, splits: Splits, *, seed: int
) -> Findings:
    """Measure the model that will be served, its float32 form, and the baseline."""
    served, probabilities = evaluated(classifier, splits.test)
    heads = classifier.manifest.heads
    guesses = fit_baseline(heads, splits.train, seed=seed)([e.composed for e in splits.test])
    return Findings(
        served=served.as_dict(),
        float32=evaluated(full, splits.test)[0].as_dict(),
        baseline=evaluate(heads, splits.test, guesses, {}).as_dict(),
        probabilities=probabilities,
        test=splits.test,
    )


def evaluated(
    classifier: IntentClassifier, test: Sequence[Example]
) -> tuple[Evaluation, dict[str, Floats]]:
    """Measure a classifier by the very path that serves; gives its probabilities, too."""
    manifest = classifier.manifest
    answers = classifier.probabilities(classifier.logits([e.composed for e in test]))
    thresholds = {manifest.intents.name: manifest.thresholds}
    return evaluate(manifest.heads, test, answers, thresholds), answers


def peak_memory_mb() -> int:
    """Most resident memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KIB_PER_MB

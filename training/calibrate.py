"""Make a network's answers true: calibration and thresholds, on messages that it never saw."""

from collections.abc import Sequence
from dataclasses import replace

from models.artifact import Manifest
from models.calibration import Calibration, fit_calibration
from models.classifier import IntentClassifier
from models.text.language import detect_language
from models.types import Floats, Network, Tokenize
from training.dataset import Example
from training.metrics import head_targets
from training.thresholds import pick_thresholds


def calibrated(
    draft: Manifest,
    network: Network,
    tokenize: Tokenize,
    held_out: Sequence[Example],
    *,
    precision: float,
) -> IntentClassifier:
    """Fit calibration, then thresholds, and give the classifier that serving would load.

    Args:
        draft: With identity calibrations; its own thresholds are not looked at.
        network: The very network that is to be served: quantising shifts its logits.
        tokenize: As in serving.
        held_out: The calibration part.
        precision: That every intent's threshold promises.
    """
    classifier = _classifier(draft, network, tokenize)
    logits = classifier.logits([example.composed for example in held_out])
    manifest = replace(draft, calibration=_calibrations(draft, logits, held_out))
    classifier = _classifier(manifest, network, tokenize)
    deciding = manifest.intents
    thresholds = pick_thresholds(
        deciding,
        classifier.probabilities(logits)[deciding.name],
        head_targets(deciding, held_out)[1],
        promised=precision,
    )
    return _classifier(replace(manifest, thresholds=thresholds), network, tokenize)


def _calibrations(
    draft: Manifest, logits: dict[str, Floats], held_out: Sequence[Example]
) -> dict[str, Calibration]:
    """Fit every head on the examples that have it."""
    fits = {}
    for head in draft.heads:
        present, targets = head_targets(head, held_out)
        fits[head.name] = fit_calibration(head, logits[head.name][present], targets[present])
    return fits


def _classifier(manifest: Manifest, network: Network, tokenize: Tokenize) -> IntentClassifier:
    return IntentClassifier(
        tokenize=tokenize, network=network, manifest=manifest, detect_language=detect_language
    )

"""Make a network's answers true: calibration and thresholds, on messages that it never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from models.artifact import Manifest
from models.calibration import Calibration, fit_calibration
from models.classifier import IntentClassifier
from models.text.language import detect_language
from models.types import Floats, Network, Tokenize
from models.wide import Wide
from training.dataset import Example
from training.metrics import head_targets
from training.thresholds import enough_rows, pick_thresholds


@dataclass(frozen=True, slots=True)
class Parts:
    """What scores a message; the very parts that are to be served, for quantising shifts logits."""

    tokenize: Tokenize
    network: Network
    wide: Wide | None = None

    def classifier(self, manifest: Manifest) -> IntentClassifier:
        """Put them together as serving does."""
        return IntentClassifier(
            tokenize=self.tokenize,
            network=self.network,
            manifest=manifest,
            detect_language=partial(detect_language, expected=manifest.languages),
            wide=self.wide,
        )


def calibrated(
    draft: Manifest,
    parts: Parts,
    held_out: Sequence[Example],
    *,
    precision: Mapping[str, float],
) -> IntentClassifier:
    """Fit calibration, then thresholds, and give the classifier that serving would load.

    Args:
        draft: With identity calibrations; its own thresholds are not looked at.
        parts: What scores a message.
        held_out: The calibration part.
        precision: That each intent's threshold promises; see training.promises.
    """
    logits = parts.classifier(draft).logits([example.composed for example in held_out])
    manifest = replace(draft, calibration=calibrations(draft, logits, held_out))
    deciding = manifest.intents
    given = parts.classifier(manifest).probabilities(logits)[deciding.name]
    targets = head_targets(deciding, held_out)[1]
    thresholds = pick_thresholds(deciding, given, targets, promised=precision)
    of_channels = {}
    for channel in sorted({example.channel for example in held_out if example.channel}):
        rows = [row for row, example in enumerate(held_out) if example.channel == channel]
        if enough_rows(targets[rows]):
            of_channels[channel] = pick_thresholds(
                deciding, given[rows], targets[rows], promised=precision
            )
    return parts.classifier(
        replace(manifest, thresholds=thresholds, channel_thresholds=of_channels)
    )


def calibrations(
    draft: Manifest, logits: Mapping[str, Floats], held_out: Sequence[Example]
) -> dict[str, Calibration]:
    """Fit every head on the examples that have it."""
    fits = {}
    for head in draft.heads:
        present, targets = head_targets(head, held_out)
        fits[head.name] = fit_calibration(head, logits[head.name][present], targets[present])
    return fits

"""The one way from message text to Prediction, for training, evaluation and serving."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.artifact import Manifest
from models.calibration import probabilities
from models.labels import OTHER, Head
from models.prediction import Prediction, Signal
from models.text.clean import clean_text
from models.types import Floats, Ints, Network, Tokenize

DetectLanguage = Callable[[str], str]


class IntentClassifier:
    """Clean, tokenize, score, calibrate. Holds no request state, so threads may share it."""

    def __init__(
        self,
        *,
        tokenize: Tokenize,
        network: Network,
        manifest: Manifest,
        detect_language: DetectLanguage,
    ) -> None:
        self._tokenize = tokenize
        self._network = network
        self._detect_language = detect_language
        self.manifest = manifest

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Classify composed texts in the order given; see models.text.compose."""
        if not texts:
            return []
        cleaned = [clean_text(text) for text in texts]
        windows = self._tokenize(cleaned)
        logits = message_logits(self.manifest.heads, self._network(windows.ids), windows.owners)
        heads = self.probabilities(logits)
        return [
            self._prediction({name: rows[i] for name, rows in heads.items()}, text, truncated)
            for i, (text, truncated) in enumerate(zip(cleaned, windows.truncated, strict=True))
        ]

    def logits(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Uncalibrated scores per head, for fitting. Each of shape (len(texts), labels)."""
        windows = self._tokenize([clean_text(text) for text in texts])
        return message_logits(self.manifest.heads, self._network(windows.ids), windows.owners)

    def probabilities(self, logits: Mapping[str, Floats]) -> dict[str, Floats]:
        """Calibrated probabilities per head. Each of shape (messages, labels)."""
        return {
            head.name: probabilities(head, logits[head.name], self.manifest.calibration[head.name])
            for head in self.manifest.heads
        }

    def _prediction(self, rows: Mapping[str, Floats], text: str, truncated: bool) -> Prediction:
        """Name the labels of one message. Each row has shape (labels,)."""
        intents = _named(self.manifest.intents, rows[self.manifest.intents.name])
        over = [i for i, p in intents.items() if p >= self.manifest.thresholds[i]]
        return Prediction(
            intents=intents,
            labels=tuple(sorted(over, key=lambda intent: -intents[intent])),
            signals={
                head.name: _best(head, rows[head.name])
                for head in self.manifest.heads
                if head is not self.manifest.intents
            },
            model_version=self.manifest.version,
            language=self._detect_language(text),
            truncated=truncated,
        )


def message_logits(
    heads: Sequence[Head], logits: Mapping[str, Floats], owners: Ints
) -> dict[str, Floats]:
    """Put the windows of each message together: a wish in any window counts.

    The intents take the maximum over the windows, `other` the minimum (it stands alone, so every
    window must say it); single-choice heads take the mean.

    Args:
        heads: The heads, in any order.
        logits: Per head, shape (windows, labels).
        owners: Message of each window, ascending. Shape: (windows,).
    """
    starts = np.flatnonzero(np.diff(owners, prepend=-1))
    if len(starts) == len(owners):  # one window each, as nearly always
        return dict(logits)
    return {head.name: _join(head, logits[head.name], starts) for head in heads}


def _join(head: Head, logits: Floats, starts: Ints) -> Floats:
    """Reduce one head's windows to messages. Shape: (messages, labels)."""
    if head.kind == "single":
        sizes = np.diff(starts, append=len(logits))[:, None]
        return (np.add.reduceat(logits, starts) / sizes).astype(np.float32)
    joined = np.maximum.reduceat(logits, starts)
    if OTHER in head.labels:
        column = head.labels.index(OTHER)
        joined[:, column] = np.minimum.reduceat(logits[:, column], starts)
    return joined


def _named(head: Head, row: Floats) -> dict[str, float]:
    """Probabilities by label, rounded to what they can claim."""
    return {label: round(float(p), 4) for label, p in zip(head.labels, row, strict=True)}


def _best(head: Head, row: Floats) -> Signal:
    """The most probable label of a single-choice head."""
    best = int(row.argmax())
    return Signal(head.labels[best], round(float(row[best]), 4))

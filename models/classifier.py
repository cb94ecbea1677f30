"""The one way from message text to Prediction, for training, evaluation and serving."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from models.artifact import Manifest
from models.calibration import probabilities
from models.labels import OTHER, Head
from models.prediction import Prediction, Signal
from models.text.clean import clean_text
from models.text.language import UNKNOWN
from models.types import Floats, Ints, Network, Tokenize, Windows
from models.wide import Wide

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
        wide: Wide | None = None,
    ) -> None:
        self._tokenize = tokenize
        self._network = network
        self._wide = wide
        self._detect_language = detect_language
        self.manifest = manifest

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Classify composed texts in the order given; see models.text.compose."""
        return self.judged(texts)[0] if texts else []

    def judged(self, texts: Sequence[str]) -> tuple[list[Prediction], dict[str, Floats]]:
        """Classify composed texts, and give the probabilities behind it as `probabilities` does."""
        cleaned = [clean_text(text) for text in texts]
        windows = self._tokenize(cleaned)
        heads = self.probabilities(self._scored(windows))
        predictions = [
            self._prediction({name: rows[i] for name, rows in heads.items()}, text, truncated)
            for i, (text, truncated) in enumerate(zip(cleaned, windows.truncated, strict=True))
        ]
        return predictions, heads

    def logits(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Uncalibrated scores per head, for fitting. Each of shape (len(texts), labels)."""
        return self._scored(self._tokenize([clean_text(text) for text in texts]))

    def _scored(self, windows: Windows) -> dict[str, Floats]:
        """Add what encoder and wide part say of each window, and put the windows together."""
        logits = dict(self._network(windows.ids))
        for head, more in (self._wide.logits(windows.texts) if self._wide else {}).items():
            logits[head] = logits[head] + more
        return message_logits(self.manifest.heads, logits, windows.owners)

    def probabilities(self, logits: Mapping[str, Floats]) -> dict[str, Floats]:
        """Calibrated probabilities per head. Each of shape (messages, labels)."""
        return {
            head.name: probabilities(head, logits[head.name], self.manifest.calibration[head.name])
            for head in self.manifest.heads
        }

    def _prediction(self, rows: Mapping[str, Floats], text: str, truncated: bool) -> Prediction:
        """Name the labels of one message. Each row has shape (labels,)."""
        intents = _named(self.manifest.intents, rows[self.manifest.intents.name])
        language, learnt = self._detect_language(text), self.manifest.languages
        prediction = Prediction(
            intents=intents,
            labels=(),
            signals={
                head.name: _best(head, rows[head.name])
                for head in self.manifest.heads
                if head is not self.manifest.intents
            },
            model_version=self.manifest.version,
            language=language,
            truncated=truncated,
            readable=not learnt or language in (*learnt, UNKNOWN),
            out_of_scope=out_of_scope(intents),
        )
        return prediction.with_thresholds(self.manifest.thresholds)

    def for_channel(self, prediction: Prediction, channel: str | None) -> Prediction:
        """Count the intents by the thresholds of a channel, where it has its own."""
        thresholds = self.manifest.channel_thresholds.get(channel or "")
        return prediction if thresholds is None else prediction.with_thresholds(thresholds)


def out_of_scope(intents: Mapping[str, float]) -> float:
    """Tell how sure it is that a message holds no wish: `other`, or no label at all.

    Of the scores compared in training/LOG.md this one tells best.
    """
    return intents[OTHER] if OTHER in intents else round(1.0 - max(intents.values()), 4)


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

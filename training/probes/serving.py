"""What a message gets as it is served, and how much of the high intent is found in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.labels import INTENTS, OTHER
from models.prediction import Prediction
from training.dataset import Example
from training.metrics import f1_view
from training.metrics.scores import macro_f1
from training.probes.shares import Share

HIGH_INTENTS = ("demo_request", "pricing", "churn_risk")  # of which app/routing/policy.yaml tells
_AT_ONCE = 32  # messages of one call, so that progress can be seen

Tick: TypeAlias = Callable[[int], None]  # takes the number of messages just classified
Counts: TypeAlias = NDArray[np.int64]


class Classifier(Protocol):
    """What a probe needs of models.classifier.IntentClassifier."""

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """Classify composed texts in the order given."""
        ...

    def for_channel(self, prediction: Prediction, channel: str | None) -> Prediction:
        """Count the intents by the thresholds of a channel, where it has its own."""
        ...


@dataclass(frozen=True, slots=True)
class Probed:
    """A classifier under measurement, and whom to tell of progress."""

    classifier: Classifier
    tick: Tick

    def predict(self, examples: Sequence[Example], texts: Sequence[str]) -> list[Prediction]:
        """Classify texts as the service would if the examples had been written so."""
        return self.predict_plain(texts, [example.channel for example in examples])

    def predict_plain(
        self, texts: Sequence[str], channels: Sequence[str | None] = ()
    ) -> list[Prediction]:
        """Classify texts, each of its channel; without channels, as the API would."""
        answers: list[Prediction] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = self.classifier.predict(texts[start : start + _AT_ONCE])
            self.tick(len(some))
            answers += some
        pairs = zip(answers, channels or [None] * len(texts), strict=True)
        return [self.classifier.for_channel(answer, channel) for answer, channel in pairs]


def raw_text(example: Example) -> str:
    """Write an example as it came, subject first and lines kept."""
    return f"{example.subject}\n{example.text}" if example.subject else example.text


def high_intents(example: Example) -> set[str]:
    """Name the intents of an example that a salesperson is told of."""
    return set(HIGH_INTENTS) & set(example.labels[INTENTS])


def high_hits(examples: Sequence[Example], answers: Sequence[Prediction]) -> Counts:
    """Count the high intents of each example that were served. Shape: (examples,)."""
    pairs = zip(examples, answers, strict=True)
    return np.array([len(high_intents(e) & set(answer.labels)) for e, answer in pairs], np.int64)


def high_cases(examples: Sequence[Example]) -> Counts:
    """Count the high intents of each example. Shape: (examples,)."""
    return np.array([len(high_intents(example)) for example in examples], np.int64)


def false_alarms(examples: Sequence[Example], answers: Sequence[Prediction]) -> Share:
    """Tell how many messages that wish nothing are served with a high intent."""
    wishless = [
        bool(set(HIGH_INTENTS) & set(answer.labels))
        for example, answer in zip(examples, answers, strict=True)
        if example.labels[INTENTS] == (OTHER,)
    ]
    return Share(sum(wishless), len(wishless))


def wrong_alarms(examples: Sequence[Example], answers: Sequence[Prediction]) -> Share:
    """Tell how many messages are served with a high intent that they do not have."""
    wrong = [
        bool(set(HIGH_INTENTS) & set(answer.labels) - high_intents(example))
        for example, answer in zip(examples, answers, strict=True)
    ]
    return Share(sum(wrong), len(wrong))


def intents_macro_f1(examples: Sequence[Example], answers: Sequence[Prediction]) -> float | None:
    """Tell the macro-F1 over intents as metrics.json does, where the classifier must answer."""
    if not examples:
        return None
    labels = list(answers[0].intents)
    held = [[label in example.labels[INTENTS] for label in labels] for example in examples]
    said = [[answer.intents[label] for label in labels] for answer in answers]
    score = macro_f1(f1_view(np.array(said, np.float32)), np.array(held))
    return None if np.isnan(score) else round(score, 4)

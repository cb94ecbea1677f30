"""A classifier by words, which every trick and every name can fool if it is told to."""

from models.labels import INTENTS, LABELS, OTHER
from models.prediction import Prediction
from training.dataset import Example

WORDS = {"demo": "demo_request", "price": "pricing", "error": "support", "cancel": "churn_risk"}
THRESHOLDS = dict.fromkeys(LABELS[INTENTS], 0.5)


class ByWord:
    """Says what the words of a text say; `reads` may clean the text first."""

    def __init__(self, reads=str, triggers=None):
        self.reads = reads
        self.words = {**WORDS, **(triggers or {})}
        self.texts = []

    def predict(self, texts):
        self.texts += texts
        return [self._prediction(self.reads(text)) for text in texts]

    def for_channel(self, prediction, channel):
        strict = dict.fromkeys(THRESHOLDS, 0.95)  # of what is posted in public
        return prediction.with_thresholds(strict if channel == "community_post" else THRESHOLDS)

    def _prediction(self, text):
        said = {intent for word, intent in self.words.items() if word in text.split()} or {OTHER}
        intents = {label: 0.9 if label in said else 0.1 for label in LABELS[INTENTS]}
        return Prediction(
            intents=intents,
            labels=(),
            signals={},
            model_version="by-word",
            language="en",
            truncated=False,
        ).with_thresholds(THRESHOLDS)


def example(name, text, *intents, **changes):
    fields = {"subject": "", "channel": "email", "language": "en", **changes}
    return Example(id=name, text=text, labels={INTENTS: intents}, **fields)


def examples(count=40):
    """As many messages of each intent, with a name and a place in each."""
    words = [*WORDS.items(), ("weather", OTHER)]
    return [
        example(f"{word}-{i}", f"Hello Anna, our {word} in Lagos\n{i} all of us\nAnna Berg", intent)
        for word, intent in words
        for i in range(count // len(words))
    ]

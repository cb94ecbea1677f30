"""What the model says about a message: frozen values that cannot be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

_UNDETERMINED = "und"  # ISO 639-2, of a text that is too short to tell
_UNREADABLE = "unsupported_language"
_ROLE = "buyer_role"  # the signal that a signature tells, too


@dataclass(frozen=True, slots=True)
class Signal:
    """The most probable label of a single-choice head, with its calibrated probability."""

    label: str
    probability: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.probability <= 1.0:
            raise ValueError(f"need a probability in [0, 1], got {self.probability}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Calibrated answers about one message, and the model version that gave them."""

    intents: Mapping[str, float]  # independent probabilities; they need not sum to one
    labels: tuple[str, ...]  # intents at or over their threshold, most probable first
    signals: Mapping[str, Signal]
    model_version: str
    language: str  # ISO 639-1, or "und" where the text is too short to tell
    truncated: bool  # True where the text was longer than the model reads
    readable: bool = True  # False where the model has not learnt the language
    out_of_scope: float = 0.0  # how sure it is that the sender wishes nothing it knows, 0 to 1
    # How near the nearest intent comes to its threshold; None where no thresholds were applied. It
    # says what a person should look at first, and is no part of what was said.
    margin: float | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if not self.intents or not all(0.0 <= p <= 1.0 for p in self.intents.values()):
            raise ValueError(f"need probabilities in [0, 1], got {dict(self.intents)}")
        if not set(self.labels) <= set(self.intents):
            raise ValueError("labels must be intents")

    @property
    def abstained(self) -> bool:
        """Whether the model leaves it to a person: no intent counts."""
        return not self.labels

    @property
    def abstained_because(self) -> str | None:
        """Why it abstained: `unsupported_language` or `low_confidence`."""
        if self.labels:
            return None
        return "low_confidence" if self.readable else _UNREADABLE

    def with_role_of(self, signed: "Prediction") -> "Prediction":
        """Take the writer's role from what was said of the message with its signature."""
        if _ROLE not in signed.signals:
            return self
        return replace(self, signals={**self.signals, _ROLE: signed.signals[_ROLE]})

    def with_thresholds(self, thresholds: Mapping[str, float]) -> "Prediction":
        """Count the intents by other thresholds, such as those of the message's channel."""
        over = [intent for intent, p in self.intents.items() if p >= thresholds[intent]]
        labels = tuple(sorted(over, key=lambda intent: -self.intents[intent]))
        nearest = min(abs(p - thresholds[intent]) for intent, p in self.intents.items())
        return replace(
            self, labels=labels if self.readable else (), margin=round(float(nearest), 4)
        )

    @property
    def primary(self) -> str:
        """The most probable intent that counts; of all intents when none counts."""
        return max(self.labels or self.intents, key=self.intents.__getitem__)

    @property
    def confidence(self) -> float:
        """The probability of the primary intent."""
        return self.intents[self.primary]

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> "Prediction":
        """Read what `as_dict` gave; what earlier releases did not write has its default.

        Raises:
            ValueError: It is no prediction.
        """
        try:
            signals = {
                head: Signal(one["label"], one["probability"])
                for head, one in said.get("signals", {}).items()
            }
            return cls(
                intents=dict(said["intents"]),
                labels=tuple(said["labels"]),
                signals=signals,
                model_version=said["model_version"],
                language=said.get("language", _UNDETERMINED),
                truncated=said.get("truncated", False),
                readable=said.get("abstained_because") != _UNREADABLE,
                out_of_scope=said.get("out_of_scope", 0.0),
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError("this is no prediction") from error

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form of DESIGN.md: what the API answers and the storage keeps."""
        return {
            "model_version": self.model_version,
            "intents": dict(self.intents),
            "labels": list(self.labels),
            "primary": self.primary,
            "confidence": self.confidence,
            "abstained": self.abstained,
            "abstained_because": self.abstained_because,
            "out_of_scope": self.out_of_scope,
            "signals": {
                head: {"label": s.label, "probability": s.probability}
                for head, s in self.signals.items()
            },
            "language": self.language,
            "truncated": self.truncated,
        }

"""What the operator wants: ordered rules over intents, each with a route and its endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.prediction import Prediction

OTHERWISE = "otherwise"  # the name of the rule that takes what no other one holds for
UNSURE = "unsure"  # and of the one that takes what the model leaves to a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is done about a message in which any of some intents counts."""

    name: str
    intents: Mapping[str, float | None]  # probability from which each counts; None: the model's own
    route: str
    endpoints: tuple[str, ...]
    event_type: str

    def counted(self, prediction: Prediction) -> tuple[str, ...]:
        """Give the intents that make this rule hold, the most probable first; or none."""
        wanted = [intent for intent in self.intents if self._counts(intent, prediction)]
        return tuple(sorted(wanted, key=lambda intent: -prediction.intents[intent]))

    def _counts(self, intent: str, prediction: Prediction) -> bool:
        limit = self.intents[intent]
        if not prediction.readable:  # the numbers are a guess in a language it has not learnt
            return False
        if limit is None:
            return intent in prediction.labels
        return intent in prediction.intents and prediction.intents[intent] >= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules in the order they are asked, and what happens when none holds."""

    rules: tuple[Rule, ...]
    otherwise: Rule  # asks for no intent
    unsure: Rule | None = None  # where the model abstained; None: as otherwise
    sha256: str  # of the file's bytes: which policy took a decision

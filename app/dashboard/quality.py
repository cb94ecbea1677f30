"""How right the model was, as people tell who looked at what it said."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from app.storage.review import Told

MIN_CASES = 5  # from which a share is told: of fewer it says nothing
_Z = 1.959964  # of the normal distribution, two-sided 95 %


@dataclass(frozen=True, slots=True)
class Share:
    """Some cases of all, with what they let expect of the next ones."""

    held: int
    cases: int

    @property
    def tells(self) -> bool:
        """Whether there are enough cases."""
        return self.cases >= MIN_CASES

    @property
    def ratio(self) -> float:
        """The share itself; 0 of no cases."""
        return self.held / self.cases if self.cases else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The ends between which the true share lies, at 95 % confidence.

        Source:
            Wilson 1927, "Probable inference, the law of succession, and statistical inference".
        """
        if not self.cases:
            return 0.0, 1.0
        spread = _Z * _Z / self.cases
        middle = (self.ratio + spread / 2) / (1 + spread)
        variance = self.ratio * (1 - self.ratio) / self.cases + spread / (4 * self.cases)
        half = _Z * math.sqrt(variance) / (1 + spread)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Judged:
    """How right the model was about one intent."""

    intent: str
    precision: Share  # of those that it called so, how many are
    coverage: Share  # of those that are, how many it called so


def judged(words: Iterable[Told]) -> tuple[Judged, ...]:
    """Lay what people said beside what the model had said, intent by intent, by their names."""
    called: dict[str, int] = {}
    true: dict[str, int] = {}
    both: dict[str, int] = {}
    for word in words:
        said, told = set(word.prediction.get("labels", ())), set(word.labels)
        for counted, intents in ((called, said), (true, told), (both, said & told)):
            for intent in intents:
                counted[intent] = counted.get(intent, 0) + 1
    return tuple(
        Judged(
            intent,
            Share(both.get(intent, 0), called.get(intent, 0)),
            Share(both.get(intent, 0), true.get(intent, 0)),
        )
        for intent in sorted({*called, *true})
    )

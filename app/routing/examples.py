"""The examples that a policy's file keeps, and whether the policy still decides as they say."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.domain import Decision
from app.routing.decide import decide
from app.routing.policy import Example, Policy
from models.prediction import Prediction

Predict = Callable[[Example], Prediction]  # asked where an example has a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One expectation that was not met."""

    key: str
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one example."""

    example: Example
    decision: Decision
    differences: tuple[Difference, ...]

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return not self.differences


def run_examples(policy: Policy, predict: Predict) -> list[Outcome]:
    """Decide on every example of a policy, and say where the decision is not the expected one."""
    return [_outcome(example, policy, predict) for example in policy.examples]


def _outcome(example: Example, policy: Policy, predict: Predict) -> Outcome:
    prediction = example.prediction or predict(example)
    decision = decide(prediction, example.context, policy)
    found = _found(decision)
    return Outcome(
        example=example,
        decision=decision,
        differences=tuple(
            Difference(key=key, expected=expected, found=found[key])
            for key, expected in example.expect.items()
            if found[key] != expected
        ),
    )


def _found(decision: Decision) -> dict[str, Any]:
    return {
        "route": decision.route,
        "rule": decision.rule,
        "event": decision.event_type,
        "priority": decision.priority,
        "pool": decision.pool,
        "clock": decision.clock,
        "endpoints": decision.endpoints,
    }

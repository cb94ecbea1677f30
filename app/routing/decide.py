"""The decision about one message, with reasons a person can check."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.domain import Decision
from app.routing.conditions import Condition, Seen, holds, told
from app.routing.context import Context
from app.routing.playbooks import playbook_of
from app.routing.policy import Policy, Rule
from models.prediction import Prediction

MODEL_LIMIT = 0.5  # stands in for the model's threshold, which a prediction does not tell
_LACK = 0.5  # a condition that does not hold is as far off as an intent at half of its limit


@dataclass(frozen=True, slots=True)
class _Checked:
    """One rule beside one message."""

    rule: Rule
    counted: tuple[str, ...]  # intents
    lacking: tuple[Condition, ...]  # conditions that do not hold

    @property
    def holds(self) -> bool:
        return not self.lacking and bool(self.counted or not self.rule.intents)


def decide(prediction: Prediction, context: Context, policy: Policy) -> Decision:
    """Let the first rule that holds route the message, and say what it saw."""
    seen = Seen(prediction, context, policy.calendars)
    checked = [_checked(rule, seen) for rule in policy.rules]
    fired = next((one for one in checked if one.holds), None)
    if fired is None:
        rest = policy.unsure if prediction.abstained and policy.unsure else policy.otherwise
        return _decision(rest, _why_none_held(checked, seen), prediction, policy)
    reasons = _why_held(fired, [one for one in checked if one is not fired], seen)
    return _decision(fired.rule, reasons, prediction, policy)


def _checked(rule: Rule, seen: Seen) -> _Checked:
    lacking = tuple(one for one in rule.conditions if not holds(one, seen))
    return _Checked(rule, rule.counted(seen.prediction), lacking)


def _decision(
    rule: Rule, reasons: tuple[str, ...], prediction: Prediction, policy: Policy
) -> Decision:
    return Decision(
        route=rule.route,
        rule=rule.name,
        reasons=reasons,
        endpoints=rule.endpoints,
        event_type=rule.event_type,
        policy_sha256=policy.sha256,
        priority=rule.priority,
        pool=rule.pool,
        clock=rule.clock,
        playbook=playbook_of(rule, prediction, policy),
    )


def _why_held(fired: _Checked, others: list[_Checked], seen: Seen) -> tuple[str, ...]:
    rule, nearest = fired.rule, _nearest(others, seen)
    return (
        f"the rule {rule.name!r} holds",
        *(f"{_found(intent, seen)} reaches {_limit(intent, rule)}" for intent in fired.counted),
        *(told(condition, seen) for condition in rule.conditions),
        *([f"the nearest other rule is {nearest}"] if nearest else []),
    )


def _why_none_held(checked: list[_Checked], seen: Seen) -> tuple[str, ...]:
    nearest = _nearest(checked, seen)
    if not seen.prediction.readable:
        unread = f"the model has not learnt the language {seen.prediction.language!r}"
        return (f"no rule held; the nearest is {nearest}", unread) if nearest else (unread,)
    if nearest is None:
        none_held = "no rule held: none asks for an intent of this model"
    else:
        none_held = f"no rule held; the nearest is {nearest}"
    if seen.prediction.abstained:
        return none_held, "the model abstained: no intent reached its threshold"
    counted = ", ".join(_found(label, seen) for label in seen.prediction.labels)
    return none_held, f"the model counts {counted}"


def _nearest(checked: Iterable[_Checked], seen: Seen) -> str | None:
    """Name the rule that came nearest of those that did not fire, and what it lacked."""
    far = ((_distance(one, seen.prediction), one) for one in checked)
    apart = [(distance, one) for distance, one in far if distance is not None]
    if not apart:
        return None
    _, nearest = min(apart, key=lambda pair: pair[0])
    return f"{nearest.rule.name!r}: {_lack(nearest, seen)}"


def _distance(checked: _Checked, prediction: Prediction) -> float | None:
    """Say how far a rule is from holding; None where no text could make it hold."""
    far = _LACK * len(checked.lacking)
    if checked.counted or not checked.rule.intents:
        return far
    best = _best(checked.rule, prediction)
    return None if best is None else far + _short(best, checked.rule, prediction)


def _best(rule: Rule, prediction: Prediction) -> str | None:
    """Give the intent that is least short of its limit, of those that the model can tell."""
    asked = [intent for intent in rule.intents if intent in prediction.intents]
    if not asked or not prediction.readable:
        return None
    return min(asked, key=lambda intent: _short(intent, rule, prediction))


def _short(intent: str, rule: Rule, prediction: Prediction) -> float:
    """Say which share of its limit an intent is short of."""
    limit = rule.intents[intent]
    limit = MODEL_LIMIT if limit is None else limit
    return max(0.0, limit - prediction.intents[intent]) / limit if limit else 0.0


def _lack(checked: _Checked, seen: Seen) -> str:
    lacks = [told(condition, seen) for condition in checked.lacking]
    best = _best(checked.rule, seen.prediction)
    if best is not None and not checked.counted:
        lacks.insert(0, f"{_found(best, seen)} is under {_limit(best, checked.rule)}")
    return ", ".join(lacks) or "it holds as well, but comes later"


def _found(intent: str, seen: Seen) -> str:
    return f"{intent} {seen.prediction.intents[intent]:.2f}"


def _limit(intent: str, rule: Rule) -> str:
    limit = rule.intents[intent]
    return "the model's threshold" if limit is None else f"the policy's {limit:g}"

"""The decision about one message, with reasons a person can check."""

from app.domain import Decision
from app.routing.policy import Policy, Rule
from models.prediction import Prediction

_MODEL_LIMIT = 0.5  # stands in for the model's threshold, which a prediction does not tell


def decide(prediction: Prediction, policy: Policy) -> Decision:
    """Let the first rule that holds route the message, and say what it saw."""
    for rule in policy.rules:
        counted = rule.counted(prediction)
        if counted:
            reasons = tuple(_reason(intent, rule, prediction) for intent in counted)
            return _decision(rule, reasons, policy)
    rest = policy.unsure if prediction.abstained and policy.unsure else policy.otherwise
    return _decision(rest, _why_none_held(prediction, policy), policy)


def _decision(rule: Rule, reasons: tuple[str, ...], policy: Policy) -> Decision:
    return Decision(
        route=rule.route,
        rule=rule.name,
        reasons=reasons,
        endpoints=rule.endpoints,
        event_type=rule.event_type,
        policy_sha256=policy.sha256,
    )


def _reason(intent: str, rule: Rule, prediction: Prediction) -> str:
    return f"{_found(intent, prediction)} reaches {_limit(intent, rule)}"


def _found(intent: str, prediction: Prediction) -> str:
    return f"{intent} {prediction.intents[intent]:.2f}"


def _limit(intent: str, rule: Rule) -> str:
    limit = rule.intents[intent]
    return "the model's threshold" if limit is None else f"the policy's {limit:g}"


def _why_none_held(prediction: Prediction, policy: Policy) -> tuple[str, ...]:
    if not prediction.readable:
        return (f"the model has not learnt the language {prediction.language!r}",)
    if prediction.abstained:
        return _nearest(prediction, policy), "the model abstained: no intent reached its threshold"
    counted = ", ".join(_found(label, prediction) for label in prediction.labels)
    return _nearest(prediction, policy), f"the model counts {counted}"


def _nearest(prediction: Prediction, policy: Policy) -> str:
    """Name the rule that came nearest: the one whose intent is least short of its limit."""
    misses = [
        ((_MODEL_LIMIT if limit is None else limit) - prediction.intents[intent], rule, intent)
        for rule in policy.rules
        for intent, limit in rule.intents.items()
        if intent in prediction.intents
    ]
    if not misses:
        return "no rule held: none asks for an intent of this model"
    _, rule, intent = min(misses, key=lambda miss: miss[0])
    found = f"{_found(intent, prediction)} is under {_limit(intent, rule)}"
    return f"no rule held; the nearest is {rule.name!r}: {found}"

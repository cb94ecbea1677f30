"""What to do next, for the person who reads of a message."""

from collections.abc import Mapping

from app.routing.policy import Policy, Rule
from models.prediction import Prediction

SHIPPED: Mapping[str, str] = {
    "educational": (
        "They want to understand something: answer the question itself, in plain words. "
        "Send the one page that explains it, and offer to talk only when they ask for more."
    ),
    "consultative": (
        "They compare you with others: ask what has to get better, and for whom. "
        "Answer with a customer like them and an honest comparison, and offer half an hour."
    ),
    "sales-focused": (
        "They are ready to buy: say what it costs and what is in it. "
        "Offer two times within a day, and ask who else has to agree."
    ),
    "welfare": (
        "They may leave: call rather than write, before anybody sends an offer. "
        "Ask what changed, name who mends it and by when, and write that down for both."
    ),
    "solution": (
        "Something does not work for them: say that you saw it and when they will hear more. "
        "Solve it or name who does, before anybody speaks of the contract."
    ),
    "navigational": "They look for a place: send the link or the name they asked for.",
    "local": "They ask for somebody near them: name the office or partner there, and the hours.",
}
"""Texts that every policy has; its own of the same name stand in for them."""

_OF_INTENT = {"churn_risk": "welfare", "support": "solution"}  # whatever their type

_OF_INTENT_TYPE = {
    "informational": "educational",
    "commercial_investigation": "consultative",
    "transactional": "sales-focused",
    "problem_solving": "solution",
    "navigational": "navigational",
    "local": "local",
}


def playbook_of(rule: Rule, prediction: Prediction, policy: Policy) -> str:
    """Give the text that a rule names, or else the one for what the message is, or none.

    A customer in trouble comes before any type: the model takes "we cancel" for transactional.
    """
    name = rule.playbook or _name_for(prediction)
    return policy.playbooks.get(name) or SHIPPED.get(name, "")


def _name_for(prediction: Prediction) -> str:
    if not prediction.readable:
        return ""
    if prediction.labels and prediction.primary in _OF_INTENT:
        return _OF_INTENT[prediction.primary]
    said = prediction.signals.get("intent_type")
    if said is None:
        return ""
    return _OF_INTENT_TYPE.get(said.label, "")

"""What a message became, step by step: pure, read from the service's answers."""

from collections.abc import Mapping
from typing import Any

from app.inbound.payload import list_at, text_at, value_at
from app.inbound.samples.trace import KEY_MEND, Answered, Step
from app.inbound.samples.values import PARSED

_CUT = ("quoted", "signature", "disclaimer")


def parsed(message: Answered) -> Step:
    """Say what was read of the request.

    Args:
        message: Of `GET /v1/messages/{id}`, as in all of this module.
    """
    if not message.is_taken:
        return Step(name=PARSED, words=message.detail, mend=KEY_MEND)
    told = message.told
    facts = {
        "id": text_at(told, "id"),
        "status": text_at(told, "facts", "parse_status") or PARSED,  # a line of chat has none
        "channel": text_at(told, "channel"),
        "sender": text_at(told, "sender", "email") or text_at(told, "sender", "name"),
        "subject": text_at(told, "subject"),
        "message_id": text_at(told, "message_id"),
    }
    subject = f"“{facts['subject']}”" if facts["subject"] else ""
    shown = (f"{facts['channel']} from {facts['sender']}", subject, facts["message_id"])
    is_read = facts["status"] == PARSED
    mend = "" if is_read else f"the mail could not be read ({facts['status']}): see the log"
    return Step(name=PARSED, words=", ".join(filter(None, shown)), facts=facts, mend=mend)


def stripped(message: Answered) -> Step:
    """Say what was cut from around what the person wrote just now, in characters."""
    cut = {part: len(text_at(message.told, "facts", part)) for part in _CUT}
    newest = len(text_at(message.told, "text"))
    shown = ", ".join(f"{part} {count}" for part, count in cut.items() if count) or "nothing"
    words = f"{newest} characters kept; cut: {shown}"
    return Step(name="stripped", words=words, facts={"newest": newest, **cut})


def classified(message: Answered) -> Step:
    """Say what the person wants, with the probability of each intent."""
    prediction = value_at(message.told, "prediction")
    labels, because = list_at(prediction, "labels"), value_at(prediction, "abstained_because")
    found = value_at(prediction, "intents")
    intents: Mapping[str, float] = found if isinstance(found, dict) else {}
    counted = ", ".join(f"{n} {p:.1%}" for n, p in intents.items() if n in labels)
    rest = ", ".join(f"{n} {p:.1%}" for n, p in intents.items() if n not in labels)
    facts = {"labels": labels, "intents": intents, "abstained_because": because}
    words = f"{counted or f'abstained ({because})'}; below their thresholds: {rest or 'none'}"
    return Step(name="classified", words=words, facts=facts)


def decided(message: Answered) -> Step:
    """Say where the message goes, by which rule, and why."""
    decision = value_at(message.told, "decision")
    route, rule = text_at(decision, "route"), text_at(decision, "rule")
    reasons = [str(reason) for reason in list_at(decision, "reasons")]
    facts = {"route": route, "rule": rule, "reasons": reasons}
    return Step(name="decided", words=f"{route}, by “{rule}”: {'; '.join(reasons)}", facts=facts)


def delivered(message: Answered) -> Step:
    """Say whom the service told of the message, and what came of that."""
    deliveries = [_delivery(one) for one in list_at(message.told, "deliveries")]
    warnings = [str(one) for one in list_at(message.told, "warnings")]
    words = [_shown(one) for one in deliveries]
    has_failed = any(one["problem"] for one in deliveries)
    return Step(
        name="deliveries",
        words="; ".join([*words, *warnings]) or "none: the policy names no endpoint for this",
        facts={"deliveries": deliveries, "warnings": warnings},
        mend="`inlet endpoints test NAME` says what is wrong with a receiver" if has_failed else "",
    )


def are_tried(message: Answered) -> bool:
    """Whether each delivery was tried at least once."""
    return all(list_at(one, "history") for one in list_at(message.told, "deliveries"))


def told_to_bot(answer: Answered) -> tuple[Step, ...]:
    """Read the same from the answer to a bot that names no message, as far as it tells."""
    facts = _lead_facts(answer.told)
    intent, share = value_at(facts, "lead_intent"), value_at(facts, "lead_confidence")
    route, handover = text_at(facts, "lead_route"), value_at(facts, "lead_handover")
    if not route:
        mend = "the service found nothing in it that a person wrote: see its log"
        return (Step(name=PARSED, words="no message", mend=mend),)
    shown = f"{share:.1%}" if isinstance(share, float) else ""
    told = {"primary": intent, "confidence": share}
    decision = {"route": route, "handover": handover}
    hidden = "the answer to this bot names no message: see GET /v1/deliveries"
    return (
        Step(name=PARSED, words="a line of a chat"),
        Step(name="stripped", words="nothing: a line of a chat is taken whole"),
        Step(name="classified", words=f"{intent or 'abstained'} {shown}", facts=told),
        Step(name="decided", words=f"{route}, handover: {bool(handover)}", facts=decision),
        Step(name="deliveries", words=hidden),
    )


def _lead_facts(told: object) -> object:
    """Find the four values in an answer to Rasa, Dialogflow CX or ES."""
    slots = {text_at(event, "name"): value_at(event, "value") for event in list_at(told, "events")}
    return slots or value_at(told, "sessionInfo", "parameters") or value_at(told, "payload")


def _delivery(one: object) -> dict[str, Any]:
    """Give a delivery with what its last attempt came to, if it was not taken."""
    tried = next(reversed(list_at(one, "history")), None)
    status = text_at(one, "status")
    answered = value_at(tried, "status_code") or text_at(tried, "error_code")
    return {
        "id": text_at(one, "id"),
        "endpoint": text_at(one, "endpoint"),
        "status": status,
        "problem": (answered or None) if status != "delivered" else None,
    }


def _shown(one: Mapping[str, Any]) -> str:
    problem = f", {one['problem']}" if one["problem"] else ""
    return f"{one['id']} to {one['endpoint']} {one['status']}{problem}"

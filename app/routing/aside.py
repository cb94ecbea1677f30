"""Decisions that no rule is asked about: what a machine wrote, what nobody could read, repeats."""

from dataclasses import replace

from app.domain import Decision, Facts
from app.routing.policy import OTHERWISE, UNSURE, Policy

AUTOMATED, REVIEW = "automated", "review"  # routes
ASIDE = "set aside"  # stands for the rule
_EVENT = "message.routed"
TOLD = "the conversation was handed over for this before: nobody is told twice"
LATELY = "somebody was told of this sender lately: the rule tells once in a while"


def set_aside(facts: Facts, policy: Policy) -> Decision | None:
    """Decide on a message that must not reach a person as a wish; None where the policy decides."""
    if facts.automated is not None:
        return _aside(AUTOMATED, f"written by a machine: {facts.automated}", policy)
    if facts.unreadable is not None:
        return _aside(REVIEW, f"its text could not be read: {facts.unreadable}", policy)
    return None


def is_wish(rule: str) -> bool:
    """Whether a rule of the policy asked for this, and not only what is left when none did."""
    return rule not in (OTHERWISE, UNSURE, ASIDE)


def told_before(decision: Decision) -> Decision:
    """Let a decision stand without telling anybody again: somebody has the conversation."""
    return _quiet(decision, TOLD)


def told_lately(decision: Decision) -> Decision:
    """Let a decision stand without telling anybody again, until its rule's window is over."""
    return _quiet(decision, LATELY)


def _quiet(decision: Decision, reason: str) -> Decision:
    """Tell nobody, so that nobody owes a reply either: the message before it has the clock."""
    reasons = (*decision.reasons, reason)
    return replace(decision, endpoints=(), pool=None, clock=None, reasons=reasons)


def _aside(route: str, reason: str, policy: Policy) -> Decision:
    return Decision(
        route=route,
        rule=ASIDE,
        reasons=(reason,),
        endpoints=(),
        event_type=_EVENT,
        policy_sha256=policy.sha256,
    )

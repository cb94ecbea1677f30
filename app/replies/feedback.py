"""What a person says of a message, and what follows from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import Feedback, FeedbackKind, ReplyClock
from app.replies.settling import close
from app.routing.policy import Policy
from app.storage import clocks, review
from app.storage import feedback as stored
from app.storage.engine import Connection
from models.labels import OTHER


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a person said, as it is kept, and how their message's reply clock stands after it."""

    feedback: Feedback
    clock: ReplyClock | None  # None where there is none


def note(conn: Connection, feedback: Feedback, *, policy: Policy, now: datetime) -> Noted | None:
    """Keep what a person says of a message, and close its reply clock where nobody need reply.

    Args:
        conn: A writing transaction.
        feedback: What is said; kept once if it is what this person said last.
        policy: The one in force: whether the right labels still call for the route.
        now: The present.

    Returns:
        None where there is no such message.
    """
    standing = stored.give(conn, feedback)
    if standing is None:
        return None
    _follow(conn, standing)
    clock = clocks.of_message(conn, feedback.message_id)
    if clock is not None and nobody_need_reply(standing, clock, policy):
        clock = close(conn, feedback.message_id, by=feedback.given_by, now=now).clock
    return Noted(feedback=standing, clock=clock)


def _follow(conn: Connection, feedback: Feedback) -> None:
    """Let a message leave the review queue, or come first where it is wrong and nobody said how."""
    if feedback.labels is not None:
        review.leave(conn, feedback.message_id)
    elif feedback.kind is FeedbackKind.WRONG_LABEL:
        review.dispute(conn, feedback.message_id)


def nobody_need_reply(feedback: Feedback, clock: ReplyClock, policy: Policy) -> bool:
    """Whether what a person says takes away the reason for which a reply clock runs.

    In doubt it runs on: where the right labels were not told, or the rule that started it asks
    for no intent or is gone from the policy.
    """
    if feedback.kind is not FeedbackKind.WRONG_LABEL:
        return feedback.kind is FeedbackKind.NOT_A_LEAD
    rule = policy.rule(clock.rule)
    if feedback.labels is None or rule is None or not rule.intents:
        return False
    calling = {intent for one in policy.rules if one.route == clock.route for intent in one.intents}
    return calling.isdisjoint(feedback.labels)


def labels_of(given: Collection[str], intents: Collection[str]) -> tuple[str, ...]:
    """Give the labels that a message has in the order of the model's intents; none is `other`."""
    if not given and OTHER in intents:
        return (OTHER,)
    return tuple(intent for intent in intents if intent in given)


def told_labels(prediction: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the labels that the model told of a message, in the order of its intents."""
    return tuple(intent for intent in prediction["intents"] if intent in prediction["labels"])


def label_problem(given: Sequence[str], intents: Collection[str]) -> str | None:
    """Say why labels cannot be a message's, as the end of a sentence; None where they can."""
    if any(label not in intents for label in given):
        return f"may hold only {', '.join(intents)}"
    if len(set(given)) < len(given):
        return "holds a label twice"
    if OTHER in given and len(given) > 1:
        return f"holds {OTHER} beside another label: it stands alone"
    return None

"""What a person says of a message, what follows from it, and how the model can learn from it."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain import Correction, Feedback, FeedbackKind, ReplyClock
from app.replies.settling import close
from app.routing.policy import Policy
from app.storage import clocks
from app.storage import feedback as stored
from app.storage.engine import Connection
from models.labels import OTHER
from models.text.clean import undo_transport
from models.text.compose import compose_text

_UNKNOWN_LANGUAGE = "und"  # ISO 639-2: the model could not tell


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
    clock = clocks.of_message(conn, feedback.message_id)
    if clock is not None and nobody_need_reply(standing, clock, policy):
        clock = close(conn, feedback.message_id, by=feedback.given_by, now=now).clock
    return Noted(feedback=standing, clock=clock)


def nobody_need_reply(feedback: Feedback, clock: ReplyClock, policy: Policy) -> bool:
    """Whether what a person says takes away the reason for which a reply clock runs.

    In doubt it runs on: where the right labels were not told, or the rule that started it asks
    for no intent or is gone from the policy.
    """
    if feedback.kind is FeedbackKind.NOT_A_LEAD:
        return True
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


def label_problem(given: Sequence[str], intents: Collection[str]) -> str | None:
    """Say why labels cannot be a message's, as the end of a sentence; None where they can."""
    if any(label not in intents for label in given):
        return f"may hold only {', '.join(intents)}"
    if len(set(given)) < len(given):
        return "holds a label twice"
    if OTHER in given and len(given) > 1:
        return f"holds {OTHER} beside another label: it stands alone"
    return None


def examples_of(corrections: Iterable[Correction]) -> Iterator[Mapping[str, Any]]:
    """Turn corrected messages into rows of the form of data/*.jsonl, each text once.

    Args:
        corrections: The newest first: of several messages with one text it is the one that stands.
    """
    seen: set[bytes] = set()
    for one in corrections:
        # As training tells copies, which would leak from one part of the data into another.
        text = undo_transport(f"{one.subject}\n{one.text}").casefold()
        digest = hashlib.sha256(text.encode()).digest()
        if digest in seen or not one.intents or not compose_text("", one.text):
            continue
        seen.add(digest)
        yield {
            "id": one.message_id,
            "channel": one.channel,
            "subject": one.subject,
            "text": one.text,
            "intents": list(one.intents),
            "language": None if one.language == _UNKNOWN_LANGUAGE else one.language,
        }

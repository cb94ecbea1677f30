"""What the inbox shows of a message: what it wants, which sentence says so, whose it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.dashboard.marking import Piece, excerpt_with
from app.domain import Feedback, InboxState
from app.routing.owners import Owner
from app.storage import feedback, messages, samples
from app.storage.engine import Connection
from app.storage.inbox import InboxRow

_MOST_WANTS = 2  # intents of a row; its page has all


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """One row of the inbox."""

    row: InboxRow
    wants: tuple[tuple[str, float], ...]  # intents with their probabilities, the likeliest first
    urgency: str | None  # None: the model does not tell
    subject: tuple[Piece, ...]
    excerpt: tuple[Piece, ...]
    owner: str | None  # whose it is, by the name that people know
    said: Feedback | None  # the last word of a person
    intents: tuple[str, ...]  # that a correction may name
    sample: bool  # nobody wrote it

    @property
    def waits(self) -> bool:
        """Whether somebody was promised a reply, and nobody took it."""
        return self.row.state is InboxState.WAITING

    @property
    def is_settled(self) -> bool:
        """Whether there is nothing left to do."""
        return self.row.state is InboxState.DONE

    @property
    def may_change_hands(self) -> bool:
        """Whether somebody may take it, or give it to another owner."""
        return self.row.state in (InboxState.OPEN, InboxState.WAITING)


def shown_rows(
    conn: Connection, rows: Sequence[InboxRow], owners: Mapping[str, Owner]
) -> tuple[ShownRow, ...]:
    """Look up what the inbox shows beside some rows.

    Args:
        conn: A transaction to read in.
        rows: Of app.storage.inbox.
        owners: Of the policy in force.
    """
    ids = [row.message_id for row in rows]
    predictions = messages.predictions_of(conn, ids)
    said, sampled = feedback.last_of(conn, ids), samples.among(conn, ids)
    return tuple(
        _shown(
            row,
            predictions[row.message_id],
            said.get(row.message_id),
            owners,
            sample=row.message_id in sampled,
        )
        for row in rows
        if row.message_id in predictions
    )


def owner_name(owners: Mapping[str, Owner], owner: str | None) -> str | None:
    """Give the name that people know somebody by."""
    known = owners.get(owner or "")
    return owner if known is None else known.name


def _shown(
    row: InboxRow,
    prediction: Mapping[str, Any],
    said: Feedback | None,
    owners: Mapping[str, Owner],
    *,
    sample: bool,
) -> ShownRow:
    intents: Mapping[str, float] = prediction["intents"]
    labels = row.intents or (row.primary_intent,)
    wants = sorted(((one, intents.get(one, 0.0)) for one in labels), key=lambda pair: -pair[1])
    urgency = prediction.get("signals", {}).get("urgency")
    subject, excerpt = _pieces(row, prediction)
    taken = row.state is InboxState.TAKEN
    return ShownRow(
        row=row,
        wants=tuple(wants[:_MOST_WANTS]),
        urgency=None if urgency is None else urgency["label"],
        subject=subject,
        excerpt=excerpt,
        owner=owner_name(owners, row.settled_by if taken else row.owner),
        said=said,
        intents=tuple(intents),
        sample=sample,
    )


def _pieces(
    row: InboxRow, prediction: Mapping[str, Any]
) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Mark the sentence that carries the primary intent, in the subject or in the excerpt."""
    found = (prediction.get("evidence") or {}).get(row.primary_intent)
    subject, excerpt = (Piece(row.subject),), (Piece(row.excerpt),)
    if found is None:
        return subject, excerpt
    sentence = found["sentence"]
    if found["field"] == "subject":
        return excerpt_with(row.subject, sentence, row.primary_intent), excerpt
    return subject, excerpt_with(row.excerpt, sentence, row.primary_intent)

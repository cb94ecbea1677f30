"""Store a message with all that follows from it in one transaction: deliveries, owner, clock."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from app.domain import Decision, Delivery, Endpoint, Message, Stored
from app.history import told_lately
from app.replies import reviewing
from app.replies.starting import Assigned, Owed, start
from app.replies.telling import Moment, Telling, Turn, alert_of
from app.routing import aside
from app.routing.context import Context
from app.routing.policy import Policy, Rule
from app.storage import endpoints, inbox_keeping, messages, once, outbox
from app.storage.engine import Connection, Database
from app.storage.idempotency import remember
from app.webhook.formats.event import event_body
from models.prediction import Prediction

TALK_MEMORY = timedelta(hours=24)  # within which a person is not called twice for the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The key under which a caller may repeat a call and get the first answer."""

    owner: str  # whose key it is: two callers may use the same one
    key: str
    body_sha256: bytes  # of the whole body; the same key never stands for another


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A message as it stands stored."""

    stored: Stored
    replayed: bool  # True where it was there before this call
    missing_endpoints: tuple[str, ...] = ()  # named by the decision, but there is none yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A message with what was made of it."""

    message: Message
    prediction: Prediction
    said: Mapping[str, Any]  # the prediction as it is kept, with its evidence
    decision: Decision
    context: Context
    policy: Policy  # that decided
    facts: Mapping[str, Any] | None  # what is known beside the text, as it is kept
    in_talk: bool  # it goes on with a conversation, in which a person is called once


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """Keeps what was judged, with everything that it promises."""

    database: Database
    now: Callable[[], datetime]
    telling: Telling  # how much receivers are told

    def __call__(self, judged: Judged, idempotency: Idempotency | None) -> Receipt:
        """Store a message once.

        Raises:
            Duplicate: It is there already, by its source's own id or by the caller's key.
            StorageDown: The database did not take it.
        """
        return self.database.write_in_group(partial(self._stored, judged, idempotency))

    def _stored(self, judged: Judged, idempotency: Idempotency | None, conn: Connection) -> Receipt:
        now, message = self.now(), judged.message
        receivers = endpoints.by_names(conn, judged.decision.endpoints)
        heard_by = [one for one in receivers if one.enabled]
        decision = _told_once(conn, judged, now, is_heard=bool(heard_by))
        decided = decision.as_dict()
        told = heard_by if decision.endpoints else []
        said, facts = judged.said, judged.facts
        messages.add(
            conn, message, prediction=said, decision=decided, facts=facts, promised=len(told)
        )
        reviewing.enter(conn, message.id, judged.prediction, decision)
        owed = Owed(
            message_id=message.id,
            decision=decision,
            context=judged.context,
            language=judged.prediction.language,
        )
        assigned = start(conn, judged.policy, owed, now=now)
        inbox_keeping.add(
            conn,
            message,
            judged.prediction,
            route=decision.route,
            owner=None if assigned.owner is None else assigned.owner.id,
            clock=assigned.clock,
        )
        deliveries = self._deliveries(conn, judged, decision, assigned, told, now)
        if idempotency is not None:
            remember(conn, message_id=message.id, now=now, **asdict(idempotency))
        known = {receiver.name for receiver in receivers}
        return Receipt(
            stored=Stored(
                message=message,
                prediction=said,
                decision=decided,
                facts=facts,
                deliveries=deliveries,
                clock=assigned.clock,
            ),
            replayed=False,
            missing_endpoints=tuple(name for name in decision.endpoints if name not in known),
        )

    def _deliveries(
        self,
        conn: Connection,
        judged: Judged,
        decision: Decision,
        assigned: Assigned,
        told: list[Endpoint],
        now: datetime,
    ) -> tuple[Delivery, ...]:
        """Let everybody who is to hear of the message hear of it."""
        if not told:
            return ()
        moment = Moment(now=now, policy=judged.policy, telling=self.telling)
        return outbox.tell(
            conn,
            told,
            message_id=judged.message.id,
            event_type=decision.event_type,
            body=_event(conn, judged, decision, assigned, moment),
            now=now,
        )


def _told_once(conn: Connection, judged: Judged, now: datetime, *, is_heard: bool) -> Decision:
    """Tell nobody where somebody was told of the same conversation, or of the same customer.

    What is looked at is taken only where somebody is told now: a window that began with silence
    would hide what comes next.
    """
    decision, rule = judged.decision, judged.policy.rule(judged.decision.rule)
    if not decision.endpoints or not (judged.in_talk or (rule is not None and rule.once)):
        return decision
    taking = conn.begin_nested()
    decision = _unless_told(conn, judged, rule, now)
    if decision.endpoints and is_heard:
        taking.commit()
    else:
        taking.rollback()
    return decision


def _unless_told(conn: Connection, judged: Judged, rule: Rule | None, now: datetime) -> Decision:
    decision = judged.decision
    if judged.in_talk and not _takes_talk(conn, judged.message, decision):
        return aside.told_before(decision)
    if rule is not None and told_lately(conn, rule, judged.context, now=now):
        return aside.told_lately(decision)
    return decision


def _takes_talk(conn: Connection, message: Message, decision: Decision) -> bool:
    """Whether this line calls a person, of all that are judged in this instant by any replica."""
    key = f"talk\n{message.source}\n{message.thread_id}\n{decision.route}"
    return once.take(conn, key, now=message.received_at, every=TALK_MEMORY)


def _event(
    conn: Connection, judged: Judged, decision: Decision, assigned: Assigned, moment: Moment
) -> bytes:
    message = judged.message
    turn = Turn(
        message_id=message.id,
        rule=decision.rule,
        context=judged.context,
        owner=None if assigned.owner is None else assigned.owner.id,
        clock=assigned.clock,
    )
    alert = alert_of(conn, moment, turn, judged.said)
    return event_body(
        message,
        judged.said,
        decision.as_dict(),
        now=moment.now,
        personal_data=moment.telling.personal_data,
        alert=alert,
    )

"""The way in: predict, decide, and store the message with all that follows from it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from app.contexts import context_of
from app.domain import Decision, Facts, Message
from app.errors import Duplicate, KeyReused, MessageRejected, Overloaded, PredictionLate
from app.explaining import Explain
from app.routing.aside import set_aside, told_before
from app.routing.decide import decide
from app.routing.policy import Policy
from app.storage import endpoints, messages
from app.storage.engine import Database
from app.storage.idempotency import recall
from app.storing import Idempotency, Judged, Receipt, Store
from models.evidence import Asked, explained
from models.prediction import Prediction
from models.text.clean import clean_text
from models.text.compose import compose_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What one person wrote in a conversation just before: fragments are read together."""

    fragments: tuple[str, ...] = ()  # oldest first
    routes: frozenset[str] = frozenset()  # to which a person was called before

    def with_new(self, text: str) -> str:
        """Put a new fragment behind the earlier ones."""
        return "\n".join((*self.fragments, text))

    def told(self, decision: Decision) -> bool:
        """Whether somebody was called before for what is decided now."""
        return decision.route in self.routes


ForChannel = Callable[[Prediction, str | None], Prediction]  # counts by a channel's thresholds


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes messages in, each once."""

    database: Database
    submit: Callable[[Sequence[str]], Future[list[Prediction]]]  # the batcher's
    for_channel: ForChannel
    policy: Callable[[], Policy]  # the one in force now
    store: Store
    now: Callable[[], datetime]
    predict_timeout_s: float
    personal_data: bool  # whether webhooks tell sender, subject and text
    on_enqueued: Callable[[], None]  # called after a commit that left deliveries waiting
    explain: Explain | None = None  # for those who read of a message; None: nobody is told why

    def accept(
        self,
        message: Message,
        *,
        idempotency: Idempotency | None = None,
        facts: Facts | None = None,
        talk: Talk | None = None,
    ) -> Receipt:
        """Classify, decide and store a message with every delivery that follows, or nothing.

        A message that is known, by its key or its source's own id, gets its first answer.

        Args:
            message: What came in.
            idempotency: The key under which the caller may repeat the call.
            facts: What is known beside the text; what a machine wrote goes to nobody.
            talk: The conversation that the message goes on with, read together with it.

        Raises:
            MessageRejected: It has no text, and no facts say why.
            KeyReused: The key came before with another body.
            Overloaded: The model has too much to do, or was late; nothing is stored.
            StorageDown: The database did not take it.
        """
        first = self._first(message, idempotency)
        if first is not None and facts is not None and not _is_same(first, message):
            message = _told_apart(message)  # ids of mail are their senders' to choose
            first = self._first(message, idempotency)
        if first is not None:
            return first
        if facts is None and not clean_text(message.text):
            raise MessageRejected("the message has no text", code="empty_text")
        judged = self._judged(message, facts, talk)
        try:
            receipt = self.store(judged, idempotency)
        except Duplicate:
            first = self._first(message, idempotency)
            if first is None:
                raise
            return first
        if receipt.stored.deliveries:
            self.on_enqueued()
        return receipt

    def _first(self, message: Message, idempotency: Idempotency | None) -> Receipt | None:
        """Look for the message as an earlier call stored it."""
        stored = None
        with self.database.read() as conn:
            if idempotency is not None:
                used = recall(conn, owner=idempotency.owner, key=idempotency.key)
                if used is not None and used.body_sha256 != idempotency.body_sha256:
                    raise KeyReused("this Idempotency-Key came before with another body")
                stored = messages.find(conn, used.message_id) if used is not None else None
            if stored is None and message.external_id is not None:
                stored = messages.find_external(conn, message.source, message.external_id)
        return None if stored is None else Receipt(stored=stored, replayed=True)

    def _judged(self, message: Message, facts: Facts | None, talk: Talk | None) -> Judged:
        """Say what the model and the policy make of a message."""
        text = message.text if talk is None else talk.with_new(message.text)
        prediction = self._predict(message, text, facts.signature if facts else "")
        policy = self.policy()
        with self.database.read() as conn:
            context = context_of(conn, message, facts, now=self.now())
        decision = set_aside(facts or Facts(), policy) or decide(prediction, context, policy)
        if talk is not None and talk.told(decision):
            decision = told_before(decision)
        return Judged(
            message=message,
            prediction=prediction,
            said=self._said(message, prediction, decision, is_all=talk is None),
            decision=decision,
            context=context,
            policy=policy,
            facts=None if facts is None else facts.shown,
            in_talk=talk is not None,
        )

    def _predict(self, message: Message, text: str, signature: str) -> Prediction:
        texts = [compose_text(message.subject, text)]
        if signature:
            texts.append(compose_text(message.subject, f"{text}\n{signature}"))
        future = self.submit(texts)
        wait([future], self.predict_timeout_s)
        if not future.done():
            future.cancel()
            raise PredictionLate("the model did not answer in time; nothing is stored")
        said = self.for_channel(future.result()[0], message.channel)
        return said.with_role_of(future.result()[-1]) if signature else said

    def _said(
        self, message: Message, prediction: Prediction, decision: Decision, *, is_all: bool
    ) -> Mapping[str, Any]:
        """Add what carries the labels where somebody is told of it, and there is time."""
        said = prediction.as_dict()
        if self.explain is None or not self.personal_data or not self._is_heard(decision):
            return said
        try:
            asked = Asked.about(message.subject, message.text, prediction, is_all=is_all)
            return explained(prediction, self.explain([asked])[0])
        except Overloaded:  # the message goes on without
            return said

    def _is_heard(self, decision: Decision) -> bool:
        """Whether any endpoint will be told."""
        if not decision.endpoints:
            return False
        with self.database.read() as conn:
            return any(one.enabled for one in endpoints.by_names(conn, decision.endpoints))


def _is_same(first: Receipt, message: Message) -> bool:
    """Whether a message of a known id is the one that is known."""
    known = first.stored.message
    return (known.text, known.subject) == (message.text, message.subject)


def _told_apart(message: Message) -> Message:
    """Give a message an id that another one of the same id does not have."""
    content = f"{message.sender.email}\n{message.subject}\n{message.text}"
    digest = sha256(content.encode("utf-8", "replace")).hexdigest()[:16]
    return replace(message, external_id=f"{(message.external_id or '')[:480]}#{digest}")

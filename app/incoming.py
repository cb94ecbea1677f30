"""From what a source tells of a message to the message stored: assembled, joined to its talk."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain import Channel, Message, Sender, Stored
from app.inbound.assembling import Reader, assembled
from app.inbound.values import Received, Told
from app.intake import Intake, Talk
from app.routing.aside import LATELY, TOLD, is_wish
from app.storage import messages
from app.storage.engine import Database
from app.storing import TALK_MEMORY, Receipt

_TURNS = 64
_FRAGMENTS = 20  # of a conversation that are looked at, the last ones


class Turns:
    """One message of a conversation after the other, in this process: none is told of twice."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_TURNS))

    def of(self, message: Message) -> threading.Lock:
        """Give the lock that a conversation's messages share, with some others."""
        return self._locks[hash((message.source, message.thread_id or message.id)) % _TURNS]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeIn:
    """Stores what the sources tell, each message once."""

    intake: Intake
    database: Database
    reader: Reader
    now: Callable[[], datetime]
    chat_window_s: float = 300.0
    turns: Turns = field(default_factory=Turns)

    def __call__(self, received: Received, source: str, arrived_at: datetime) -> Receipt:
        """Take one message in.

        Raises:
            Overloaded: The model or the database has too much to do; nothing is stored.
        """
        incoming = assembled(
            received,
            source=source,
            arrived_at=arrived_at,
            now=self.now(),
            reader=self.reader,
        )
        with self.turns.of(incoming.message):
            talk = self._talk(incoming.message)
            return self.intake.accept(incoming.message, facts=incoming.facts, talk=talk)

    def _talk(self, message: Message) -> Talk | None:
        """What was said in the conversation before; mails are read alone."""
        if message.channel is Channel.EMAIL or message.thread_id is None:
            return None
        since = message.received_at - TALK_MEMORY
        with self.database.read() as conn:
            before = messages.of_thread(
                conn, message.source, message.thread_id, since=since, limit=_FRAGMENTS
            )
        return talk_of(message, before, window_s=self.chat_window_s)


def talk_of(message: Message, before: list[Stored], *, window_s: float) -> Talk:
    """Choose what is read together with a message: the same person's words of the last minutes."""
    recent = message.received_at - timedelta(seconds=window_s)
    known = (message.sender, Sender())  # a bot may learn late who writes
    same = [one for one in before if one.message.sender in known]
    return Talk(
        fragments=tuple(
            one.message.text
            for one in same
            if one.message.received_at >= recent and one.message.id != message.id
        ),
        routes=frozenset(one.decision["route"] for one in before if _calls(one)),
    )


def told(receipt: Receipt) -> Told:
    """Say what a platform that waits is answered; a repeat hears what the first call heard."""
    stored = receipt.stored
    return Told(
        message_id=stored.message.id,
        prediction=stored.prediction,
        decision=stored.decision,
        handover=is_wish(stored.decision["rule"]) and TOLD not in stored.decision["reasons"],
    )


def _calls(stored: Stored) -> bool:
    """Whether somebody was told of a message, or a bot was told to hand over."""
    if not {TOLD, LATELY}.isdisjoint(stored.decision["reasons"]):
        return False  # nobody was told of it
    return bool(stored.deliveries) or is_wish(stored.decision["rule"])

"""The replay of stored messages through a policy, in the order in which they came in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.routing.aside import ASIDE, TOLD, told_before, told_lately
from app.routing.context import Context
from app.routing.decide import decide
from app.routing.policy import Policy
from app.simulating.records import Records, Windows
from app.simulating.report import Simulation
from app.storage import messages
from app.storage.engine import Database
from app.storage.messages import Judged
from models.prediction import Prediction

PAGE = 500  # messages read at a time


def simulate(
    database: Database,
    policy: Policy,
    *,
    since: datetime,
    until: datetime,
    on_page: Callable[[int], object] = lambda _messages: None,
) -> Simulation:
    """Replay the messages stored since an instant through a policy.

    The stored predictions are taken as they are; the model is not asked. Memory does not grow with
    the number of messages, and no transaction is longer than a page.

    Args:
        database: Where the messages are.
        policy: The one to try.
        since: From when on.
        until: The present.
        on_page: Is told how many messages each page had.
    """
    replay = _Replay(policy=policy, found=Simulation(since=since, until=until))
    last: Judged | None = None
    while True:
        with database.read() as conn:
            page = messages.judged_since(conn, since, after=last, limit=PAGE)
            replay.records.load(conn, page)
        if last is None and page:
            replay.found.since = page[0].created_at
        for message in page:
            replay.take(message)
        replay.records.trim()
        on_page(len(page))
        if len(page) < PAGE:
            return replay.found
        last = page[-1]


def span(database: Database, since: datetime, limit: int | None) -> tuple[datetime, int]:
    """Say from when on messages are replayed, and how many they are.

    Args:
        database: Where the messages are.
        since: From when on, at the earliest.
        limit: Messages, the newest; None: all.
    """
    with database.read() as conn:
        newest = None if limit is None else messages.first_of_newest(conn, limit)
        begin = since if newest is None else max(since, newest)
        return begin, messages.count_since(conn, begin)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Replay:
    """One policy, and what was known and decided until now."""

    policy: Policy
    found: Simulation
    records: Records = field(default_factory=Records)
    windows: Windows = field(default_factory=Windows)

    def take(self, message: Judged) -> None:
        """Decide about one message."""
        context = self.records.context(message)
        self.records.add(message)
        self.found.replayed += 1
        if message.decision.get("rule") == ASIDE:
            self.found.aside += 1
            self.found.count(message, message.decision)
            return
        try:
            prediction = Prediction.from_dict(message.prediction)
        except ValueError:
            self.found.skipped += 1
            return
        self.found.count(message, self._decided(message, prediction, context))

    def _decided(
        self, message: Judged, prediction: Prediction, context: Context
    ) -> Mapping[str, Any]:
        decision, before = decide(prediction, context, self.policy), message.decision
        if TOLD in before.get("reasons", ()) and decision.route == before.get("route"):
            decision = told_before(decision)  # the conversation's earlier messages say so
        if self.windows.told_lately(self.policy, decision, context, message.created_at):
            decision = told_lately(decision)
        return decision.as_dict()

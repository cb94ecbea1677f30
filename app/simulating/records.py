"""What was known when each message came in, as a replay goes on; in bounded memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from app.contexts import Record, record_of
from app.domain import Decision
from app.history import once_key
from app.leads.score import weight_of
from app.routing.aside import ASIDE
from app.routing.context import Context, Known
from app.routing.people import fields_of
from app.routing.policy import Policy
from app.storage import messages
from app.storage.engine import Connection
from app.storage.messages import By, Judged

MAX_NAMES = 50_000  # people, as many companies, and as many windows that are kept in memory


class Records:
    """The records of people and companies, which grow with the messages that are replayed.

    One that is not in memory is read from the database as the service would have read it; beyond
    MAX_NAMES the longest unused are let go. The service looks at the last 100 messages of a name;
    a record that grew here has them all, which moves a score that is near 100 anyway.
    """

    def __init__(self) -> None:
        # The last who wrote are last; a dict keeps the order and takes half of an OrderedDict.
        self._by: Mapping[By, dict[str, Record]] = {by: {} for by in By}

    def load(self, conn: Connection, page: Sequence[Judged]) -> None:
        """Get the records of all who wrote a page, as they were before its first message."""
        for by, records in self._by.items():
            new = {name for one in page if (name := _name(one, by))} - records.keys()
            began = messages.first_of(conn, by, new) if new else {}
            for name in sorted(new):
                before = page[0].created_at
                records[name] = Record()
                if began[name] < before:  # else it is the page that they begin with
                    records[name] = record_of(conn, by, name, before=before, stored_before=before)

    def context(self, message: Judged) -> Context:
        """Give the circumstances of a message of the page as they were."""
        return Context(
            channel=message.channel.value,
            at=message.received_at,
            contact=self._known(By.CONTACT, message),
            account=self._known(By.ACCOUNT, message),
            sender=fields_of(message.sender, message.facts or {}),
        )

    def add(self, message: Judged) -> None:
        """Let a message of the page count for those after it."""
        aside = message.decision.get("rule") == ASIDE
        weight = 0.0 if aside else weight_of(message.prediction)
        for by, records in self._by.items():
            name = _name(message, by)
            if name is not None:
                records[name] = records.pop(name).plus(weight, message.received_at)

    def trim(self) -> None:
        """Let go of those who were silent the longest."""
        for records in self._by.values():
            for name in list(islice(records, max(0, len(records) - MAX_NAMES))):
                del records[name]

    def _known(self, by: By, message: Judged) -> Known:
        name = _name(message, by)
        if name is None:
            return Known()
        return self._by[by][name].known(name, message.created_at)


class Windows:
    """Who was told of lately, by the rules that tell once in a while, as the replay goes on."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def told_lately(
        self, policy: Policy, decision: Decision, context: Context, at: datetime
    ) -> bool:
        """Say whether the rule told of this sender lately; where it did not, it tells now."""
        rule = policy.rule(decision.rule)
        key = None if rule is None else once_key(rule, context)
        if key is None or rule is None or rule.once is None or not decision.endpoints:
            return False
        until = self._until.get(key)
        if until is not None and until > at:
            return True
        self._until.pop(key, None)
        self._until[key] = at + rule.once.every
        if len(self._until) > MAX_NAMES:
            del self._until[next(iter(self._until))]
        return False


def _name(message: Judged, by: By) -> str | None:
    return message.contact if by is By.CONTACT else message.account

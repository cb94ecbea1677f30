"""What was decided, beside what another policy would have decided."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.storage.messages import Judged

MAX_EXAMPLES = 20
MAX_ALIKE = 5  # examples of the same two routes
_COMPARED = {  # beside the endpoints -> where an older release did not decide it
    "route": None,
    "event_type": None,
    "priority": "normal",
    "pool": None,
    "clock": None,
}
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A message that would have been decided otherwise."""

    message_id: str
    before: Mapping[str, Any]  # Decision.as_dict() as it is stored
    after: Mapping[str, Any]


@dataclass(slots=True, kw_only=True)
class Simulation:
    """What came of a replay; counts are of messages, where nothing else is said."""

    since: datetime  # of the first message, at the earliest
    until: datetime
    replayed: int = 0
    aside: int = 0  # of them written by a machine, or unreadable: they stay as they are
    skipped: int = 0  # their stored prediction cannot be read
    changed: int = 0
    routes: Counter[tuple[str, str]] = field(default_factory=Counter)  # (before, after)
    rules_before: Counter[str] = field(default_factory=Counter)
    rules_after: Counter[str] = field(default_factory=Counter)
    alerts_before: Counter[str] = field(default_factory=Counter)  # endpoint -> deliveries
    alerts_after: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    _alike: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def weeks(self) -> float:
        """The time that was replayed; one week where it is less: it would tell too little."""
        return max(1.0, (self.until - self.since) / _WEEK)

    def a_week(self, endpoint: str) -> float:
        """Say how many alerts a week more an endpoint would have got; fewer are under 0."""
        more = self.alerts_after[endpoint] - self.alerts_before[endpoint]
        return round(more / self.weeks, 2)

    def count(self, message: Judged, after: Mapping[str, Any]) -> None:
        """Put what was decided beside what would have been."""
        before = message.decision
        routes = (str(before.get("route")), str(after.get("route")))
        self.routes[routes] += 1
        self.rules_before[str(before.get("rule"))] += 1
        self.rules_after[str(after.get("rule"))] += 1
        self.alerts_before.update(before.get("endpoints", ()))
        self.alerts_after.update(after.get("endpoints", ()))
        if _is_same(before, after):
            return
        self.changed += 1
        if len(self.examples) < MAX_EXAMPLES and self._alike[routes] < MAX_ALIKE:
            self._alike[routes] += 1
            example = Example(message_id=message.id, before=before, after=after)
            self.examples.append(example)

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form, the most frequent first."""
        rules = sorted({*self.rules_before, *self.rules_after})
        endpoints = sorted({*self.alerts_before, *self.alerts_after})
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "weeks": round(self.weeks, 2),
            "messages": self.replayed,
            "set_aside": self.aside,
            "skipped": self.skipped,
            "changed": self.changed,
            "routes": [
                {"before": before, "after": after, "messages": count}
                for (before, after), count in self.routes.most_common()
            ],
            "rules": [
                {"rule": rule, "before": self.rules_before[rule], "after": self.rules_after[rule]}
                for rule in rules
            ],
            "alerts": [
                {
                    "endpoint": endpoint,
                    "before": self.alerts_before[endpoint],
                    "after": self.alerts_after[endpoint],
                    "more_a_week": self.a_week(endpoint),
                }
                for endpoint in endpoints
            ],
            "examples": [
                {"message_id": one.message_id, "before": one.before, "after": one.after}
                for one in self.examples
            ],
        }


def _is_same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether the same is done about a message; the rule's name and endpoints' order are not."""
    if set(before.get("endpoints", ())) != set(after.get("endpoints", ())):
        return False
    return all(
        before.get(name, usual) == after.get(name, usual) for name, usual in _COMPARED.items()
    )

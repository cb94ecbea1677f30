"""`rules`, `unsure` and `otherwise`: what is asked of a message, and what is done about it."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from app.domain import Priority
from app.routing.aside import ASIDE
from app.routing.document import Value
from app.routing.policy import OTHERWISE, UNSURE, Once, Rule
from app.routing.reading.clocks import read_endpoints
from app.routing.reading.conditions import read_conditions
from app.routing.reading.names import Names
from app.routing.reading.times import read_duration

_ROUTED = ("route", "endpoints", "event")
_MORE = ("priority", "pool", "clock", "playbook")
_EVENT = re.compile(r"[a-z]+(\.[a-z_]+)+")
_MOST_RULES = 1_000
_MOST_HISTORY = 20


def read_rules(value: Value, names: Names) -> tuple[Rule, ...]:
    """Read the rules in their order."""
    entries = value.entries()
    if not 1 <= len(entries) <= _MOST_RULES:
        raise value.fault(
            f"needs 1 to {_MOST_RULES:,} rules" if entries else "needs at least one rule"
        )
    rules: dict[str, Rule] = {}
    for entry in entries:
        rule = _asking(entry, names, taken=(*rules, OTHERWISE, UNSURE, ASIDE))
        rules[rule.name] = rule
    return tuple(rules.values())


def read_rest(name: str, value: Value, names: Names) -> Rule:
    """Read what is done where no rule holds."""
    return _rule(name, value, value.fields(_ROUTED, _MORE), names)


def _asking(value: Value, names: Names, *, taken: Collection[str]) -> Rule:
    """Read a rule that asks for something."""
    fields = value.fields(("name", *_ROUTED), ("intents", "when", "once", "history", *_MORE))
    name = fields["name"].text()
    if name in taken:
        raise fields["name"].fault(f"the name {name!r} is taken")
    if "intents" not in fields and "when" not in fields:
        raise value.fault(f"needs intents or when: what always holds stands under {OTHERWISE}")
    asked: dict[str, Any] = {
        "intents": _intents(fields["intents"], names.intents) if "intents" in fields else {},
        "conditions": read_conditions(fields["when"], names) if "when" in fields else (),
        "once": _once(fields["once"]) if "once" in fields else None,
        "history": fields["history"].count(0, _MOST_HISTORY) if "history" in fields else 0,
    }
    return _rule(name, value, fields, names, **asked)


def _rule(name: str, value: Value, fields: Mapping[str, Value], names: Names, **asked: Any) -> Rule:
    given = {key: fields[key] for key in _MORE if key in fields}
    known = {"pool": names.pools, "clock": names.clocks, "playbook": names.playbooks}
    named = {key: given[key].one_of(known[key], key) for key in known if key in given}
    return Rule(
        name=name,
        route=fields["route"].text(),
        endpoints=read_endpoints(fields["endpoints"]),
        event_type=read_event(fields["event"]),
        priority=read_priority(given["priority"]) if "priority" in given else Priority.NORMAL,
        line=value.line,
        **({"intents": {}} | asked | named),
    )


def read_event(value: Value) -> str:
    """Read what an event is called."""
    event_type = value.text()
    if not _EVENT.fullmatch(event_type):
        raise value.fault(f"{event_type!r} is no event type such as lead.detected")
    return event_type


def read_priority(value: Value) -> Priority:
    """Read urgent, high, normal or low."""
    return Priority(value.one_of([priority.value for priority in Priority], "priority"))


def _intents(value: Value, known: Collection[str] | None) -> dict[str, float | None]:
    intents = {
        place.text() if known is None else place.one_of(known, "intent"): _limit(limit)
        for _, place, limit in value.named()
    }
    if not intents:
        raise value.fault("needs at least one intent")
    return intents


def _limit(value: Value) -> float | None:
    limit = value.scalar()
    if limit == "model":
        return None
    # A bool is no number, nor is NaN.
    if type(limit) not in (int, float) or not 0.0 <= limit <= 1.0:
        raise value.fault("needs `model` or a probability from 0 to 1")
    return float(limit)


def _once(value: Value) -> Once:
    given = value.fields(("of", "every"))
    return Once(
        of=given["of"].one_of(("contact", "account"), "value"),
        every=read_duration(given["every"]),
    )

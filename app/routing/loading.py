"""The policy file: read once, checked strictly, every fault named with file and line."""

import hashlib
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from app.errors import ConfigError
from app.routing.document import Value, nearest, read_document
from app.routing.policy import OTHERWISE, UNSURE, Policy, Rule

SHIPPED = Path(__file__).parent / "policy.yaml"
VERSION = 1  # of the file's form
_OUTCOME = ("route", "endpoints", "event")
_EVENT = re.compile(r"[a-z]+(\.[a-z_]+)+")


def load_policy(path: Path | None, *, known_intents: Collection[str] | None) -> Policy:
    """Read a policy; the shipped one when no path is given.

    Args:
        path: The operator's file.
        known_intents: The model's intents; a rule may ask for no other. None: any name will do.

    Raises:
        ConfigError: Something in the file is wrong; the sentence begins with file and line.
    """
    file = path or SHIPPED
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"policy {file} cannot be read: {error.strerror}") from error
    fields = read_document(file, content).fields(("version", "rules", OTHERWISE), (UNSURE,))
    version = fields["version"].scalar()
    if type(version) is not int or version != VERSION:  # True == 1
        raise fields["version"].fault(f"this release reads version {VERSION}")
    return Policy(
        rules=_rules(fields["rules"], known_intents),
        otherwise=_rule(OTHERWISE, {}, fields[OTHERWISE].fields(_OUTCOME)),
        unsure=_rule(UNSURE, {}, fields[UNSURE].fields(_OUTCOME)) if UNSURE in fields else None,
        sha256=hashlib.sha256(content).hexdigest(),
    )


def _rules(value: Value, known_intents: Collection[str] | None) -> tuple[Rule, ...]:
    rules: dict[str, Rule] = {}
    for entry in value.entries():
        fields = entry.fields(("name", "intents", *_OUTCOME))
        name = fields["name"].text()
        if name in rules or name in (OTHERWISE, UNSURE):
            raise fields["name"].fault(f"the name {name!r} is taken")
        rules[name] = _rule(name, _intents(fields["intents"], known_intents), fields)
    if not rules:
        raise value.fault("needs at least one rule")
    return tuple(rules.values())


def _rule(name: str, intents: Mapping[str, float | None], fields: Mapping[str, Value]) -> Rule:
    event_type = fields["event"].text()
    if not _EVENT.fullmatch(event_type):
        raise fields["event"].fault(f"{event_type!r} is no event type such as lead.detected")
    return Rule(
        name=name,
        intents=intents,
        route=fields["route"].text(),
        endpoints=_endpoints(fields["endpoints"]),
        event_type=event_type,
    )


def _intents(value: Value, known: Collection[str] | None) -> dict[str, float | None]:
    intents: dict[str, float | None] = {}
    for key, limit in value.pairs():
        if known is not None and key.text() not in known:
            raise key.fault(f"unknown intent {key.text()!r}{nearest(key.text(), known)}")
        intents[key.text()] = _limit(limit)
    if not intents:
        raise value.fault("needs at least one intent")
    return intents


def _limit(value: Value) -> float | None:
    limit = value.scalar()
    if limit == "model":
        return None
    if (
        type(limit) not in (int, float) or not 0.0 <= limit <= 1.0
    ):  # a bool is no number, nor is NaN
        raise value.fault("needs `model` or a probability from 0 to 1")
    return float(limit)


def _endpoints(value: Value) -> tuple[str, ...]:
    names: list[str] = []
    for entry in value.entries():
        if entry.text() in names:
            raise entry.fault(f"{entry.text()!r} stands here twice")
        names.append(entry.text())
    return tuple(names)

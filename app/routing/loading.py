"""The policy file: read once, checked strictly, every fault named with file and line."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.errors import ConfigError
from app.routing.document import Value, read_document
from app.routing.playbooks import SHIPPED as PLAYBOOKS
from app.routing.policy import OTHERWISE, UNSURE, Policy
from app.routing.reading.calendars import read_calendars
from app.routing.reading.clocks import read_clocks
from app.routing.reading.examples import read_examples
from app.routing.reading.names import Names
from app.routing.reading.people import read_owners, read_pools
from app.routing.reading.rules import read_rest, read_rules

SHIPPED = Path(__file__).parent / "policy.yaml"
VERSION = 1  # of the file's form
_PARTS = ("calendars", "owners", "pools", "clocks", "playbooks")
_MAX_PLAYBOOK_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Labels:
    """What a model can say; None: nobody knows, and any name will do."""

    intents: Collection[str] | None
    signals: Mapping[str, Collection[str]] | None


ANY_LABELS = Labels(None, None)


def load_policy(
    path: Path | None,
    *,
    known_intents: Collection[str] | None,
    known_signals: Mapping[str, Collection[str]] | None = None,
) -> Policy:
    """Read a policy; the shipped one when no path is given.

    Args:
        path: The operator's file.
        known_intents: The model's intents; a rule may ask for no other. None: any name will do.
        known_signals: The labels of the model's other heads, by head. None: any name will do.

    Raises:
        ConfigError: Something in the file is wrong; the sentence begins with file and line.
    """
    file = path or SHIPPED
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"policy {file} cannot be read: {error.strerror}") from error
    return read_policy(content, file=file, labels=Labels(known_intents, known_signals))


def read_policy(content: bytes, *, file: Path, labels: Labels) -> Policy:
    """Read a policy that may not be a file yet.

    Args:
        content: Of the file.
        file: What faults call it.
        labels: What the model can say.

    Raises:
        ConfigError: Something is wrong; the sentence begins with file and line.
    """
    required, optional = ("version", "rules", OTHERWISE), (UNSURE, *_PARTS, "examples")
    fields = read_document(file, content).fields(required, optional)
    version = fields["version"].scalar()
    if type(version) is not int or version != VERSION:  # True == 1
        raise fields["version"].fault(f"this release reads version {VERSION}")
    names = Names(intents=labels.intents, signals=labels.signals)
    return _read(fields, names, sha256=hashlib.sha256(content).hexdigest())


def _read(fields: Mapping[str, Value], names: Names, *, sha256: str) -> Policy:
    """Read part by part, each with the names of those that it may speak of."""
    calendars = read_calendars(fields["calendars"]) if "calendars" in fields else {}
    names = replace(names, calendars=calendars)
    owners = read_owners(fields["owners"], names) if "owners" in fields else {}
    names = replace(names, owners=owners)
    pools = read_pools(fields["pools"], names) if "pools" in fields else {}
    names = replace(names, pools=pools)
    clocks = read_clocks(fields["clocks"], names) if "clocks" in fields else {}
    playbooks = _playbooks(fields["playbooks"]) if "playbooks" in fields else {}
    names = replace(names, clocks=clocks, playbooks={*playbooks, *PLAYBOOKS})
    policy = Policy(
        rules=read_rules(fields["rules"], names),
        otherwise=read_rest(OTHERWISE, fields[OTHERWISE], names),
        unsure=read_rest(UNSURE, fields[UNSURE], names) if UNSURE in fields else None,
        sha256=sha256,
        calendars=calendars,
        owners=owners,
        pools=pools,
        clocks=clocks,
        playbooks=playbooks,
        lines=_lines(fields),
    )
    if "examples" not in fields:
        return policy
    return replace(policy, examples=read_examples(fields["examples"], policy.every_rule, names))


def _playbooks(value: Value) -> dict[str, str]:
    return {name: text.prose(_MAX_PLAYBOOK_CHARS) for name, _, text in value.named()}


def _lines(fields: Mapping[str, Value]) -> dict[str, int]:
    """Say where each named part stands: pools.sales -> its line."""
    return {
        f"{part}.{name}": place.line
        for part in _PARTS
        if part in fields
        for name, place, _ in fields[part].named()
    }

"""The names that one part of a policy may use of another."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What there is, so that a slip in a name is found while the file is read."""

    intents: Collection[str] | None  # of the model; None: any will do
    signals: Mapping[str, Collection[str]] | None  # of the model: head -> labels; None: any
    calendars: Collection[str] = ()
    owners: Collection[str] = ()
    pools: Collection[str] = ()
    clocks: Collection[str] = ()
    playbooks: Collection[str] = ()  # the shipped ones as well

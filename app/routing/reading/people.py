"""`owners` and `pools`: who takes messages."""

import re

from app.routing.document import Value
from app.routing.owners import Absence, Owner, Pool
from app.routing.reading.names import Names
from app.routing.reading.times import read_day, read_days

_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+")
_LANGUAGE = re.compile(r"[a-z]{2}")
_TERRITORY = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_MOST_AT_ONCE = 10_000  # running clocks of one person
_MOST_WEIGHT = 1_000
_MOST_DAYS = 3_650
_OF_OWNER = (
    *("email", "mention", "languages", "territories", "calendar", "capacity"),
    *("absences", "left"),
)


def read_owners(value: Value, names: Names) -> dict[str, Owner]:
    """Read every owner by the id that the policy uses."""
    return {owner: _owner(owner, entry, names) for owner, _, entry in value.named()}


def read_pools(value: Value, names: Names) -> dict[str, Pool]:
    """Read every pool by its name."""
    return {name: _pool(name, entry, names) for name, _, entry in value.named()}


def _owner(owner: str, value: Value, names: Names) -> Owner:
    given = value.fields(("name",), _OF_OWNER)
    return Owner(
        id=owner,
        name=given["name"].text(),
        email=_email(given["email"]) if "email" in given else None,
        mention=given["mention"].text() if "mention" in given else None,
        languages=_languages(given["languages"]) if "languages" in given else frozenset(),
        territories=_territories(given["territories"]) if "territories" in given else frozenset(),
        calendar=_calendar(given["calendar"], names) if "calendar" in given else None,
        capacity=given["capacity"].count(1, _MOST_AT_ONCE) if "capacity" in given else None,
        absences=_absences(given["absences"]) if "absences" in given else (),
        left=read_day(given["left"]) if "left" in given else None,
    )


def _email(value: Value) -> str:
    email = value.text()
    if not _EMAIL.fullmatch(email):
        raise value.fault("needs an address such as ana@example.com, without a name around it")
    return email


def _languages(value: Value) -> frozenset[str]:
    return frozenset(read_language(entry) for entry in value.different())


def read_language(value: Value) -> str:
    """Read a two-letter code."""
    language = value.text()
    if not _LANGUAGE.fullmatch(language):
        raise value.fault("needs a language of two small letters, such as de")
    return language


def _territories(value: Value) -> frozenset[str]:
    found = set()
    for entry in value.different():
        territory = entry.text().lower().removeprefix(".")
        if not _TERRITORY.fullmatch(territory):
            raise entry.fault("needs a country such as br, or the end of a domain such as gov.uk")
        found.add(territory)
    return frozenset(found)


def _calendar(value: Value, names: Names) -> str:
    return value.one_of(names.calendars, "calendar")


def _absences(value: Value) -> tuple[Absence, ...]:
    return tuple(Absence(*read_days(entry)) for entry in value.entries())


def _pool(name: str, value: Value, names: Names) -> Pool:
    given = value.fields(("owners",), ("fallback", "sticky", "sticky_days"))
    sticky = given["sticky"].one_of(("contact", "account"), "value") if "sticky" in given else None
    if "sticky_days" in given and sticky is None:
        raise given["sticky_days"].fault("needs `sticky: contact` or `sticky: account` beside it")
    days = given["sticky_days"].count(1, _MOST_DAYS) if "sticky_days" in given else None
    return Pool(
        name=name,
        weights=_weights(given["owners"], names),
        fallback=given["fallback"].one_of(names.owners, "owner") if "fallback" in given else None,
        sticky=sticky,
        **({} if days is None else {"sticky_days": days}),
    )


def _weights(value: Value, names: Names) -> dict[str, float]:
    """Read a list of owners, or a mapping from each to their share."""
    if value.is_list:
        return {entry.one_of(names.owners, "owner"): 1.0 for entry in value.different()}
    weights: dict[str, float] = {}
    for _, place, share in value.named():
        weight = share.number(0, _MOST_WEIGHT)
        if not weight:
            raise share.fault("needs a share over 0; leave out who is to get nothing")
        weights[place.one_of(names.owners, "owner")] = weight
    if not weights:
        raise value.fault("needs at least one owner")
    return weights

"""Who wrote, put together from the sender's headers and their signature."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.webhook.formats.prose import one_line

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_ADDRESS = re.compile(
    rf"(?=.{{3,254}}\Z)(?!.*=\?){_ATOM}(?:\.{_ATOM}){{0,20}}@{_LABEL}(?:\.{_LABEL}){{0,20}}",
    re.IGNORECASE,
)
_MAX_UNITS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """The writer of a message; a field that nobody knows is empty."""

    email: str  # a plain ASCII address
    name: str
    company: str
    title: str  # position
    phone: str
    website: str
    account: str  # domain of the company

    @property
    def shown(self) -> str:
        """What to call them."""
        return self.name or self.email or self.account or "somebody"

    @property
    def names(self) -> tuple[str, str]:
        """First names and last name; a single word is the last name."""
        first, _, last = self.name.rpartition(" ")
        return first, last


def person_of(data: Mapping[str, Any]) -> Person:
    """Read the person from an event's data; the signature knows the name better than the header."""
    contact, sender = data.get("contact") or {}, data.get("sender") or {}
    found = {
        key: one_line(contact.get(key), _MAX_UNITS)
        for key in ("name", "company", "title", "phone", "website")
    }
    found["name"] = found["name"] or one_line(sender.get("name"), _MAX_UNITS)
    addresses = (plain_address(sender.get("email")), plain_address(contact.get("email")))
    return Person(
        email=next(filter(None, addresses), ""),
        account=one_line(data.get("account"), _MAX_UNITS),
        **found,
    )


def plain_address(text: object) -> str:
    """Give an address that every system understands; empty for anything else."""
    address = str(text or "").strip()
    return address if _ADDRESS.fullmatch(address) else ""

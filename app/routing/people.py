"""Who wrote: the person by their address, the company behind it, and what else is told of them."""

import re
from collections.abc import Mapping
from typing import Any

from app.domain import Facts, Message, Sender
from app.routing.context import SENDER_FIELDS
from app.routing.private_mail import PRIVATE_HOSTS
from app.routing.suffixes import ANY_UNDER, SUFFIXES

_MAX_ADDRESS = 320  # characters: RFC 5321 section 4.5.3.1, 64 before the @ and 255 behind it
_MAX_FIELD = 200  # characters of what a policy compares
_MAX_READ = 2_000  # characters of a signature that are searched for an address of the web
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?:xn--[a-z0-9-]{1,59}|[^\W\d_]{2,63})")
_LOCAL = re.compile(r"[^\s<>,;]+")
_WEBSITE = re.compile(r"(?<![@\w.-])(?:https?://|www\.)[^\s<>\"'()\[\]|]{3,180}", re.IGNORECASE)
_SIGNED = ("name", "title", "company", "phone", "website")  # what a signature may tell
_TERRITORIES = {"uk": "GB"}  # where the ending of an address is not the country's own code
_ANYWHERE = frozenset(
    (
        *("ac", "ai", "bz", "cc", "co", "eu", "fm", "gg", "im", "io", "la", "ly", "me", "pw", "sh"),
        *("su", "tk", "to", "tv", "vc", "ws"),
    )
)
"""Endings of two letters that are sold to everybody, or are no country's."""


def contact_of(email: str | None) -> str | None:
    """Give the name under which a person is known: their address in lower case; None without."""
    return (email or "").strip().lower() or None


def account_of(email: str | None) -> str | None:
    """Give the company behind an address, as the domain that it registered: acme.com.

    The registered domain is the last label before a public suffix of one label (`com`), or of two
    of the frequent ones (`co.uk`). What is not among those is taken for a company: `waw.pl` of
    `acme.waw.pl`. An international name is not the same as its `xn--` form.

    Returns:
        None for an address at a host of private mail, and for what is no address.
    """
    host = host_of(email)
    if host is None or host in PRIVATE_HOSTS:
        return None
    domain = _registered(host)
    return None if domain is None or domain in PRIVATE_HOSTS else domain


def host_of(email: str | None) -> str | None:
    """Give the host of an address; None for what is no address at a named host."""
    address = contact_of(email) or ""
    local, at, host = address.rpartition("@")
    host = host.removesuffix(".")
    if len(address) > _MAX_ADDRESS or not at or not _LOCAL.fullmatch(local):
        return None
    return host if _HOST.fullmatch(host) else None


def sender_fields(message: Message, facts: Facts | None) -> dict[str, str]:
    """Give what is known of a message's sender, by SENDER_FIELDS; what is unknown is missing."""
    return fields_of(message.sender, {} if facts is None else facts.shown)


def fields_of(sender: Sender, shown: Mapping[str, Any]) -> dict[str, str]:
    """Give what is known of a sender: of the gateway first, then of the signature.

    Args:
        sender: As the gateway told it.
        shown: The facts that are kept of the message; `contact` is what its signature says.
    """
    signed = _signed(shown)
    host = host_of(sender.email)
    found = {
        **signed,
        "email": contact_of(sender.email),
        "domain": host,
        "name": _text(sender.name) or signed.get("name"),
        "country": _country(signed.get("phone"), host),
    }
    return {name: text[:_MAX_FIELD] for name in SENDER_FIELDS if (text := found.get(name))}


def _registered(host: str) -> str | None:
    """Cut sub-domains off a host; None where nothing stands before its public suffix."""
    labels = host.split(".")
    two = ".".join(labels[-2:]) in SUFFIXES or labels[-1] in ANY_UNDER
    wanted = 3 if two else 2
    return ".".join(labels[-wanted:]) if len(labels) >= wanted else None


def _signed(shown: Mapping[str, Any]) -> dict[str, str | None]:
    """Read what the signature says; other sources may tell a contact of another shape."""
    contact = shown.get("contact")
    told = contact if isinstance(contact, Mapping) else {}
    found = {name: _text(told.get(name)) for name in _SIGNED}
    website = _WEBSITE.search((_text(shown.get("signature")) or "")[:_MAX_READ])
    if found["website"] is None and website is not None:
        found["website"] = website[0].rstrip(".,;:!?/").lower()
    return found


def _country(phone: str | None, host: str | None) -> str | None:
    """Give the two letters of the country of a phone number, or else of the address's host."""
    if phone is not None and phone.startswith("+"):
        import phonenumbers  # only who reads signatures pays for its tables

        try:
            region = phonenumbers.region_code_for_number(phonenumbers.parse(phone))
        except phonenumbers.NumberParseException:
            region = None
        if isinstance(region, str) and len(region) == 2 and region.isalpha():
            return region
    ending = (host or "").rpartition(".")[2]
    if len(ending) != 2 or not ending.isascii() or ending in _ANYWHERE:
        return None
    return _TERRITORIES.get(ending, ending.upper())


def _text(value: object) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None

"""Who somebody is by the claims of their ID token, and what they may do here: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain import Role

Claims = Mapping[str, Any]

_ORDER = list(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody whom a provider vouches for, and to whom the operator gave a role."""

    name: str  # as it stands in the claims: not checked
    role: Role


def person_of(claims: Claims, roles: Mapping[str, Role], *, claim: str) -> Person | None:
    """Give name and role; None where no entry fits. Of several that fit, the highest role counts.

    An entry with an @ is an address, or a domain where it begins with it, and fits only an address
    that the provider says it has verified. Any other is a value of the claim.

    Args:
        claims: Of a verified ID token, which has a `sub`.
        roles: By entry; addresses and domains in small letters.
        claim: Its name; its value is a text or a list of texts.
    """
    address = verified_address(claims)
    named = {value for value in _texts(claims.get(claim)) if "@" not in value}
    if address is not None:
        named |= {address, address[address.index("@") :]}
    found = [role for entry, role in roles.items() if entry in named]
    if not found:
        return None
    return Person(name=address or _called(claims), role=max(found, key=_ORDER.index))


def verified_address(claims: Claims) -> str | None:
    """Give the e-mail address in small letters; None where the provider has not verified one.

    Some providers write "true" as text. Addresses beyond ASCII are none: letters of other scripts
    become Latin ones when they are made small.
    """
    address = claims.get("email")
    if claims.get("email_verified") not in (True, "true") or not isinstance(address, str):
        return None
    local, at, domain = address.partition("@")
    plain = address.isascii() and address.isprintable() and " " not in address
    return address.lower() if plain and local and at and domain and "@" not in domain else None


def _called(claims: Claims) -> str:
    """Name somebody without a verified address: as they sign in there, else by the provider's id.

    Never by the claim `name`, which people may write themselves: it would act as any owner.
    """
    called = claims.get("preferred_username")
    return called if isinstance(called, str) and called.strip() else str(claims["sub"])


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [one for one in values if isinstance(one, str)]

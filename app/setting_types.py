"""Kinds of values that a setting takes: each is read from text, or refused with how to write it."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from app.domain import Role

DATABASES = ("sqlite", "sqlite+pysqlite", "postgres", "postgresql", "postgresql+psycopg")
_WEB = re.compile(r"https?://[^\s/?#]+(/[^\s?#]*)?")
_ROLES = tuple(role.value for role in Role)


def _split(value: object) -> object:
    """Read `a, b` as two entries."""
    if not isinstance(value, str):
        return value
    return tuple(entry.strip() for entry in value.split(",") if entry.strip())


def _expanded(folder: Path) -> Path:
    try:
        return folder.expanduser()
    except RuntimeError:
        raise ValueError("begins with ~, but that user has no home folder") from None


def _networks(entries: tuple[str, ...]) -> tuple[str, ...]:
    for number, entry in enumerate(entries, start=1):
        try:
            ip_network(entry)
        except ValueError:
            raise ValueError(f"entry {number} is not a network such as 10.1.0.0/16") from None
    return entries


def _known_database(url: str) -> str:
    scheme, separator, _ = url.partition("://")
    if not separator or scheme not in DATABASES:
        raise ValueError("must begin with sqlite:/// or postgresql+psycopg://")
    return url


def _public_url(url: str) -> str:
    if not _WEB.fullmatch(url):
        raise ValueError("must be an address such as https://inlet.example.com")
    return url.rstrip("/")


def _issuer(url: str) -> str:
    if not _WEB.fullmatch(url):
        raise ValueError("must be an address such as https://accounts.example.com")
    return url


def _roles(value: object) -> object:
    """Read `@example.com=viewer, sales=agent`; the last equals sign of an entry counts."""
    if not isinstance(value, str):
        return value
    roles: dict[str, str] = {}
    for number, entry in enumerate(filter(None, map(str.strip, value.split(","))), start=1):
        who, _, role = (part.strip() for part in entry.rpartition("="))
        who = who.lower() if "@" in who else who
        if not who or role not in _ROLES:
            raise ValueError(f"entry {number} is not like @example.com=agent ({_one_of_roles()})")
        if who in roles:
            raise ValueError(f"entry {number} names somebody again")
        roles[who] = role
    return roles


def _one_of_roles() -> str:
    return f"{', '.join(_ROLES[:-1])} or {_ROLES[-1]}"


Folder = Annotated[Path, AfterValidator(_expanded)]
Names = Annotated[tuple[str, ...], BeforeValidator(_split)]
Networks = Annotated[Names, AfterValidator(_networks)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
DatabaseUrl = Annotated[str, AfterValidator(_known_database)]
Issuer = Annotated[str, AfterValidator(_issuer)]
Roles = Annotated[Mapping[str, Role], BeforeValidator(_roles)]

"""The options that an endpoint's format has, checked when an endpoint is added."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import Refused

BAD_OPTION = "bad_option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a format."""

    meaning: str
    pattern: str  # the whole value, as text
    required: bool = False
    secret: bool = False  # never shown


def switch(meaning: str) -> Option:
    """An option that is on or off."""
    return Option(meaning=meaning, pattern="(?i:true|false)")


def check(name: str, known: Mapping[str, Option], given: Mapping[str, Any]) -> None:
    """Refuse what a format does not know, what is missing, and what does not fit.

    Raises:
        Refused: With the code bad_option; never repeats a value.
    """
    strange = sorted(given.keys() - known.keys())
    if strange:
        listed = ", ".join(known) or "no options"
        raise Refused(f"the format {name} has {listed}, not {strange[0][:40]}", code=BAD_OPTION)
    for key, option in known.items():
        if option.required and not given.get(key):
            raise Refused(f"the format {name} needs {key}: {option.meaning}", code=BAD_OPTION)
        if key in given and not re.fullmatch(option.pattern, _text(given[key])):
            raise Refused(f"{key} must be {option.meaning}", code=BAD_OPTION)


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)

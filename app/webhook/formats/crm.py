"""What the CRM formats share: addresses below the endpoint's URL, and what cannot be told them."""

from collections.abc import Mapping
from typing import Any

from app.webhook.formats.steps import Failed, Told, Unrenderable

UNREADABLE = Failed(
    code="unreadable_answer", why="the answer has not the fields that are documented"
)
WITHOUT_PERSON = Unrenderable(
    "the event tells of no person: a CRM needs INLET_WEBHOOK_PERSONAL_DATA switched on"
)
WITHOUT_ADDRESS = Unrenderable("the writer has no e-mail address, by which the CRM knows people")


def below(told: Told, path: str) -> str:
    """Give an address of the API whose root is the endpoint's URL."""
    return told.endpoint.url.rstrip("/") + path


def bearer(told: Told) -> dict[str, str]:
    """Give the header that the token of the options makes."""
    return {"Authorization": f"Bearer {told.option('token')}", "Accept": "application/json"}


def known(values: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is empty, so that nothing is overwritten with nothing."""
    return {name: value for name, value in values.items() if value}


def at(value: Any, *path: str | int) -> Any:
    """Give what stands at a place of a JSON value; None where there is nothing."""
    try:
        for step in path:
            value = value[step]
    except (LookupError, TypeError):
        return None
    return value

"""The formats by name: how each is written, and which options an endpoint of it has."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from app.webhook.formats.steps import Steps, Told, Unrenderable
from app.webhook.formats.webhook import webhook

Format: TypeAlias = Callable[[Told], Steps]

_WAYS: Mapping[str, Format] = {"webhook": webhook}


def steps_of(told: Told) -> Steps:
    """Give the steps that tell an endpoint of an event in its own format."""
    return _WAYS.get(told.endpoint.format, _unknown)(told)


def _unknown(_: Told) -> Steps:
    yield from ()
    return Unrenderable("no format of this name")

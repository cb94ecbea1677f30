"""The formats by name: how each is written, and which options an endpoint of it has."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import Refused
from app.webhook.formats import options
from app.webhook.formats.cloudevents import cloudevents
from app.webhook.formats.discord import discord
from app.webhook.formats.hubspot import hubspot
from app.webhook.formats.mail import mail
from app.webhook.formats.options import Option, switch
from app.webhook.formats.pipedrive import pipedrive
from app.webhook.formats.salesforce import salesforce
from app.webhook.formats.slack import slack
from app.webhook.formats.steps import Steps, Told, Unrenderable
from app.webhook.formats.teams import teams
from app.webhook.formats.webhook import webhook
from app.webhook.mail_target import MAIL_SCHEMES
from app.webhook.target import BAD_URL

UNKNOWN_FORMAT = "unknown_format"
HIDDEN = "***"

_ADDRESS = r"[^@\s,<>]+@[^@\s,<>]+"
_RECIPIENT = rf"(?:owner|{_ADDRESS})"
_TOKEN = Option(
    meaning="the access token, in visible ASCII",
    pattern=r"[!-~]{1,4000}",
    required=True,
    secret=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way to tell a receiver."""

    description: str
    write: Callable[[Told], Steps]
    options: Mapping[str, Option] = field(default_factory=dict)
    by_mail: bool = False  # smtp:// instead of https://
    is_api: bool = False  # the URL is the root of an API


_FORMATS: Mapping[str, Format] = {
    "webhook": Format(description="the event as JSON, signed (Standard Webhooks)", write=webhook),
    "cloudevents": Format(
        description="the event as a CloudEvent 1.0, signed",
        write=cloudevents,
        options={"source": Option(meaning="a URI of this installation", pattern=r"[!-~]{1,500}")},
    ),
    "slack": Format(description="an alert to a Slack incoming webhook", write=slack),
    "teams": Format(
        description="an alert to a Microsoft Teams workflow",
        write=teams,
        options={"bare": switch("true where the flow posts the card itself, or false")},
    ),
    "discord": Format(description="an alert to a Discord webhook", write=discord),
    "email": Format(
        description="an alert by e-mail, through a mail server",
        write=mail,
        by_mail=True,
        options={
            "from": Option(meaning="our own address", pattern=_ADDRESS, required=True),
            "to": Option(
                meaning="addresses with commas between them; `owner`: whose turn it is",
                pattern=rf"\s*{_RECIPIENT}(?:\s*,\s*{_RECIPIENT}){{0,19}}\s*",
                required=True,
            ),
            "tls": switch("false for a server of the allow-lists without TLS, or true"),
        },
    ),
    "hubspot": Format(
        description="a contact in HubSpot, with the alert as a note",
        write=hubspot,
        is_api=True,
        options={"token": _TOKEN},
    ),
    "salesforce": Format(
        description="a lead in Salesforce",
        write=salesforce,
        is_api=True,
        options={
            "token": _TOKEN,
            "external_id_field": Option(
                meaning="the API name of a unique text field of Lead, such as Inlet_Id__c",
                pattern=r"[A-Za-z][A-Za-z0-9_]{0,60}__c",
                required=True,
            ),
            "version": Option(
                meaning="a REST API version, such as v62.0", pattern=r"v[0-9]{2,3}\.0"
            ),
            "allow_duplicates": switch("true to save what a duplicate rule warns of, or false"),
        },
    ),
    "pipedrive": Format(
        description="a person and a lead in Pipedrive, with the alert as a note",
        write=pipedrive,
        is_api=True,
        options={"token": _TOKEN},
    ),
}

FORMATS: Mapping[str, str] = {name: one.description for name, one in _FORMATS.items()}
"""Every format's name, and what it sends."""


def steps_of(told: Told) -> Steps:
    """Give the steps that tell an endpoint of an event in its own format."""
    known = _FORMATS.get(told.endpoint.format)
    return known.write(told) if known else _unknown()


def check_options(format: str, options_given: Mapping[str, Any]) -> None:
    """Refuse options that a format does not have, or that it lacks.

    Raises:
        Refused: With the code unknown_format or bad_option; never repeats a value.
    """
    options.check(format, _known(format).options, options_given)


def check_url(format: str, url: str) -> None:
    """Refuse a URL of the wrong kind for a format; where it leads is the guard's to check.

    Raises:
        Refused: With the code bad_url; does not repeat the URL.
    """
    known = _known(format)
    is_mail = url.partition("://")[0].lower() in MAIL_SCHEMES
    if is_mail != known.by_mail:
        kind = "smtp:// or smtps://" if known.by_mail else "https://"
        raise Refused(f"the URL of the format {format} begins with {kind}", code=BAD_URL)
    if known.is_api and "?" in url:
        raise Refused("the URL is the API's root, without a question mark", code=BAD_URL)


def options_of(format: str) -> Mapping[str, Option]:
    """Give the options of a format."""
    return _known(format).options


def shown_options(format: str, options_given: Mapping[str, Any]) -> dict[str, Any]:
    """Give an endpoint's options as they may be shown: without secrets, and without what is odd."""
    known = _FORMATS[format].options if format in _FORMATS else {}
    return {
        name: value if name in known and not known[name].secret else HIDDEN
        for name, value in options_given.items()
    }


def _known(format: str) -> Format:
    if format not in _FORMATS:
        listed = ", ".join(_FORMATS)
        raise Refused(f"there is no such format; there are {listed}", code=UNKNOWN_FORMAT)
    return _FORMATS[format]


def _unknown() -> Steps:
    yield from ()
    return Unrenderable("there is no format of this name")

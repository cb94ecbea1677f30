"""Messages that the demo posts as a gateway would: a handful at once, then one after another."""

import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import httpx2

from app.errors import ConfigError

SAMPLES: tuple[Mapping[str, Any], ...] = (
    {
        "channel": "email",
        "subject": "sitting down about scheduling",
        "text": "We run 14 clinics on three rota tools and want one. Could somebody walk my team "
        "lead and me through yours next Tuesday?\n\nMarit Hallgren\nOperations Director",
        "sender": {"email": "marit.hallgren@example.com", "name": "Marit Hallgren"},
    },
    {
        "channel": "web_form",
        "text": "What would 220 seats come to for a year, and is SSO in that or extra?",
        "sender": {"email": "procurement@example.org"},
    },
    {
        "channel": "email",
        "subject": "third outage this month",
        "text": "Exports are down again and my CFO has asked me for two other quotes. If this is "
        "not stable by Friday we will not be renewing in March.",
        "sender": {"email": "it-lead@example.net"},
    },
    {
        "channel": "chat",
        "text": "hi, the password reset mail never arrives, checked spam too",
        "sender": {"name": "Jonas"},
    },
    {
        "channel": "email",
        "subject": "Angebot",
        "text": "Guten Tag, was kostet Ihre Lösung für 60 Arbeitsplätze im Jahr? Ein Angebot bis "
        "Donnerstag wäre hilfreich.",
        "sender": {"email": "einkauf@example.de"},
    },
    {
        "channel": "email",
        "subject": "Out of office",
        "text": "I am away until 4 May and will read your message when I am back.",
        "sender": {"email": "away@example.com"},
    },
)
_ANSWER_S = 30.0  # the first one may find the service starting
TRICKLE_S = 5.0  # between two messages


def post_samples(url: str, *, busy_s: float) -> list[dict[str, Any]]:
    """Post the samples as a gateway would, and give what was answered.

    Args:
        url: Of the service.
        busy_s: For how long it may answer 503; each time it is asked again when it says.

    Raises:
        ConfigError: It did not take them.
    """
    busy_until = time.monotonic() + busy_s
    try:
        with httpx2.Client(base_url=url, timeout=_ANSWER_S, trust_env=False) as client:
            return [_posted(client, sample, busy_until) for sample in SAMPLES]
    except httpx2.HTTPError as error:
        raise ConfigError(f"the service did not take the samples: {error}") from error


def _posted(client: httpx2.Client, sample: Mapping[str, Any], busy_until: float) -> dict[str, Any]:
    """Post a message until it is taken, or refused for another reason than too much work."""
    while True:
        answer = client.post("/v1/messages", json=sample)
        wait_s = float(answer.headers.get("retry-after", 1))
        busy = answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        if not busy or time.monotonic() + wait_s > busy_until:
            taken: dict[str, Any] = answer.raise_for_status().json()
            return taken
        time.sleep(wait_s)


def trickle(url: str, stop: threading.Event, *, every_s: float = TRICKLE_S) -> int:
    """Post one message after another, so that something moves; says how many were taken.

    It ends with its 60 messages, with the service, or once a key closed the door.

    Args:
        url: Of the service.
        stop: Ends it.
        every_s: Seconds before each.
    """
    taken = 0
    with httpx2.Client(base_url=url, timeout=_ANSWER_S, trust_env=False) as client:
        for message in _trickling():
            if stop.wait(every_s):
                break
            try:
                answer = client.post("/v1/messages", json=message)
            except httpx2.HTTPError:
                break
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                break
            taken += answer.status_code == HTTPStatus.CREATED
    return taken


def _trickling() -> list[dict[str, Any]]:
    """Read the messages that come one after another."""
    raw = files(__package__).joinpath("trickle.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in raw.splitlines()]

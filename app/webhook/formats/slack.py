"""A Slack incoming webhook: blocks for the channel, text for the notification.

What people wrote stands in plain_text alone, where Slack reads no markup, no mention and no link;
the notification's text is escaped.

Source: docs.slack.dev/reference/block-kit/blocks and …/messaging/formatting-message-text.
"""

import re
from collections.abc import Iterable
from typing import Any

from app.webhook.formats.alert_text import AlertText, alert_text
from app.webhook.formats.prose import escaped, shorten
from app.webhook.formats.steps import Steps, Told, json_request

_HEADER, _SECTION, _BUTTON, _URL = 150, 3_000, 75, 3_000  # characters, at most
_NOTICE = 300
_MEMBER = re.compile(r"[UW][A-Z0-9]{4,20}")  # a member id; nothing else is ever mentioned


def slack(told: Told) -> Steps:
    """Post an alert to the channel of the webhook."""
    event = told.event
    text = alert_text(event, now=told.now)
    owner = (event.get("data") or {}).get("owner") or {}
    message = {
        "text": escaped(text.title, _NOTICE, escape),
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [*_blocks(text, str(owner.get("mention") or ""))],
    }
    yield json_request(told.endpoint.url, message)
    return None


def escape(text: str) -> str:
    """Take their meaning from the three characters that have one everywhere in Slack."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _blocks(text: AlertText, mention: str) -> Iterable[dict[str, Any]]:
    yield {"type": "header", "text": _plain(text.title, _HEADER)}
    if text.facts:
        fields = [_plain(f"{name}\n{value}", 2_000) for name, value in text.facts]
        yield {"type": "section", "fields": fields[:10]}
    for labels, sentence in text.quotes:
        yield _section(f"“{sentence}”  ({labels})")
    if text.next_step:
        yield _section(f"Next: {text.next_step}")
    if text.excerpt:
        yield _section(text.excerpt)
    if text.history:
        yield _section("Before:\n" + "\n".join(text.history))
    if _MEMBER.fullmatch(mention):
        turn = {"type": "mrkdwn", "text": f"<@{mention}>, it is your turn."}
        yield {"type": "section", "text": turn}
    buttons = [_button(n, *link) for n, link in enumerate(text.links) if len(link[1]) <= _URL]
    if buttons:
        yield {"type": "actions", "elements": buttons}
    yield {"type": "context", "elements": [_plain(text.footer, 2_000)]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text, _SECTION)}


def _button(number: int, label: str, url: str) -> dict[str, Any]:
    return {
        "type": "button",
        "action_id": f"inlet-{number}",
        "text": _plain(label, _BUTTON),
        "url": url,
    }


def _plain(text: str, max_units: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": shorten(text, max_units), "emoji": False}

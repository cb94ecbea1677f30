"""A Discord webhook: a line that calls the owner, and an embed.

Mentions are switched off but for the owner's, and every character that has a meaning in Discord's
Markdown is escaped: also the colon, so that no address becomes a link.

Source: docs.discord.com, "Execute Webhook", "Embed Limits" and "Allowed Mentions Object".
"""

import re
from collections.abc import Iterable
from typing import Any

from app.webhook.formats.alert_text import AlertText, alert_text
from app.webhook.formats.prose import escaped
from app.webhook.formats.steps import Steps, Told, json_request

_CONTENT, _TITLE, _DESCRIPTION = 2_000, 256, 1_800  # characters; a description may have 4 096
_NAME, _VALUE, _FOOTER = 256, 1_024, 256
_FACT = 180  # ten of them: title, description, fields and footer together have 6 000
_MARKUP = re.compile(r"[\\`*_~|>#\-\[\]()<:@]")
_USER = re.compile(r"[0-9]{15,22}")  # a user's id
_NO_LINK = re.compile(r"[()\s<>\\]")


def discord(told: Told) -> Steps:
    """Post an alert to the channel of the webhook."""
    event = told.event
    text = alert_text(event, now=told.now)
    mention = str(((event.get("data") or {}).get("owner") or {}).get("mention") or "")
    users = [mention] if _USER.fullmatch(mention) else []
    call = "".join(f"<@{user}> " for user in users)
    message = {
        "content": call + escaped(text.title, _CONTENT - len(call), escape),
        "embeds": [
            {
                "title": escaped(text.title, _TITLE, escape),
                "description": escaped(_story(text), _DESCRIPTION, escape),
                "fields": [*_fields(text)],
                "footer": {"text": text.footer[:_FOOTER]},
            }
        ],
        "allowed_mentions": {"parse": [], "users": users},
    }
    yield json_request(told.endpoint.url, message)
    return None


def escape(text: str) -> str:
    r"""Put a backslash before each character that Discord would read."""
    return _MARKUP.sub(r"\\\g<0>", text)


def _story(text: AlertText) -> str:
    parts = [f"“{sentence}” ({labels})" for labels, sentence in text.quotes]
    parts += [f"Next: {text.next_step}"] if text.next_step else []
    return "\n\n".join([*parts, *([text.excerpt] if text.excerpt else []), *text.history])


def _fields(text: AlertText) -> Iterable[dict[str, Any]]:
    for name, value in text.facts:
        yield {"name": name, "value": escaped(value, _FACT, escape), "inline": True}
    links = [f"[{label}]({url})" for label, url in text.links if not _NO_LINK.search(url)]
    for link in links:
        if len(link) <= _VALUE // 2:
            yield {"name": "Reply", "value": link, "inline": False}

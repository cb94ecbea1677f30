"""Microsoft Teams: an adaptive card for the "Workflows" webhook.

What people wrote stands in TextRun alone, which knows no Markdown; only "{{" has a meaning there,
of dates.

Source: adaptivecards.io/explorer (TextRun, Action.OpenUrl) and learn.microsoft.com, "Create
incoming webhooks with Workflows".
"""

import re
from collections.abc import Iterable
from typing import Any

from app.webhook.formats.alert_text import AlertText, alert_text
from app.webhook.formats.steps import Steps, Told, json_request

CARD = "application/vnd.microsoft.card.adaptive"
VERSION = "1.4"
_BRACES = re.compile(r"\{(?=\{)")
SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


def teams(told: Told) -> Steps:
    """Post a card; wrapped as a message, unless the option `bare` says otherwise."""
    text = alert_text(told.event, now=told.now)
    card = {
        "$schema": SCHEMA,
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": [*_body(text)],
        "actions": [
            {"type": "Action.OpenUrl", "title": label, "url": url} for label, url in text.links
        ],
        "msteams": {"width": "Full"},
    }
    attachment = {"contentType": CARD, "contentUrl": None, "content": card}
    message = {"type": "message", "attachments": [attachment]}
    yield json_request(told.endpoint.url, card if told.switched_on("bare") else message)
    return None


def _body(text: AlertText) -> Iterable[dict[str, Any]]:
    yield _block(_run(text.title, size="Large", weight="Bolder"))
    for name, value in text.facts:
        yield _block(_run(f"{name}: ", weight="Bolder"), _run(value))
    for labels, sentence in text.quotes:
        yield _block(_run(f"“{sentence}”", italic=True), _run(f" ({labels})", isSubtle=True))
    if text.next_step:
        yield _block(_run("Next: ", weight="Bolder"), _run(text.next_step))
    if text.excerpt:
        yield _block(_run(text.excerpt))
    for line in text.history:
        yield _block(_run(line, isSubtle=True))
    yield _block(_run(text.footer, size="Small", isSubtle=True))


def _block(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def _run(text: str, **looks: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": _BRACES.sub("{ ", text), **looks}

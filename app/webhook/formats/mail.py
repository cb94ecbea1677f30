"""An e-mail: plain text and HTML of the alert, made by the standard library's own writer.

Source: RFC 5322; RFC 3834, section 5 (Auto-Submitted, so that nobody's machine answers ours).
"""

from collections.abc import Iterable, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from app.webhook.formats.alert_html import alert_html
from app.webhook.formats.alert_text import AlertText, alert_text
from app.webhook.formats.person import person_of, plain_address
from app.webhook.formats.steps import Mail, Steps, Told, Unrenderable

OWNER = "owner"  # among the recipients: the address of whose turn it is
MAX_RECIPIENTS = 20

_POLICY = SMTP.clone(cte_type="7bit")  # every server takes it


def mail(told: Told) -> Steps:
    """Send an alert to the recipients of the options, from the address of the options."""
    event, sender = told.event, plain_address(told.option("from"))
    recipients = _recipients(told.endpoint.options.get("to", ()), event)
    if not sender or not recipients:
        return Unrenderable("no address to send from, or none to send to")
    message = _message(told, event, sender, recipients)
    yield Mail(
        url=told.endpoint.url,
        sender=sender,
        recipients=recipients,
        message=message.as_bytes(policy=_POLICY),
        in_clear=told.option("tls").lower() == "false",
    )
    return None


def addresses(option: object) -> list[str]:
    """Read the recipients of the options: a list, or text with commas."""
    listed = option if isinstance(option, list | tuple) else str(option).split(",")
    return [one for one in (str(each).strip() for each in listed) if one]


def _recipients(option: object, event: Mapping[str, Any]) -> tuple[str, ...]:
    owner = (event.get("data") or {}).get("owner") or {}
    named = [owner.get("email") if one == OWNER else one for one in addresses(option)]
    found = dict.fromkeys(filter(None, map(plain_address, named)))
    return tuple(found)[:MAX_RECIPIENTS]


def _message(
    told: Told, event: Mapping[str, Any], sender: str, recipients: Iterable[str]
) -> EmailMessage:
    text = alert_text(event, now=told.now)
    # An encoded word in a subject would be decoded, and line breaks in it written as they are.
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address("Inlet", addr_spec=sender)
    message["To"] = [Address(addr_spec=one) for one in recipients]
    message["Subject"] = text.title.replace("=?", "= ?")
    message["Date"] = format_datetime(told.now)
    message["Message-ID"] = f"<{told.delivery_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"  # Exchange's own word for it
    writer = person_of(event.get("data") or {}).email
    if writer:
        message["Reply-To"] = Address(addr_spec=writer)
    message.set_content(_plain(text))
    html = f"<!doctype html><html><body>\n{alert_html(text)}\n</body></html>"
    message.add_alternative(html, subtype="html")
    message.set_boundary(f"=_{told.delivery_id}")  # nobody who writes to us can know it
    return message


def _plain(text: AlertText) -> str:
    parts = [text.title, "\n".join(f"{name}: {value}" for name, value in text.facts)]
    parts += [f"“{sentence}” ({labels})" for labels, sentence in text.quotes]
    parts += [f"Next: {text.next_step}"] if text.next_step else []
    parts += ["\n".join(f"{label}: {url}" for label, url in text.links), text.excerpt]
    parts += ["\n".join(text.history), f"-- \n{text.footer}"]
    return "\n\n".join(filter(None, parts)) + "\n"

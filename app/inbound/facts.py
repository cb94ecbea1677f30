"""What is known of a message beside its text, as JSON: for people, and for later decisions."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain import Channel, Facts, Message
from app.inbound.mime.values import Mail, ParseStatus
from app.inbound.mime.wishes import unsubscribe_wish
from app.inbound.values import Received
from models.text.clean import clean_text
from models.text.reply import Reply, parse_signature

_MAX_CHARS = 20_000  # of each part that is shown: the whole mail is kept apart for a while
_SIGNATURE_CHARS = 500  # that tell a role
_MAX_LISTED = 100  # recipients, attachments
EMPTY = "empty"


def facts_of(
    received: Received, mail: Mail, split: Reply, message: Message, *, region: str | None
) -> Facts:
    """Gather what a person, a policy or a contact's record may want to know.

    Args:
        received: As the provider told it.
        mail: As it was read.
        split: Its parts.
        message: What was made of them.
        region: Whose national phone numbers are understood.
    """
    shown = dict(_always(received, mail))
    if received.channel is Channel.EMAIL:
        shown |= _of_mail(mail, split, message, region)
    return Facts(
        automated=None if mail.automated is None else mail.automated.kind.value,
        signature=split.signature[:_SIGNATURE_CHARS],
        unreadable=_unreadable(mail, message),
        shown=shown,
    )


def _always(received: Received, mail: Mail) -> Mapping[str, Any]:
    named = [one.email for one in mail.to if one.email]
    recipients = dict.fromkeys([*named, *received.recipients])  # the envelope may know more
    return {
        "recipients": list(recipients)[:_MAX_LISTED],
        "attachments": [asdict(one) for one in mail.attachments[:_MAX_LISTED]],
    }


def _of_mail(mail: Mail, split: Reply, message: Message, region: str | None) -> dict[str, Any]:
    automated = mail.automated
    return {
        "parse_status": mail.status.value,
        "cc": [one.email for one in mail.cc if one.email][:_MAX_LISTED],
        "reply_to": mail.reply_to.email if mail.reply_to else None,
        "quoted": split.quoted[:_MAX_CHARS],
        "signature": split.signature[:_MAX_CHARS],
        "disclaimer": split.disclaimer[:_MAX_CHARS],
        "forwarded": split.forwarded,
        "reply_stripping": "fallback" if split.fallback else "split",
        "html_only": mail.html_only,
        "flags": list(mail.flags),
        "contact": asdict(parse_signature(split.signature, region=region)),
        "unsubscribe": unsubscribe_wish(message.text),
        "automated": automated
        and {
            "kind": automated.kind.value,
            "reason": automated.reason,
            "returns_on": automated.returns_on and automated.returns_on.isoformat(),
        },
    }


def _unreadable(mail: Mail, message: Message) -> str | None:
    """Why a person must look at it; a subject alone can be read."""
    if mail.status is not ParseStatus.PARSED:
        return mail.status.value
    return None if clean_text(f"{message.subject} {message.text}") else EMPTY

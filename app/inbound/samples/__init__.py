"""Requests as each vendor would send them, about an invented message: for `inlet send-test`."""

from collections.abc import Mapping
from datetime import UTC, datetime

from app.inbound.samples import chats, forms, mails
from app.inbound.samples.content import Content
from app.inbound.samples.values import Builder, Limit, Order, Sample
from app.inbound.values import Keys

__all__ = ["SAMPLES", "Limit", "Sample", "sample"]

_BUILDERS: tuple[Builder, ...] = (
    *(mails.email, mails.postmark, mails.ses, mails.resend, mails.mailersend, mails.brevo),
    *(mails.mailjet, mails.sparkpost, mails.postal),
    *(forms.sendgrid, forms.mailgun, forms.mandrill, forms.twilio),
    *(chats.chat, chats.chatwoot, chats.slack, chats.intercom, chats.zendesk),
    *(chats.rasa, chats.dialogflow, chats.dialogflow_es, chats.botpress),
)
SAMPLES: Mapping[str, Builder] = {
    builder.__name__.replace("_", "-"): builder for builder in _BUILDERS
}


def sample(name: str, keys: Keys, *, public_url: str, now: datetime) -> Sample:
    """Make a request for a source that its adapter takes as its vendor's own.

    Args:
        name: Of the source.
        keys: What it is proved by, as the service has it.
        public_url: The address in front of the path, as the service knows it.
        now: The clock, aware.
    """
    content = Content(now=now.astimezone(UTC))
    order = Order(path=f"/v1/inbound/{name}", public_url=public_url, keys=keys, content=content)
    return SAMPLES[name](order)

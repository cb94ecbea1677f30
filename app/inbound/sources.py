"""Every provider and chat platform that can be switched on, by its name."""

from collections.abc import Callable, Mapping

from app.inbound.chat import (
    botpress,
    chatwoot,
    dialogflow,
    generic,
    intercom,
    rasa,
    slack,
    twilio,
    zendesk,
)
from app.inbound.mail import (
    brevo,
    mailersend,
    mailgun,
    mailjet,
    mandrill,
    postal,
    postmark,
    raw,
    resend,
    sendgrid,
    ses,
    sparkpost,
)
from app.inbound.values import Keys, Source

_MODULES = (
    *(postmark, sendgrid, mailgun, resend, mailersend, brevo, mailjet, mandrill, sparkpost, postal),
    *(chatwoot, slack, twilio, intercom, zendesk, rasa, dialogflow, botpress),
)
KEYLESS = (raw.SOURCE, generic.SOURCE)  # whose callers show one of our API keys instead


def providers(certificate_of: Callable[[str], bytes]) -> Mapping[str, Source]:
    """Give the sources that prove themselves by keys of their own.

    Args:
        certificate_of: Fetches the certificate that Amazon signs with.
    """
    sources = (
        *(module.SOURCE for module in _MODULES),
        ses.source_with(certificate_of),
        dialogflow.ES_SOURCE,
    )
    return {source.name: source for source in sources}


def is_on(source: Source, keys: Keys) -> bool:
    """Whether the operator set what a source is proved by."""
    proved = bool(keys.secret or keys.auth or keys.topics)
    return proved and all(getattr(keys, need) for need in source.needs)

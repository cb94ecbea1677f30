"""Raw mail to frozen values: `parse_mail`, or `parse_within` a deadline in a process of its own."""

from app.inbound.mime.automated import automated_reason
from app.inbound.mime.deadline import ParsingPool, parse_within
from app.inbound.mime.headers import Headers
from app.inbound.mime.html import html_to_text
from app.inbound.mime.mail import parse_mail
from app.inbound.mime.values import (
    Address,
    Attachment,
    Automated,
    AutomatedKind,
    Mail,
    ParseStatus,
)
from app.inbound.mime.wishes import unsubscribe_wish

__all__ = [
    "Address",
    "Attachment",
    "Automated",
    "AutomatedKind",
    "Headers",
    "Mail",
    "ParseStatus",
    "ParsingPool",
    "automated_reason",
    "html_to_text",
    "parse_mail",
    "parse_within",
    "unsubscribe_wish",
]

"""What a mail is after parsing: frozen values without CR, NUL or lone surrogates in any string."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ParseStatus(StrEnum):
    """How far the parser came."""

    PARSED = "parsed"
    FAILED = "failed"  # not a mail, or a fault of ours: stored and shown for review
    TIMEOUT = "timeout"  # the deadline passed


class AutomatedKind(StrEnum):
    """What kind of machine wrote, or why nobody has to read it."""

    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    RECEIPT = "receipt"
    LIST = "list"
    NEWSLETTER = "newsletter"
    NO_REPLY = "no_reply"
    OWN_ADDRESS = "own_address"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox; what could not be read is None."""

    email: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part that was not read; its name is never a path."""

    name: str
    content_type: str
    size: int  # bytes after decoding, counted and not decoded


@dataclass(frozen=True, slots=True)
class Automated:
    """Why a mail counts as written by a machine."""

    kind: AutomatedKind
    reason: str  # the sign, in our words
    returns_on: date | None = None  # of an out-of-office note that says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """What stands in a mail, as far as it could be read."""

    subject: str = ""
    sender: Address | None = None
    reply_to: Address | None = None
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    message_id: str | None = None  # with its angle brackets, as all ids here
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    date: datetime | None = None  # aware, UTC
    text: str = ""
    html_only: bool = False  # the text was made from HTML alone
    attachments: tuple[Attachment, ...] = ()
    automated: Automated | None = None
    flags: tuple[str, ...] = ()  # sorted; app/inbound/mime/flags.py says what each means
    status: ParseStatus = ParseStatus.PARSED

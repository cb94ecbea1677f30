"""From what a provider tells of a message to the message itself, with what is known beside it."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from app.domain import Channel, Facts, Message, Sender, new_id
from app.inbound.facts import facts_of
from app.inbound.mime.automated import automated_reason
from app.inbound.mime.headers import Headers
from app.inbound.mime.html import html_to_text
from app.inbound.mime.values import Address, Attachment, Mail
from app.inbound.values import Received
from models.text.reply import Reply, split_reply

MAX_SUBJECT_CHARS = 1_000
MAX_TEXT_CHARS = 100_000
_MAX_ID_CHARS = 512
_MAX_AHEAD = timedelta(days=1)  # a sender's clock may be wrong; a day covers a wrong zone too
_EARLIEST_YEAR = 1970

ParseMail = Callable[[bytes], Mail]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How mails are read here."""

    parse: ParseMail  # bounded in time
    own_addresses: tuple[str, ...] = ()  # mail from these is our own
    region: str | None = None  # whose national phone numbers are understood, such as "DE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A message ready to be judged."""

    message: Message
    facts: Facts


def assembled(
    received: Received, *, source: str, arrived_at: datetime, now: datetime, reader: Reader
) -> Incoming:
    """Read a mail or a chat line into a message of what was written just now.

    Args:
        received: As a provider tells of it.
        source: Its name.
        arrived_at: When it reached us, aware.
        now: The clock, aware.
        reader: How mails are read here.
    """
    mail = reader.parse(received.raw) if received.raw is not None else _mail_of(received, reader)
    split = _split(received, mail)
    message = Message(
        id=new_id("msg", now),
        channel=received.channel,
        subject=_subject(received, mail),
        text=split.newest[:MAX_TEXT_CHARS],
        sender=_sender(received, mail),
        thread_id=_id(received.thread_id or _thread_of(mail)),
        source=source,
        external_id=_id(received.external_id or mail.message_id or received.fallback_id),
        received_at=_plausible(received.sent_at or mail.date, arrived_at),
        created_at=now,
    )
    facts = facts_of(received, mail, split, message, region=reader.region)
    return Incoming(message=message, facts=facts)


def _mail_of(received: Received, reader: Reader) -> Mail:
    """Give what a provider tells in fields the form of a parsed mail."""
    writer = (("from", received.sender.email),) if received.sender.email else ()
    headers = Headers.of((*received.headers, *writer))  # a From among the headers comes first
    text = received.text if received.text.strip() else html_to_text(received.html)
    automated = automated_reason(
        headers, own=reader.own_addresses, text=text, sent_at=received.sent_at
    )
    return Mail(
        subject=received.subject,
        sender=Address(received.sender.email, received.sender.name),
        to=tuple(Address(email, None) for email in received.recipients),
        text=text,
        html_only=not received.text.strip() and bool(received.html),
        attachments=tuple(Attachment(**asdict(one)) for one in received.attachments),
        automated=automated if received.channel is Channel.EMAIL else None,
        references=tuple(headers.text("references").split())[:50],
        in_reply_to=headers.first("in-reply-to"),
    )


def _split(received: Received, mail: Mail) -> Reply:
    """Find what was written just now; a line of a chat is nothing else."""
    if received.channel is not Channel.EMAIL:
        return Reply(newest=mail.text.strip())
    return split_reply(mail.text, stripped=received.stripped, subject=mail.subject)


def _subject(received: Received, mail: Mail) -> str:
    return " ".join((mail.subject or received.subject).split())[:MAX_SUBJECT_CHARS]


def _sender(received: Received, mail: Mail) -> Sender:
    """Take the writer the mail names, and the envelope's where it names none."""
    told, named = received.sender, mail.sender
    if named is None or named.email is None:
        return Sender(told.email, told.name or (named.name if named else None))
    return Sender(named.email, named.name or told.name)


def _thread_of(mail: Mail) -> str | None:
    """Name a thread by its first mail."""
    return next(iter(mail.references), None) or mail.in_reply_to or mail.message_id


def _id(given: str | None) -> str | None:
    """Bound a foreign id; one that is cut still tells most apart."""
    return given[:_MAX_ID_CHARS] if given else None


def _plausible(sent_at: datetime | None, arrived_at: datetime) -> datetime:
    """Take the sender's own time unless it cannot be true."""
    if sent_at is None or sent_at.year < _EARLIEST_YEAR or sent_at > arrived_at + _MAX_AHEAD:
        return arrived_at
    return sent_at

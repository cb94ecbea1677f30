"""A mail as it came to a mail as it is read; the one way from bytes to Mail."""

from collections.abc import Collection

from app.inbound.mime import flags, limits
from app.inbound.mime.addresses import read_addresses
from app.inbound.mime.attachments import attachments_of
from app.inbound.mime.automated import automated_reason
from app.inbound.mime.body import Body, read_body
from app.inbound.mime.headers import Headers
from app.inbound.mime.identity import read_date, read_id, read_ids
from app.inbound.mime.structure import Tree, read_tree
from app.inbound.mime.values import Address, Mail, ParseStatus
from app.inbound.mime.words import decode_words, one_line

_FAILED = Mail(status=ParseStatus.FAILED)


def parse_mail(raw: bytes, *, own: Collection[str] = ()) -> Mail:
    """Read a mail; never raises, and every limit is taken before the work.

    What cannot be read has the status `failed` and is shown to a person; the mail itself must be
    kept by the caller.

    Args:
        raw: Any bytes.
        own: Our own addresses, and domains as `@example.com`.
    """
    try:
        return read_mail(raw, own=own)
    except Exception:  # noqa: BLE001  a fault of ours must not lose a mail: it goes to review
        return _FAILED


def read_mail(raw: bytes, *, own: Collection[str] = ()) -> Mail:
    """Read a mail as parse_mail does, but raise where a fault of ours shows; for tests."""
    tree = read_tree(raw[: limits.RAW_BYTES])
    body = read_body(tree)
    is_cut = len(raw) > limits.RAW_BYTES
    found = tree.flags | body.flags | ({flags.TRUNCATED} if is_cut else set())
    if not tree.root.headers.fields and not body.text.strip():
        return Mail(status=ParseStatus.FAILED, flags=tuple(sorted(found)))
    return _mail(tree, body, own, tuple(sorted(found)))


def _mail(tree: Tree, body: Body, own: Collection[str], found: tuple[str, ...]) -> Mail:
    headers = tree.root.headers
    sent_at = read_date(headers.text("date"))
    automated = automated_reason(
        headers,
        own=own,
        text=body.text,
        sent_at=sent_at,
        calendar_method=body.calendar_method,
    )
    return Mail(
        subject=one_line(decode_words(headers.text("subject")), limits.SUBJECT_CHARS),
        sender=_first(headers, "from") or _first(headers, "sender"),
        reply_to=_first(headers, "reply-to"),
        to=_all(headers, "to"),
        cc=_all(headers, "cc"),
        message_id=read_id(headers.text("message-id")),
        in_reply_to=read_id(headers.text("in-reply-to")),
        references=read_ids(headers.text("references")),
        date=sent_at,
        text=body.text,
        html_only=body.is_from_html,
        attachments=tuple(attachments_of(tree.root)),
        automated=automated,
        flags=found,
    )


def _first(headers: Headers, name: str) -> Address | None:
    return next(iter(read_addresses(headers.text(name))), None)


def _all(headers: Headers, name: str) -> tuple[Address, ...]:
    return read_addresses(", ".join(headers.every(name)))[: limits.ADDRESSES]

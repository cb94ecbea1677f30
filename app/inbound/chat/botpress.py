"""Botpress Cloud: what a bot's Execute Code card posts, proved by a header with our secret.

Botpress sends nothing by itself; the card of our documentation posts fields of its `event`
object under their own names, and reads the answer.

Source:
    Botpress documentation, "Execute Code", "Event properties"; the header is the one that its
    Webhook integration uses, "Webhook", "Configure the integration".
"""

from app.inbound.chat.generic import MAX_BYTES, answer, as_json, channel_of, is_readable
from app.inbound.payload import mailbox, parse_date, parse_json, text_at
from app.inbound.signatures import is_same, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Source, Unreadable


def verify(post: Post, keys: Keys) -> None:
    """Check the secret in the header `x-bp-secret`."""
    require(is_same(post.headers.get("x-bp-secret", ""), keys.secret), "x-bp-secret is wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read what the visitor wrote; the bot's own words and files without words are left alone."""
    event = parse_json(post.body)
    conversation, message = text_at(event, "conversationId"), text_at(event, "messageId")
    if not conversation or not message:
        raise Unreadable("the body needs conversationId and messageId, both strings")
    if text_at(event, "direction") == "outgoing":
        return (Ignored(reason="own_message"),)
    if not is_readable(text_at(event, "text")):
        return (Ignored(reason="no_text"),)
    return (
        Received(
            external_id=message,
            channel=channel_of(text_at(event, "integration")),
            sender=mailbox(text_at(event, "user", "email"), text_at(event, "user", "name")),
            text=text_at(event, "text"),
            thread_id=conversation,
            sent_at=parse_date(text_at(event, "createdOn")),
        ),
    )


SOURCE = Source(
    name="botpress",
    title="Botpress",
    verify=verify,
    read=read,
    taken=as_json({"handover": False}),  # what is no message calls nobody
    answer=answer,
    max_bytes=MAX_BYTES,
)

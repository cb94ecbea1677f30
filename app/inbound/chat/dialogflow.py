"""Dialogflow CX and ES webhooks: a turn of a conversation in, parameters for the agent out.

Google may send fields that it does not document and says to ignore them; so do we.

Source:
    Dialogflow CX, REST reference v3, "WebhookRequest", "WebhookResponse" and "Webhook"
    (user name and password, request headers); Dialogflow ES, REST reference v2, "WebhookRequest".
"""

from app.domain import Channel
from app.inbound.chat.generic import MAX_BYTES, as_json, is_readable, lead_facts
from app.inbound.payload import mailbox, parse_json, text_at, value_at
from app.inbound.signatures import is_basic_auth, is_same, require
from app.inbound.values import Ignored, Item, Keys, Post, Received, Reply, Source, Told, Unreadable


def verify(post: Post, keys: Keys) -> None:
    """Check the webhook's user name and password, or the token in a header of its own."""
    is_token = is_same(post.headers.get("x-inlet-token", ""), keys.secret)
    proof = is_basic_auth(post, keys.auth) or is_token
    require(proof, "the user name, the password or the token is wrong")


def read(post: Post) -> tuple[Item, ...]:
    """Read a turn of CX; an event, a chosen intent and keys pressed on a phone are no text."""
    turn = parse_json(post.body)
    session = text_at(turn, "sessionInfo", "session")
    if not session:
        raise Unreadable("the body is not a turn as Dialogflow CX posts it")
    text = text_at(turn, "text") or text_at(turn, "transcript")
    known = value_at(turn, "sessionInfo", "parameters")
    return _item(
        text, session=session, turn_id=text_at(turn, "detectIntentResponseId"), known=known
    )


def read_es(post: Post) -> tuple[Item, ...]:
    """Read a turn of ES."""
    turn = parse_json(post.body)
    session = text_at(turn, "session")
    if not session or not isinstance(value_at(turn, "queryResult"), dict):
        raise Unreadable("the body is not a turn as Dialogflow ES posts it")
    text, known = text_at(turn, "queryResult", "queryText"), value_at(turn, "queryResult")
    parameters = value_at(known, "parameters")
    return _item(text, session=session, turn_id=text_at(turn, "responseId"), known=parameters)


def answer(told: Told) -> Reply:
    """Set parameters of the CX session; a null one is taken out of it."""
    return as_json({"sessionInfo": {"parameters": lead_facts(told)}})


def answer_es(told: Told) -> Reply:
    """Pass the values on to whoever called ES; its contexts cannot be set without the session."""
    return as_json({"payload": lead_facts(told)})


def _item(text: str, *, session: str, turn_id: str, known: object) -> tuple[Item, ...]:
    """Make a message of a turn; several webhooks of one turn have the same id."""
    if not is_readable(text):
        return (Ignored(reason="no_text"),)
    return (
        Received(
            external_id=turn_id or None,
            channel=Channel.CHAT,
            sender=mailbox(text_at(known, "email"), text_at(known, "name")),
            text=text,
            thread_id=session,
        ),
    )


SOURCE = Source(
    name="dialogflow",
    title="Dialogflow CX",
    verify=verify,
    read=read,
    needs=("auth",),
    taken=as_json({}),  # nothing changes
    answer=answer,
    max_bytes=MAX_BYTES,
)
ES_SOURCE = Source(
    name="dialogflow-es",
    title="Dialogflow ES",
    verify=verify,
    read=read_es,
    needs=("auth",),
    taken=as_json({}),
    answer=answer_es,
    max_bytes=MAX_BYTES,
)

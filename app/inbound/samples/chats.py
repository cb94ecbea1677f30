"""Lines of a chat as platforms post them in JSON; each builder is named like its adapter."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from app.inbound.samples.content import ADDRESS, LINE, NAME
from app.inbound.samples.requests import as_json, base64_mac, basic, hex_mac, posted, secret
from app.inbound.samples.values import Order, Sample

_PERSON = {"name": NAME, "email": ADDRESS}


def chat(order: Order) -> Sample:
    """A line for the generic hook."""
    one = order.content
    line = {
        "conversation_id": one.hexadecimal("conversation"), "message_id": one.hexadecimal("line"),
        "text": LINE, "sender": _PERSON, "channel": "chat", "sent_at": one.iso,
    }  # fmt: skip
    return posted(order, line)


def chatwoot(order: Order) -> Sample:
    """A visitor's message, signed over time and body."""
    one = order.content
    contact = {"id": one.number("contact"), **_PERSON, "phone_number": None, "type": "contact"}
    event = {
        "event": "message_created", "id": one.number("message"), "content": LINE,
        "content_type": "text", "content_attributes": {}, "message_type": "incoming",
        "created_at": one.iso, "private": False, "source_id": None, "sender": contact,
        "inbox": {"id": 1, "name": "Website"}, "account": {"id": 1, "name": "Inlet"},
        "conversation": {
            "id": one.number("conversation"), "channel": "Channel::WebWidget", "status": "open",
            "contact_inbox": {"source_id": one.uuid("visitor")}, "meta": {"sender": contact},
        },
    }  # fmt: skip
    mac = hex_mac(order, f"{one.seconds}.".encode() + as_json(event))
    headers = {
        "x-chatwoot-timestamp": str(one.seconds),
        "x-chatwoot-signature": f"sha256={mac}",
        "x-chatwoot-delivery": one.uuid("delivery"),
    }
    return posted(order, event, headers)


def slack(order: Order) -> Sample:
    """A message in a channel, signed over time and body."""
    one = order.content
    stamp = f"{one.seconds}.{one.number('slack') % 10**6:06}"
    event = {
        "type": "message", "channel": "C0INLETTEST", "channel_type": "channel",
        "user": f"U{one.hexadecimal('user', 10).upper()}", "text": LINE, "ts": stamp,
        "event_ts": stamp, "team": "T0INLETTEST",
    }  # fmt: skip
    envelope = {
        "type": "event_callback", "team_id": "T0INLETTEST", "api_app_id": "A0INLETTEST",
        "event": event, "event_id": f"Ev{one.hexadecimal('event', 10).upper()}",
        "event_time": one.seconds, "is_ext_shared_channel": False,
        "authorizations": [
            {"team_id": "T0INLETTEST", "user_id": "U0INLETBOT", "is_bot": True},
        ],
    }  # fmt: skip
    mac = hex_mac(order, f"v0:{one.seconds}:".encode() + as_json(envelope))
    headers = {
        "x-slack-request-timestamp": str(one.seconds),
        "x-slack-signature": f"v0={mac}",
    }
    return posted(order, envelope, headers)


def intercom(order: Order) -> Sample:
    """What opens a conversation, signed over the body."""
    one = order.content
    author = {"type": "user", "id": one.hexadecimal("user", 24), **_PERSON}
    conversation = {
        "type": "conversation", "id": str(one.number("conversation")), "created_at": one.seconds,
        "source": {
            "type": "conversation", "id": str(one.number("message")), "subject": "",
            "delivered_as": "customer_initiated", "body": f"<p>{LINE}</p>", "author": author,
            "attachments": list[str](),
        },
        "state": "open", "open": True, "read": False,
    }  # fmt: skip
    notice = {
        "type": "notification_event", "app_id": "inlet_test", "created_at": one.seconds,
        "id": f"notif_{one.uuid('notification')}", "topic": "conversation.user.created",
        "delivery_attempts": 1,
        "data": {"type": "notification_event_data", "item": conversation},
    }  # fmt: skip
    headers = {"x-hub-signature": f"sha1={hex_mac(order, as_json(notice), 'sha1')}"}
    return posted(order, notice, headers)


def zendesk(order: Order) -> Sample:
    """A public comment of an end user, signed over time and body."""
    one = order.content
    ticket = str(one.number("ticket"))
    event = {
        "type": "zen:event-type:ticket.comment_added", "id": one.uuid("event"), "time": one.iso,
        "zendesk_event_version": "2022-11-06", "subject": f"zen:ticket:{ticket}", "account_id": 1,
        "detail": {
            "id": ticket, "subject": "Conversation with Ines Bergqvist", "status": "NEW",
            "via": {"channel": "native_messaging"},
        },
        "event": {
            "comment": {
                "id": str(one.number("comment")), "body": LINE, "is_public": True,
                "author": {"id": str(one.number("author")), "name": NAME, "is_staff": False},
            },
            "meta": {"version": 1},
        },
    }  # fmt: skip
    mac = base64_mac(secret(order).encode(), one.iso.encode() + as_json(event))
    headers = {
        "x-zendesk-webhook-signature": mac,
        "x-zendesk-webhook-signature-timestamp": one.iso,
    }
    return posted(order, event, headers)


def rasa(order: Order) -> Sample:
    """A call of an action, with the token in the query."""
    one = order.content
    said = {
        "event": "user", "timestamp": one.now.timestamp(), "text": LINE, "input_channel": "rest",
        "message_id": one.hexadecimal("message"), "metadata": {},
    }  # fmt: skip
    conversation = one.hexadecimal("conversation")
    tracker = {
        "sender_id": conversation, "slots": _PERSON, "events": [said],
        "latest_message": {
            "text": LINE, "message_id": said["message_id"], "entities": list[str](),
            "intent": {"name": "ask_sales", "confidence": 0.9},
        },
        "latest_event_time": said["timestamp"], "latest_input_channel": "rest", "paused": False,
        "active_loop": {}, "latest_action_name": "action_listen",
    }  # fmt: skip
    call = {
        "next_action": "action_inlet", "sender_id": conversation, "tracker": tracker,
        "domain": {}, "version": "3.6.0",
    }  # fmt: skip
    path = f"{order.path}?token={quote(secret(order), safe='')}"
    return replace(posted(order, call), path=path)


def dialogflow(order: Order) -> Sample:
    """A turn of Dialogflow CX, behind a password."""
    one = order.content
    agent = "projects/inlet-test/locations/global/agents/test"
    turn = {
        "detectIntentResponseId": one.uuid("turn"), "languageCode": "en", "text": LINE,
        "fulfillmentInfo": {"tag": "inlet"},
        "intentInfo": {"displayName": "sales", "confidence": 0.9},
        "pageInfo": {"displayName": "Start Page"},
        "sessionInfo": {
            "session": f"{agent}/sessions/{one.uuid('session')}", "parameters": _PERSON,
        },
    }  # fmt: skip
    return posted(order, turn, basic(order))


def dialogflow_es(order: Order) -> Sample:
    """A turn of Dialogflow ES, behind a password."""
    one = order.content
    result = {
        "queryText": LINE, "parameters": _PERSON, "allRequiredParamsPresent": True,
        "intent": {"displayName": "sales"}, "intentDetectionConfidence": 0.9,
        "languageCode": "en",
    }  # fmt: skip
    turn: dict[str, Any] = {
        "responseId": one.uuid("turn"), "queryResult": result,
        "originalDetectIntentRequest": {"payload": {}},
        "session": f"projects/inlet-test/agent/sessions/{one.uuid('session')}",
    }  # fmt: skip
    return posted(order, turn, basic(order))


def botpress(order: Order) -> Sample:
    """What an Execute Code card posts, with the secret in a header."""
    one = order.content
    event = {
        "conversationId": one.hexadecimal("conversation"), "messageId": one.hexadecimal("message"),
        "direction": "incoming", "integration": "webchat", "text": LINE, "user": _PERSON,
        "createdOn": one.iso,
    }  # fmt: skip
    return posted(order, event, {"x-bp-secret": secret(order)})

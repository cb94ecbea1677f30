"""Mails as providers post them in JSON; each builder is named like its adapter."""

import base64
from dataclasses import replace
from typing import Any

from app.inbound.samples.content import ADDRESS, MAILBOX, NAME, RECIPIENT, SUBJECT, Content
from app.inbound.samples.requests import as_json, base64_mac, basic, given, hex_mac, posted, secret
from app.inbound.samples.values import PARSED, VERIFIED, Limit, Order, Sample
from app.inbound.signatures import decode_base64

_NOT_AMAZON = Limit(
    step=VERIFIED,
    why="only Amazon can sign for SNS, so this request is unsigned and shows that it is refused; "
    "to see a mail go through, send one to an address of your SES receipt rule",
)
_NOT_POSTAL = Limit(
    step=VERIFIED,
    why="only Postal has the private key to the public one that is set, so this request is "
    "unsigned and shows that it is refused; to see a mail go through, send one to an address of "
    "your Postal route",
)
_NOT_AT_RESEND = Limit(
    step=PARSED,
    why="an event of Resend holds no text: the service asks Resend for it, which has no mail of "
    "this invented id; what came before is in order, and to see the rest, send a mail to your "
    "address at Resend",
)


def email(order: Order) -> Sample:
    """A whole mail, as a mail server's pipe posts it."""
    return given(order, order.content.mail.encode(), "message/rfc822")


def postmark(order: Order) -> Sample:
    """One mail in fields, behind a password."""
    one = order.content
    to, nobody = {"Email": RECIPIENT, "Name": "", "MailboxHash": ""}, list[str]()
    mail = {
        "FromName": NAME, "MessageStream": "inbound", "From": ADDRESS,
        "FromFull": {"Email": ADDRESS, "Name": NAME, "MailboxHash": ""},
        "To": RECIPIENT, "ToFull": [to], "Cc": "", "CcFull": nobody, "Bcc": "", "BccFull": nobody,
        "OriginalRecipient": RECIPIENT, "Subject": SUBJECT, "MessageID": one.uuid("postmark"),
        "ReplyTo": "", "MailboxHash": "", "Date": one.date, "TextBody": one.text,
        "HtmlBody": one.html, "StrippedTextReply": "", "Tag": "",
        "Headers": [{"Name": name, "Value": value} for name, value in _apart(one).items()],
        "Attachments": nobody,
    }  # fmt: skip
    return posted(order, mail, basic(order))


def ses(order: Order) -> Sample:
    """A mail in a notification of SNS, which nobody but Amazon can sign."""
    topic = next(iter(order.keys.topics), "")
    region = topic.split(":")[3] if topic.count(":") > 3 else "us-east-1"
    certificate = f"/SimpleNotificationService-{'0' * 32}.pem"
    envelope = {
        "Type": "Notification", "MessageId": order.content.uuid("sns"), "TopicArn": topic,
        "Subject": "Amazon SES Email Receipt Notification",
        "Message": as_json(_notice(order.content, topic)).decode(),
        "Timestamp": order.content.iso,
        "SigningCertURL": f"https://sns.{region}.amazonaws.com{certificate}",
    }  # fmt: skip
    headers = {"x-amz-sns-message-type": "Notification", "x-amz-sns-topic-arn": topic}
    plain = "text/plain; charset=UTF-8"
    return replace(given(order, as_json(envelope), plain, headers), limit=_NOT_AMAZON)


def resend(order: Order) -> Sample:
    """An event that tells of a mail, signed as Standard Webhooks with Svix' headers."""
    one, nobody = order.content, list[str]()
    event = {
        "type": "email.received", "created_at": one.iso,
        "data": {
            "email_id": one.uuid("resend"), "created_at": one.iso, "from": MAILBOX,
            "to": [RECIPIENT], "cc": nobody, "bcc": nobody, "message_id": one.message_id,
            "subject": SUBJECT, "attachments": nobody,
        },
    }  # fmt: skip
    webhook_id = f"msg_{one.hexadecimal('svix')}"
    encoded = secret(order).removeprefix("whsec_").rstrip("=")
    key = decode_base64(encoded + "=" * (-len(encoded) % 4)) or b""
    signed = f"{webhook_id}.{one.seconds}.".encode() + as_json(event)
    headers = {
        "svix-id": webhook_id,
        "svix-timestamp": str(one.seconds),
        "svix-signature": f"v1,{base64_mac(key, signed)}",
    }
    return replace(posted(order, event, headers), limit=_NOT_AT_RESEND)


def mailersend(order: Order) -> Sample:
    """A whole mail with its fields, signed over the body."""
    one, sender = order.content, {"name": NAME, "email": ADDRESS}
    data = {
        "object": "message", "id": one.hexadecimal("mailersend", 24),
        "recipients": {
            "rcptTo": [{"email": RECIPIENT}],
            "to": {"raw": RECIPIENT, "data": [{"name": "", "email": RECIPIENT}]},
        },
        "from": {"raw": MAILBOX, "data": [sender], **sender}, "sender": {"email": ADDRESS},
        "subject": SUBJECT, "date": one.date, "headers": one.headers, "text": one.text,
        "html": one.html, "raw": one.mail, "attachments": list[str](), "created_at": one.iso,
    }  # fmt: skip
    event = {"type": "inbound.message", "created_at": one.iso, "data": data}
    headers = {"signature": hex_mac(order, as_json(event)), **basic(order)}
    return posted(order, event, headers)


def brevo(order: Order) -> Sample:
    """A list of one mail, behind a password."""
    one = order.content
    mail = {
        "Uuid": [one.uuid("brevo")], "MessageId": one.message_id,
        "InReplyTo": one.headers["In-Reply-To"], "From": {"Name": NAME, "Address": ADDRESS},
        "To": [{"Name": None, "Address": RECIPIENT}], "Recipients": [RECIPIENT],
        "Cc": list[str](), "ReplyTo": None, "SentAtDate": one.date, "Subject": SUBJECT,
        "Attachments": list[str](), "Headers": one.headers, "SpamScore": 0.1,
        "ExtractedMarkdownMessage": "", "ExtractedMarkdownSignature": "",
        "RawHtmlBody": one.html, "RawTextBody": one.text,
    }  # fmt: skip
    return posted(order, {"items": [mail]}, basic(order))


def mailjet(order: Order) -> Sample:
    """One mail in fields, behind a password."""
    one = order.content
    part = {"Headers": {"Content-Type": "text/plain; charset=utf-8"}, "ContentRef": "Text-part"}
    mail = {
        "Sender": ADDRESS, "Recipient": RECIPIENT, "Date": f"{one.now:%Y%m%dT%H%M%S}",
        "From": MAILBOX, "Subject": SUBJECT, "Headers": one.headers, "Parts": [part],
        "Text-part": one.text, "SpamAssassinScore": "0.1",
    }  # fmt: skip
    return posted(order, mail, basic(order))


def sparkpost(order: Order) -> Sample:
    """A list of one mail, behind a token, a password or both."""
    one = order.content
    relayed = {
        "content": {
            "email_rfc822": one.mail, "email_rfc822_is_base64": False,
            "headers": [{name: value} for name, value in one.headers.items()],
            "html": one.html, "text": one.text, "subject": SUBJECT, "to": [RECIPIENT],
        },
        "customer_id": str(one.number("customer")), "friendly_from": ADDRESS,
        "msg_from": ADDRESS, "rcpt_to": RECIPIENT, "webhook_id": str(one.number("webhook")),
    }  # fmt: skip
    token = {} if order.keys.secret is None else {"x-messagesystems-webhook-token": secret(order)}
    return posted(order, [{"msys": {"relay_message": relayed}}], {**basic(order), **token})


def postal(order: Order) -> Sample:
    """A whole mail in base64, which nobody but the Postal server can sign."""
    one = order.content
    whole = one.mail.encode()
    mail = {
        "id": one.number("postal"), "rcpt_to": RECIPIENT, "mail_from": ADDRESS,
        "message": base64.b64encode(whole).decode(), "base64": True, "size": len(whole),
    }  # fmt: skip
    return replace(posted(order, mail), limit=_NOT_POSTAL)


def _apart(one: Content) -> dict[str, str]:
    """Give the headers that Postmark does not tell in fields of their own."""
    told = ("From", "To", "Subject", "Date")
    left = {name: value for name, value in one.headers.items() if name not in told}
    return {"Return-Path": f"<{ADDRESS}>", **left}


def _notice(one: Content, topic: str) -> dict[str, Any]:
    """Write what SES tells of a mail."""
    mail_id, passed = one.hexadecimal("ses", 40), {"status": "PASS"}
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": one.iso, "source": ADDRESS, "messageId": mail_id,
            "destination": [RECIPIENT], "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in one.headers.items()],
            "commonHeaders": {
                "from": [MAILBOX], "to": [RECIPIENT], "subject": SUBJECT, "date": one.date,
                "messageId": one.message_id, "returnPath": ADDRESS,
            },
        },
        "receipt": {
            "timestamp": one.iso, "processingTimeMillis": 400, "recipients": [RECIPIENT],
            "spamVerdict": passed, "virusVerdict": passed, "spfVerdict": passed,
            "dkimVerdict": passed, "dmarcVerdict": passed,
            "action": {"type": "SNS", "topicArn": topic, "encoding": "BASE64"},
        },
        "content": base64.b64encode(one.mail.encode()).decode(),
    }  # fmt: skip

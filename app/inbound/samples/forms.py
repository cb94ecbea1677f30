"""Mails and messages as vendors post them in forms; each builder is named like its adapter."""

import json
from dataclasses import replace

from app.inbound.samples.content import (
    ADDRESS,
    DISCLAIMER,
    LINE,
    MAILBOX,
    NAME,
    RECIPIENT,
    SIGNATURE,
    SUBJECT,
)
from app.inbound.samples.requests import (
    FORM,
    as_json,
    base64_mac,
    basic,
    form,
    given,
    hex_mac,
    multipart,
    secret,
)
from app.inbound.samples.values import VERIFIED, Limit, Order, Sample

_NOT_SENDGRID = Limit(
    step=VERIFIED,
    why="a public key is set (INLET_SENDGRID_SECRET), and only SendGrid has the private one to "
    "it, so this request is unsigned and shows that it is refused; to see a mail go through, send "
    "one to an address of your Inbound Parse host, or set INLET_SENDGRID_AUTH alone",
)


def sendgrid(order: Order) -> Sample:
    """One mail in fields, behind a password; what SendGrid signs nobody else can."""
    one = order.content
    names = ("to", "html", "subject", "from", "text")
    fields = {
        "headers": "".join(f"{name}: {value}\n" for name, value in one.headers.items()),
        "dkim": "{@lantern-freight.example : pass}", "to": RECIPIENT, "html": one.html,
        "from": MAILBOX, "text": one.text, "sender_ip": "192.0.2.25",
        "envelope": json.dumps({"to": [RECIPIENT], "from": ADDRESS}), "attachments": "0",
        "subject": SUBJECT, "charsets": json.dumps(dict.fromkeys(names, "UTF-8")), "SPF": "pass",
    }  # fmt: skip
    boundary = one.hexadecimal("boundary")
    limit = None if order.keys.secret is None else _NOT_SENDGRID
    body, kind = multipart(fields, boundary), f"multipart/form-data; boundary={boundary}"
    return replace(given(order, body, kind, basic(order)), limit=limit)


def mailgun(order: Order) -> Sample:
    """One mail in fields; what is signed are a time and a token, and no body."""
    one = order.content
    timestamp, token = str(one.seconds), one.hexadecimal("mailgun", 50)
    signature = hex_mac(order, (timestamp + token).encode())
    fields = {
        "recipient": RECIPIENT, "sender": ADDRESS, "subject": SUBJECT, "from": MAILBOX,
        "Message-Id": one.message_id, "From": MAILBOX, "To": RECIPIENT, "Subject": SUBJECT,
        "Date": one.date, "message-headers": json.dumps(list(one.headers.items())),
        "body-plain": one.text, "body-html": one.html, "stripped-text": "",
        "stripped-signature": f"{SIGNATURE}\n\n{DISCLAIMER}",
        "timestamp": timestamp, "token": token, "signature": signature,
    }  # fmt: skip
    return replace(given(order, form(fields), FORM), proof=signature)


def mandrill(order: Order) -> Sample:
    """A list of one mail in a field of the form, signed over the address and the form."""
    one = order.content
    mail = {
        "raw_msg": one.mail, "headers": one.headers, "text": one.text, "html": one.html,
        "from_email": ADDRESS, "from_name": NAME, "to": [[RECIPIENT, None]], "email": RECIPIENT,
        "subject": SUBJECT, "tags": list[str](), "sender": None, "template": None,
    }  # fmt: skip
    fields = {
        "mandrill_events": as_json([{"event": "inbound", "ts": one.seconds, "msg": mail}]).decode()
    }
    return given(order, form(fields), FORM, {"x-mandrill-signature": _signature(order, fields)})


def twilio(order: Order) -> Sample:
    """An SMS, signed over the address and the form."""
    one = order.content
    message_sid = f"SM{one.hexadecimal('sms')}"
    fields = {
        "ToCountry": "GB", "SmsMessageSid": message_sid, "NumMedia": "0", "SmsSid": message_sid,
        "SmsStatus": "received", "Body": LINE, "FromCountry": "GB", "To": "+441632960961",
        "NumSegments": "1", "MessageSid": message_sid,
        "AccountSid": f"AC{one.hexadecimal('account')}", "From": one.phone,
        "ApiVersion": "2010-04-01",
    }  # fmt: skip
    return given(order, form(fields), FORM, {"x-twilio-signature": _signature(order, fields)})


def _signature(order: Order, fields: dict[str, str]) -> str:
    """Sign the address, then each name and value in the order of the names, as both vendors do."""
    pairs = "".join(name + fields[name] for name in sorted(fields))
    signed = (order.public_url + order.path + pairs).encode()
    return base64_mac(secret(order).encode(), signed, "sha1")

"""The hostile forms and posts of RELIABILITY.md, section 3.3, made here, for a running service.

Each gives requests with the status that each must be answered, and what must come of the last one.
"""

import base64
import gzip
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.support_proofs import (
    CERTIFICATE_URL,
    FORM,
    JSON,
    SNS,
    TOPIC,
    Sent,
    basic,
    multipart,
)

MIB = 1024 * 1024
SAYS = "Could you send us a quote for 40 seats?"
HEADERS = "From: Ann <ann@buyer.example>\r\nTo: sales@inlet.example\r\nSubject: Seats\r\n"
READ, FAILED, IGNORED, EITHER = "read", "failed", "ignored", "read or failed"
KEPT, UNPROVED, FOREIGN = 200, 401, 403
TOO_LARGE = 413
PASSWORD = basic()


@dataclass(frozen=True)
class Hostile:
    """One line of the list."""

    name: str
    sends: tuple  # (Sent, the status it must be answered)
    outcome: str = ""  # of the last one's arrival; empty where nothing may be kept of it
    check: Callable = lambda message: ""  # says what is wrong with its message


def raw_mail(body=SAYS, *headers):
    return (HEADERS + "".join(f"{line}\r\n" for line in headers) + f"\r\n{body}").encode()


def sendgrid(*fields, **form):
    body, kind = multipart(*fields, **form)
    sent = Sent("sendgrid", body, kind)
    return sent.with_headers(authorization=basic())


def mailgun(*fields, **form):
    """A route's form with room for a proof."""
    empty = [(name, "") for name in ("timestamp", "token", "signature")]
    return Sent("mailgun", *multipart(*empty, *fields, **form))


def mail_fields(text=SAYS, **more):
    """SendGrid's parsed mode."""
    fields = {"headers": HEADERS, "from": "Ann <ann@buyer.example>", "to": "sales@inlet.example",
              "subject": "Seats", "text": text, **more}  # fmt: skip
    return list(fields.items())


def postmark(auth=PASSWORD, **changes):
    mail = {"From": "ann@buyer.example", "FromFull": {"Email": "ann@buyer.example", "Name": "Ann"},
            "To": "sales@inlet.example", "Subject": "Seats", "TextBody": SAYS, "Headers": [],
            "Attachments": [], **changes}  # fmt: skip
    sent = Sent("postmark", json.dumps(mail).encode())
    return sent if auth is None else sent.with_headers(authorization=auth)


def says(message):
    return "" if SAYS in message["text"] else "the text is not there"


def attachments(message):
    return [one["name"] for one in message["facts"]["attachments"]]


def _bulk(proofs):
    """Each form proved to SendGrid, and unproved to Mailgun, whose proof stands inside."""
    endless = b"X-A: b\r\n" * 150_000
    forms = {
        "P-1 100,000 parts": multipart(*[("a", "b")] * 100_000),
        "P-1 part headers without end": (b"--frontier\r\n" + endless, multipart()[1]),
        "P-1 header of 10 MB in a part": multipart(("name=text; x=" + "a" * 10_000_000, SAYS)),
        "P-2 preamble of 10 MB": multipart(*mail_fields(), preamble=b"a" * 10_000_000 + b"\r\n"),
        "P-2 500,000 CR LF first": multipart(*mail_fields(), preamble=b"\r\n" * 500_000),
        "P-2 epilogue of 10 MB": multipart(*mail_fields(), epilogue=b"\r\na\r\n" * 2_000_000),
    }  # fmt: skip
    for name, (body, kind) in forms.items():
        sent = Sent("sendgrid", body, kind).with_headers(authorization=basic())
        outcome = EITHER if name.startswith("P-2") else FAILED
        yield Hostile(f"{name}, signed", ((proofs.signed(sent), KEPT),), outcome)
        yield Hostile(f"{name}, unproved", ((Sent("mailgun", body, kind), UNPROVED),))


def _large(proofs):
    huge = Sent("sendgrid", b"a" * (65 * MIB), "multipart/form-data; boundary=b")
    yield Hostile("P-3 65 MiB, announced", ((huge, TOO_LARGE),))
    yield Hostile("P-3 65 MiB, in chunks", ((replace(huge, chunked=True), TOO_LARGE),))
    text = (SAYS + "\n") * (30 * MIB // len(SAYS))
    field = proofs.signed(sendgrid(*mail_fields(text)))
    yield Hostile("P-3 30 MiB in a text field", ((field, KEPT),), READ, says)
    route = mailgun(("body-plain", "a" * (60 * MIB)))
    yield Hostile("P-3 60 MiB in a text field, unproved", ((route, UNPROVED),))
    for source, body, kind in (
        ("mandrill", b"%41" * (20 * MIB), FORM),
        ("mandrill", b"a=" + b"%" * (60 * MIB), FORM),
        ("mailgun", b"[" * (60 * MIB), JSON),
        ("mailgun", b'"' + b"\\u0000" * (10 * MIB) + b'"', JSON),
    ):
        title = f"P-4 60 MiB of {body[3:9].decode()}…, unproved, {source}"
        yield Hostile(title, ((Sent(source, body, kind), UNPROVED),))
    bomb = Sent("mailgun", gzip.compress(b'"' + b"\\u0000" * (10 * MIB)), JSON)
    bomb = bomb.with_headers(content_encoding="gzip")
    yield Hostile(f"P-4 the same as {len(bomb.body):,} bytes of gzip", ((bomb, UNPROVED),))
    million = Sent("mandrill", b"a=b&" * 1_000_000, FORM)
    yield Hostile("P-4 1 M fields, unproved", ((million, UNPROVED),))
    postal = proofs.signed(Sent("postal", b"a=b&" * 1_000_000, FORM))
    yield Hostile("P-4 1 M fields, signed", ((postal, KEPT),), FAILED)
    semicolons = proofs.signed(Sent("postal", b"from=a;" * 1_000_000, FORM))
    yield Hostile("P-4 1 M semicolons, signed", ((semicolons, KEPT),), READ)
    twilio = b"MessageSid=SM1&From=+15550100&To=+15550101&Body=price?;Body=none"
    yield Hostile("P-4 ; is data", ((proofs.signed(Sent("twilio", twilio, FORM)), KEPT),), READ,
                  lambda m: "" if m["text"] == "price?;Body=none" else "cut at ;")  # fmt: skip
    mime = sendgrid(("email", raw_mail(SAYS + "\n" + "word " * MIB)), ("from", "a@b.example"))
    yield Hostile("P-20 5 MB raw mail in a field", ((proofs.signed(mime), KEPT),), READ, says)


def _files(proofs):
    both = 'name="attachment1"; filename="a.txt"; filename*=utf-8\'\'..%2F..%2Fetc%2Fpasswd'
    disagree = proofs.signed(sendgrid(*mail_fields(), (both, "x", "text/plain")))
    yield Hostile("P-6 filename* and filename disagree", ((disagree, KEPT),), READ, _no_paths)
    names = ("", "path\\", ".", "..", "path/..", "../../etc/passwd", "C:\\a\\b.txt")
    parts = [(f'name="attachment{n}"; filename="{name}"', "x", "text/plain")
             for n, name in enumerate(names, start=1)]  # fmt: skip
    odd = proofs.signed(sendgrid(*mail_fields(), *parts))
    yield Hostile("P-7 odd filenames, SendGrid", ((odd, KEPT),), READ, _no_paths)
    odd = proofs.signed(mailgun(("body-plain", SAYS), ("subject", "Seats"), *parts))
    yield Hostile("P-7 odd filenames, Mailgun", ((odd, KEPT),), READ, _no_paths)
    for charset in ("nope", "utf-7", "idna", "../../etc", "utf-16", "us-ascii"):
        told = mail_fields(charsets=json.dumps({"text": charset, "subject": charset}))
        fields = [(name, value.encode() + b" caf\xe9") if name == "text" else (name, value)
                  for name, value in told]  # fmt: skip
        sent = proofs.signed(sendgrid(*fields))
        check = _is_kept if charset == "utf-16" else says
        yield Hostile(f"P-8 charset {charset} for a field", ((sent, KEPT),), READ, check)
    data = base64.b64encode(b"test content").decode()
    test = [{"Name": "test.txt", "Data": data, "ContentType": "text/plain", "ContentLength": 12}]
    check = postmark(Attachments=test, MessageID="00000000-0000-0000-0000-000000000000")
    yield Hostile("P-9 Postmark's Check", ((check, KEPT),), READ, says)
    names = ("Outlook-Icon\n\nDesc.png", "=?utf-8?Q?Outlook-Icon=0A=0ADesc.png?=")
    files = [{"Name": n, "Content": data, "ContentType": "image/png"} for n in names]
    yield Hostile("P-10 newline in a filename", ((postmark(Attachments=files), KEPT),), READ,
                  _on_one_line)  # fmt: skip


def _names(_proofs):
    inner = {"Name": "a.eml", "ContentType": "message/rfc822",
             "Content": base64.b64encode(raw_mail("I would like a demo.")).decode()}  # fmt: skip
    for name in ("\U0001f600" * 70, "Ann\r\nBcc: x@y.example", '"' * 500, "=?utf-8?b?" * 200):
        full = {"Email": "ann@buyer.example", "Name": name}
        header = f"{name} <ann@buyer.example>"
        sent = postmark(FromFull=full, From=header, Attachments=[inner], MessageID=f"P-11 {name}")
        yield Hostile(
            f"P-11 display name {name[:1]!a} × {len(name)}", ((sent, KEPT),), READ, _is_ann
        )


def _events(proofs):
    events = json.dumps([{"event": "open", "email": "a@b.example"}]).encode()
    signed = proofs.signed(Sent("sendgrid", events).with_headers(authorization=basic()))
    yield Hostile("P-12 SendGrid's events", ((signed, KEPT),), IGNORED)
    bounce = Sent("postmark", b'{"RecordType": "Bounce", "Email": "a@b.example"}')
    yield Hostile("P-12 Postmark's bounce",
                  ((bounce.with_headers(authorization=basic()), KEPT),), IGNORED)  # fmt: skip


def _proofs_of_mailgun(proofs):
    route = mailgun(("body-plain", SAYS), ("subject", "Seats"))
    good = proofs.signed(route)
    token = good.body.partition(b'name="token"\r\n\r\n')[2][:50]
    other = replace(good, body=good.body.replace(SAYS.encode(), b"Something else"))
    assert token in other.body
    cases = {"missing": Sent("mailgun", *multipart(("body-plain", SAYS))), "empty": route,
             "wrong": proofs.signed(route, wrong=True),
             "nine hours old": proofs.signed(route, at=time.time() - 9 * 3_600)}  # fmt: skip
    for name, sent in cases.items():
        yield Hostile(f"P-13 Mailgun's signature {name}", ((sent, UNPROVED),))
    yield Hostile("P-13 Mailgun's token replayed", ((good, KEPT), (other, UNPROVED)))


def _proofs_of_sendgrid(proofs):
    plain = sendgrid(*mail_fields())
    good = dict(proofs.signed(plain).headers)
    names = [name for name in good if name.startswith("x-twilio")]
    for name in names:
        for what, value in (("empty", ""), ("missing", None), ("invalid", "x")):
            told = {**good, name: value}
            pairs = tuple((n, v) for n, v in told.items() if v is not None)
            sent = replace(plain, headers=pairs)
            title = f"P-14 SendGrid's {name.rpartition('-')[2]} {what}"
            yield Hostile(title, ((sent, UNPROVED),))


def _subscriptions(proofs):
    confirm = f"{SNS}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t0"
    good = {"Type": "SubscriptionConfirmation", "MessageId": "1", "Token": "t0", "TopicArn": TOPIC,
            "Message": "You have chosen to subscribe", "SubscribeURL": confirm}  # fmt: skip
    elsewhere = CERTIFICATE_URL.replace("us-east-1.amazonaws.com", "evil.amazonaws.com.x")
    changes = {
        "P-15 subscribe at evil": {"SubscribeURL": confirm.replace(".com/", ".com.evil.example/")},
        "P-15 subscribe over http": {"SubscribeURL": confirm.replace("https", "http")},
        "P-15 subscribe at another action": {"SubscribeURL": confirm.replace("Confirm", "Un")},
        "P-15 certificate at evil": {"SigningCertURL": elsewhere},
        "P-15 certificate at s3": {"SigningCertURL": "https://s3.amazonaws.com/attacker/a.pem"},
        "P-15 certificate over http": {"SigningCertURL": CERTIFICATE_URL.replace("https", "http")},
        "P-15 certificate elsewhere": {"SigningCertURL": CERTIFICATE_URL.replace("us-", "eu-")},
        "P-16 topic not listed": {"TopicArn": TOPIC + "2"},
    }  # fmt: skip
    for name, change in changes.items():
        sent = proofs.signed(Sent("ses", json.dumps(good | change).encode(), "text/plain"))
        sent = sent.with_headers(x_amz_sns_message_type=good["Type"])
        yield Hostile(name, ((sent, FOREIGN),))


def _passwords(_proofs):
    wrong = {"wrong": basic("username:passwore"), "shorter": basic("username:pass"),
             "longer": basic("username:password1"), "without colon": basic("username"),
             "empty": "Basic", "not base64": "Basic !!!", "missing": None}  # fmt: skip
    for name, auth in wrong.items():
        yield Hostile(f"P-17 password {name}", ((postmark(auth), UNPROVED),))


def slack(number, **changes):
    event = {"type": "message", "channel": "D1", "channel_type": "im", "user": "U1",
             "text": SAYS, "ts": f"1795608000.00{number}", **changes}  # fmt: skip
    owners = [{"team_id": "T1", "user_id": "UBOT", "is_bot": True}]
    told = {"type": "event_callback", "event_id": f"Ev{number}", "authorizations": owners}
    return Sent("slack", json.dumps({**told, "event": event}).encode())


def _slack(proofs):
    hello = Sent("slack", b'{"type": "url_verification", "challenge": "c"}')
    yield Hostile("P-18 url_verification unsigned", ((hello, UNPROVED),))
    yield Hostile("P-18 url_verification signed", ((proofs.signed(hello), KEPT),))
    first = proofs.signed(slack(1))
    again = proofs.signed(slack(1)).with_headers(x_slack_retry_num="1")
    yield Hostile("P-18 told again", ((first, KEPT), (again, KEPT)), READ, says)
    old = proofs.signed(slack(2), at=time.time() - 360)
    yield Hostile("P-18 six minutes old", ((old, UNPROVED),))
    changed = replace(first, body=json.dumps(json.loads(first.body), indent=1).encode())
    yield Hostile("P-18 body written anew", ((changed, UNPROVED),))
    own = {"own user": {"user": "UBOT"}, "bot_id": {"bot_id": "B1"},
           "message_changed": {"subtype": "message_changed", "hidden": True}}  # fmt: skip
    for number, (name, change) in enumerate(own.items(), start=3):
        yield Hostile(f"P-19 {name}", ((proofs.signed(slack(number, **change)), KEPT),), IGNORED)


def _no_paths(message):
    bad = [n for n in attachments(message) if "/" in n or "\\" in n or n in (".", "..")]
    return "a path as name" if bad else says(message)


def _on_one_line(message):
    return "a newline" if any("\n" in name for name in attachments(message)) else says(message)


def _is_kept(message):
    return "" if message["subject"] else "no subject"


def _is_ann(message):
    is_ann = message["sender"]["email"] == "ann@buyer.example"
    is_one_line = "\n" not in (message["sender"]["name"] or "")
    return says(message) if is_ann and is_one_line else "another sender"


_GROUPS = (_bulk, _large, _files, _names, _events, _proofs_of_mailgun, _proofs_of_sendgrid,
           _subscriptions, _passwords, _slack)  # fmt: skip


def hostile_forms(proofs):
    """Make all of them; some are of many megabytes."""
    for group in _GROUPS:
        yield from group(proofs)

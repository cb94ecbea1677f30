"""How each provider proves its requests, written anew from its documentation; keys of our own."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

AUTH = "username:password"
TOPIC = "arn:aws:sns:us-east-1:111111111111:SES_Inbound"
SNS = "https://sns.us-east-1.amazonaws.com"
CERTIFICATE_URL = f"{SNS}/SimpleNotificationService-0123456789abcdef.pem"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_NOTIFIED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@dataclass(frozen=True)
class Sent:
    """One request to /v1/inbound/{source}."""

    source: str
    body: bytes
    content_type: str = JSON
    headers: tuple = ()  # pairs
    chunked: bool = False  # without Content-Length

    @property
    def sha256(self):
        """Of the body, by which its arrival is found."""
        return hashlib.sha256(self.body).hexdigest()

    def with_headers(self, **headers):
        pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return replace(self, headers=self.headers + pairs)


def basic(auth=AUTH):
    return "Basic " + base64.b64encode(auth.encode()).decode()


def multipart(*fields, boundary="frontier", preamble=b"", epilogue=b"\r\n"):
    """A form: (name, value) or (whole disposition behind `form-data; `, value, content type)."""
    parts = []
    for name, value, *kind in fields:
        disposition = name if "=" in name else f'name="{name}"'
        head = f"Content-Disposition: form-data; {disposition}\r\n"
        head += "".join(f"Content-Type: {one}\r\n" for one in kind)
        value = value if isinstance(value, bytes) else value.encode()
        parts += [f"--{boundary}\r\n{head}\r\n".encode(), value, b"\r\n"]
    body = b"".join([preamble, *parts, f"--{boundary}--".encode(), epilogue])
    return body, f"multipart/form-data; boundary={boundary}"


class Proofs:
    """Keys for every source, the settings that go with them, and what signs with them."""

    def __init__(self):
        self.key = secrets.token_hex(16)
        self.svix = base64.b64encode(secrets.token_bytes(24)).decode()
        self.ecdsa = ec.generate_private_key(ec.SECP256R1())
        self.rsa = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.base_url = ""  # of the running service; Twilio and Mandrill sign it

    def settings(self):
        """INLET_* settings without the prefix."""
        with_password = ("postmark", "brevo", "mailjet", "sendgrid", "sparkpost", "mailersend")
        with_key = ("mailgun", "mailersend", "mandrill", "slack", "twilio")
        return {
            **{f"{name}_auth": AUTH for name in with_password},
            **{f"{name}_secret": self.key for name in with_key},
            "sendgrid_secret": self._pem(self.ecdsa),
            "postal_secret": self._pem(self.rsa),
            "resend_secret": f"whsec_{self.svix}",
            "resend_auth": "api:re_key",
            "ses_topics": TOPIC,
        }

    def certificate(self):
        """Amazon's, as far as our service can tell."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
        builder = builder.public_key(self.rsa.public_key()).serial_number(1)
        builder = builder.not_valid_before(now - timedelta(days=1))
        builder = builder.not_valid_after(now + timedelta(days=1))
        return builder.sign(self.rsa, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def signed(self, sent, *, wrong=False, at=None):
        """Sign a request as its provider does; `wrong`: with another key."""
        at = str(int(time.time() if at is None else at))
        signer = getattr(self, f"_{sent.source}", None)
        return sent if signer is None else signer(sent, at, "other" if wrong else self.key)

    def _mailgun(self, sent, at, key):
        token = secrets.token_hex(25)
        mac = hmac.digest(key.encode(), (at + token).encode(), "sha256").hex()
        proof = {"timestamp": at, "token": token, "signature": mac}
        if sent.content_type.startswith(JSON):
            body = json.dumps({**json.loads(sent.body), "signature": proof}).encode()
            return replace(sent, body=body)
        body = sent.body
        for name, value in proof.items():
            line = re.compile(rb'(name="' + name.encode() + rb'"\r\n\r\n)[^\r\n]*')
            body = line.sub(lambda found, value=value: found[1] + value.encode(), body, count=1)
        return replace(sent, body=body)

    def _mailersend(self, sent, _at, key):
        mac = hmac.digest(key.encode(), sent.body, "sha256").hex()
        return sent.with_headers(signature=mac)

    def _sendgrid(self, sent, at, key):
        private = self.ecdsa if key == self.key else ec.generate_private_key(ec.SECP256R1())
        made = private.sign(at.encode() + sent.body, ec.ECDSA(hashes.SHA256()))
        prefix = "x_twilio_email_event_webhook_"
        proof = {f"{prefix}signature": _text(made), f"{prefix}timestamp": at}
        return sent.with_headers(**proof)

    def _postal(self, sent, _at, _key):
        made = self.rsa.sign(sent.body, padding.PKCS1v15(), hashes.SHA1())
        return sent.with_headers(x_postal_signature=_text(made))

    def _resend(self, sent, at, key):
        name = "msg_" + secrets.token_hex(12)
        secret = base64.b64decode(self.svix) if key == self.key else key.encode()
        made = hmac.digest(secret, b".".join([name.encode(), at.encode(), sent.body]), "sha256")
        proof = {"svix_id": name, "svix_timestamp": at, "svix_signature": f"v1,{_text(made)}"}
        return sent.with_headers(**proof)

    def _slack(self, sent, at, key):
        mac = hmac.digest(key.encode(), f"v0:{at}:".encode() + sent.body, "sha256").hex()
        proof = {"x_slack_request_timestamp": at, "x_slack_signature": f"v0={mac}"}
        return sent.with_headers(**proof)

    def _twilio(self, sent, _at, key):
        """Sign the address and the form; the values here need no percent-decoding but `%3B`."""
        pairs = [pair.partition("=") for pair in sent.body.decode().split("&")]
        plain = sorted(
            (name, value.replace("%3B", ";").replace("+", " ")) for name, _, value in pairs
        )
        content = f"{self.base_url}/v1/inbound/twilio" + "".join(n + v for n, v in plain)
        made = hmac.digest(key.encode(), content.encode(), "sha1")
        return sent.with_headers(x_twilio_signature=_text(made))

    def _ses(self, sent, at, _key):
        """Sign an envelope of SNS; what it holds already stays."""
        stamp = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        ours = {"Timestamp": stamp, "SignatureVersion": "2", "SigningCertURL": CERTIFICATE_URL}
        envelope = ours | json.loads(sent.body)
        names = _NOTIFIED if envelope["Type"] == "Notification" else _CONFIRMED
        content = "".join(f"{n}\n{envelope[n]}\n" for n in names if n in envelope).encode()
        made = self.rsa.sign(content, padding.PKCS1v15(), hashes.SHA256())
        return replace(sent, body=json.dumps(envelope | {"Signature": _text(made)}).encode())

    @staticmethod
    def _pem(private):
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        return _text(private.public_key().public_bytes(encoding, form))


def _text(made):
    return base64.b64encode(made).decode()

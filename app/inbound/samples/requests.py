"""How requests are put together and proved; what `app.inbound.signatures` checks, made here."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

from app.inbound.samples.values import Order, Sample

JSON, FORM = "application/json", "application/x-www-form-urlencoded"

Digest = Literal["sha1", "sha256"]


def as_json(value: object) -> bytes:
    """Write JSON as most vendors do."""
    return json.dumps(value, separators=(",", ":")).encode()


def posted(order: Order, value: object, headers: Mapping[str, str] | None = None) -> Sample:
    """Give a request with a JSON body."""
    return given(order, as_json(value), JSON, headers)


def given(
    order: Order, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
) -> Sample:
    """Give a request with a body as it stands."""
    named = {"content-type": content_type, **(headers or {})}
    return Sample(path=order.path, headers=named, body=body)


def form(fields: Mapping[str, str]) -> bytes:
    """Write an urlencoded form."""
    return urlencode(fields).encode()


def multipart(fields: Mapping[str, str], boundary: str) -> bytes:
    """Write a multipart form of texts alone."""
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return f"{''.join(parts)}--{boundary}--\r\n".encode()


def basic(order: Order) -> dict[str, str]:
    """Give the header that shows user and password; none where none are set."""
    if order.keys.auth is None:
        return {}
    shown = base64.b64encode(order.keys.auth.encode()).decode()
    return {"authorization": f"Basic {shown}"}


def secret(order: Order) -> str:
    """Give the secret; empty where none is set, which no source takes."""
    return order.keys.secret or ""


def hex_mac(order: Order, content: bytes, digest: Digest = "sha256") -> str:
    """Sign with the secret as the key, in hexadecimal letters."""
    return hmac.digest(secret(order).encode(), content, digest).hex()


def base64_mac(key: bytes, content: bytes, digest: Digest = "sha256") -> str:
    """Sign with a key, in base64."""
    return base64.b64encode(hmac.digest(key, content, digest)).decode()

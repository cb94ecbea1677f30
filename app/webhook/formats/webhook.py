"""The plain webhook: the event's stored bytes, signed."""

from collections.abc import Mapping

from app.webhook.formats.steps import Request, Steps, Told
from app.webhook.signing import signed_headers


def webhook(told: Told) -> Steps:
    """Post the event as it is stored; the signature is of this very attempt."""
    headers = {"Content-Type": "application/json", **signature(told, told.body)}
    yield Request(method="POST", url=told.endpoint.url, headers=headers, body=told.body)
    return None


def signature(told: Told, body: bytes) -> Mapping[str, str]:
    """Sign with every secret of the endpoint, and with those whose time is not over yet."""
    endpoint = told.endpoint
    retired = [one.secret for one in endpoint.retired if one.until > told.now]
    return signed_headers(
        [*endpoint.secrets, *retired],
        webhook_id=told.delivery_id,
        sent_at=told.now,
        body=body,
    )

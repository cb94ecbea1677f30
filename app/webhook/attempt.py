"""One signed try at an endpoint: the same for a delivery, a replay and a test ping."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

from app.domain import Answer, Endpoint
from app.webhook.signing import signed_headers

Post: TypeAlias = Callable[[str, Mapping[str, str], bytes], Answer]
"""URL, headers, body -> answer; Sender.post, or a test's stand-in."""


def attempt(
    post: Post, endpoint: Endpoint, *, webhook_id: str, body: bytes, sent_at: datetime
) -> Answer:
    """Sign the body with every secret of the endpoint, post it, and give what came of it."""
    signed = signed_headers(endpoint.secrets, webhook_id=webhook_id, sent_at=sent_at, body=body)
    return post(endpoint.url, {"Content-Type": "application/json", **signed}, body)

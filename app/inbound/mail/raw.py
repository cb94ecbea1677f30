"""A whole mail, as gateways, Cloudflare's mail workers and pipes of mail servers post it."""

import hashlib

from app.domain import Channel
from app.inbound.values import Item, Keys, NotAuthentic, Post, Received, Source

_ENVELOPED = ("smtp:", "lmtp:")  # addresses of what `inlet smtp` took


def verify(_post: Post, _keys: Keys) -> None:
    """Refuse: only an API key proves who sends a raw mail, and the service asks for it itself."""
    raise NotAuthentic("raw mail is taken with an API key, at /v1/inbound/email")


def read(post: Post) -> tuple[Item, ...]:
    """Give the mail; its Message-ID is read from it, and without one its bytes tell it apart."""
    digest = hashlib.sha256(post.body).hexdigest()
    by_smtp = post.url.startswith(_ENVELOPED)  # others could write these headers themselves
    recipients = post.headers.get("x-envelope-to", "") if by_smtp else ""
    mail = Received(
        external_id=None,
        fallback_id=f"sha256:{digest}",
        channel=Channel.EMAIL,
        recipients=tuple(one.strip() for one in recipients.split(",") if one.strip()),
        raw=post.body,
    )
    return (mail,)


SOURCE = Source(name="email", title="Raw mail", verify=verify, read=read, needs=())

"""An attempt that is watched: each step as it may be shown, without secrets, and what came back."""

from collections.abc import Mapping
from typing import Any

from app.errors import EndpointRejected
from app.webhook.attempt import Begin, Send
from app.webhook.formats.steps import Mail, Outgoing, Reply
from app.webhook.mail_target import is_mail_url, parse_mail_target
from app.webhook.rendering import HIDDEN
from app.webhook.target import parse_target

_SECRET_HEADERS = frozenset({"authorization", "x-api-token"})


class Watched:
    """Begins attempts as another does, and keeps what went out and what came back."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self.steps: list[dict[str, Any]] = []  # JSON

    def begin(self) -> Send:
        """Begin an attempt."""
        send = self._begin()

        def watched(outgoing: Outgoing) -> Reply:
            reply = send(outgoing)
            self.steps.append(_sent(outgoing) | _received(reply))
            return reply

        return watched


def _sent(outgoing: Outgoing) -> dict[str, Any]:
    if isinstance(outgoing, Mail):
        return {
            "method": "SMTP",
            "host": host_of(outgoing.url),
            "headers": {"from": outgoing.sender, "to": ", ".join(outgoing.recipients)},
            "body": outgoing.message.decode("ascii", "replace"),
        }
    return {
        "method": outgoing.method,
        "host": host_of(outgoing.url),  # a webhook's path is often its only secret
        "headers": _shown(outgoing.headers),
        "body": outgoing.body.decode("utf-8", "replace"),
    }


def host_of(url: str) -> str | None:
    """Read a host as the sender does; None where nothing is sent to such a URL."""
    try:
        return parse_mail_target(url).host if is_mail_url(url) else parse_target(url).host
    except EndpointRejected:
        return None


def _received(reply: Reply) -> dict[str, Any]:
    answer = reply.answer
    return {
        "status_code": answer.status_code,
        "error_code": answer.error_code,
        "answer": answer.body_excerpt,
        "duration_ms": answer.duration_ms,
    }


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: HIDDEN if name.lower() in _SECRET_HEADERS else value
        for name, value in headers.items()
    }

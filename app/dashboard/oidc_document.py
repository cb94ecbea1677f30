"""What a provider of OpenID Connect says of itself, read strictly."""

from dataclasses import dataclass
from typing import Any

from app.dashboard.oidc_flow import UNREACHABLE, SignInFailed
from app.errors import EndpointRejected
from app.webhook.formats.steps import Reply
from app.webhook.target import parse_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """Where a provider is asked for what.

    Source:
        OpenID Connect Discovery 1.0, section 3, "OpenID Provider Metadata".
    """

    issuer: str  # as its tokens name it
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    secret_in_body: bool  # it takes no Basic authentication
    scopes: frozenset[str]


def document_in(reply: Reply) -> dict[str, Any]:
    """Read a JSON object; one exchange reads 64 KiB at most.

    Raises:
        SignInFailed: `oidc_unreachable`.
    """
    answer = reply.answer
    if answer.status_code != 200:
        why = answer.error_code or f"status_{answer.status_code}"
        raise SignInFailed(UNREACHABLE, why=why)
    document = reply.json
    if not isinstance(document, dict):
        raise SignInFailed(UNREACHABLE, why="not_json")
    return document


def read_document(document: dict[str, Any], *, issuer: str) -> Discovered:
    """Read a discovery document.

    Args:
        document: As it came.
        issuer: Whose it must be. A slash at the end makes no difference: it is the same document.

    Raises:
        SignInFailed: `oidc_unreachable`.

    Source:
        OpenID Connect Discovery 1.0, section 4.3: the issuer must be the one that was asked for.
    """
    named = _text(document, "issuer")
    if named.rstrip("/") != issuer.rstrip("/"):
        raise SignInFailed(UNREACHABLE, why="another_issuer")
    methods = _listed(document, "token_endpoint_auth_methods_supported")
    return Discovered(
        issuer=named,
        authorization_endpoint=_for_browsers(_text(document, "authorization_endpoint"), issuer),
        token_endpoint=_text(document, "token_endpoint"),
        jwks_uri=_text(document, "jwks_uri"),
        secret_in_body=bool(methods) and "client_secret_basic" not in methods,
        scopes=frozenset(_listed(document, "scopes_supported")),
    )


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise SignInFailed(UNREACHABLE, why=f"no_{name}")
    return value


def _listed(document: dict[str, Any], name: str) -> list[str]:
    value = document.get(name)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _for_browsers(url: str, issuer: str) -> str:
    """Check an address that browsers are sent to; those that we call are checked on the way."""
    try:
        scheme = parse_target(url).scheme
    except EndpointRejected:
        scheme = ""
    if scheme != "https" and not (scheme and issuer.startswith("http://")):
        raise SignInFailed(UNREACHABLE, why="bad_authorization_endpoint")
    return url

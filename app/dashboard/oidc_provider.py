"""A provider of OpenID Connect, as we talk to it: by the guarded way out, within one deadline."""

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

from app.dashboard.oidc_document import Discovered, document_in, read_document
from app.dashboard.oidc_flow import FAILED, UNREACHABLE, Flow, SignInFailed
from app.dashboard.oidc_tokens import Expected, Key, keys_in, pick, verified
from app.webhook.attempt import Begin, Send
from app.webhook.formats.steps import Reply, Request

FRESH_S = 3_600.0  # for which a provider's document and keys are remembered
_DISCOVERY = "/.well-known/openid-configuration"
_REFUSALS = frozenset(  # RFC 6749, section 5.2: what may be logged of an answer
    {"invalid_client", "invalid_grant", "invalid_request", "unauthorized_client"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What the operator agreed with the provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    claim: str  # is asked for as a scope where the provider has one of that name


class Provider:
    """Asks a provider who somebody is. Its calls block; threads may share it."""

    def __init__(
        self,
        client: Client,
        *,
        begin: Begin,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Set whom to ask, and how.

        Args:
            client: What was agreed.
            begin: The guarded way out; each call of it has one deadline for all of its requests.
            now: The wall clock, aware, for what a token says of its times.
            monotonic: For how long documents are remembered.
        """
        self._client = client
        self._begin = begin
        self._now = now
        self._monotonic = monotonic
        self._document: tuple[Discovered, float] | None = None  # and when it was fetched
        self._keys: tuple[tuple[Key, ...], float] | None = None

    def address(self, flow: Flow) -> str:
        """Give where a browser is sent to sign in.

        Raises:
            SignInFailed: `oidc_unreachable`.
        """
        found = self._discovered(self._begin())
        scopes = ["openid", "email", "profile", *({self._client.claim} & found.scopes)]
        asked = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": self._client.redirect_uri,
            "scope": " ".join(scopes),
            "state": flow.state,
            "nonce": flow.nonce,
            "code_challenge": flow.challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in found.authorization_endpoint else "?"
        return f"{found.authorization_endpoint}{joint}{urlencode(asked)}"

    def claims(self, code: str, flow: Flow) -> Mapping[str, Any]:
        """Exchange a code for the claims about a person.

        Raises:
            SignInFailed: `oidc_failed`, `oidc_unreachable`, `oidc_token`.
        """
        send = self._begin()
        found = self._discovered(send)
        token = self._exchanged(send, found, code, flow)
        expected = Expected(
            issuer=found.issuer,
            client_id=self._client.client_id,
            nonce=flow.nonce,
            now=self._now(),
        )
        return verified(token, expected, lambda key_id: self._key(send, found, key_id))

    def _discovered(self, send: Send) -> Discovered:
        known = self._document
        if known is not None and self._is_fresh(known[1]):
            return known[0]
        url = self._client.issuer.rstrip("/") + _DISCOVERY
        reply = send(Request(method="GET", url=url, headers={}))
        found = read_document(document_in(reply), issuer=self._client.issuer)
        self._document = (found, self._monotonic())
        return found

    def _exchanged(self, send: Send, found: Discovered, code: str, flow: Flow) -> str:
        """Give the ID token that a code stands for.

        Source:
            RFC 6749, section 2.3.1 (how a client proves itself) and section 4.1.3.
        """
        name, secret = self._client.client_id, self._client.client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_uri,
            "code_verifier": flow.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if found.secret_in_body:
            form |= {"client_id": name, "client_secret": secret}
        else:
            pair = f"{quote_plus(name)}:{quote_plus(secret)}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        body = urlencode(form).encode()
        request = Request(method="POST", url=found.token_endpoint, headers=headers, body=body)
        return _token_in(send(request))

    def _key(self, send: Send, found: Discovered, key_id: str | None) -> Key | None:
        """Find a key; one that is not remembered is looked for once more at the provider."""
        known = self._keys
        key = pick(known[0], key_id) if known is not None and self._is_fresh(known[1]) else None
        if key is not None:
            return key
        reply = send(Request(method="GET", url=found.jwks_uri, headers={}))
        keys = keys_in(document_in(reply))
        self._keys = (keys, self._monotonic())
        return pick(keys, key_id)

    def _is_fresh(self, fetched_s: float) -> bool:
        return self._monotonic() - fetched_s < FRESH_S


def _token_in(reply: Reply) -> str:
    """Take the ID token out of an answer to a code, or say whose fault it is."""
    said = reply.json if isinstance(reply.json, dict) else {}
    if reply.answer.status_code in (400, 401):
        error = said.get("error")
        known = isinstance(error, str) and error in _REFUSALS
        raise SignInFailed(FAILED, why=str(error) if known else "code_refused")
    token = document_in(reply).get("id_token")
    if not isinstance(token, str):
        raise SignInFailed(UNREACHABLE, why="no_id_token")
    return token

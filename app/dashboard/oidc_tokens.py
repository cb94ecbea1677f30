"""Verify an ID token, by joserfc (the extra `oidc`): signature, and every claim that must hold.

Source:
    OpenID Connect Core 1.0, section 3.1.3.7, "ID Token Validation".
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ClaimError, JoseError
from joserfc.jwk import ECKey, RSAKey

from app.dashboard.oidc_flow import PROOF, SignInFailed

ALGORITHMS = ("RS256", "ES256")  # none without a signature, none whose key the client knows as well
MAX_KEYS = 64
_LEEWAY_S = 60  # between the provider's clock and ours
_KINDS: dict[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}

Key = RSAKey | ECKey
FindKey = Callable[[str | None], Key | None]  # by its id


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an ID token must say."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    now: datetime


def verified(token: str, expected: Expected, find_key: FindKey) -> dict[str, Any]:
    """Give the claims of an ID token that holds.

    Raises:
        SignInFailed: `oidc_token`.
    """
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    try:
        header = jws.extract_compact(token.encode(errors="replace"), registry=registry).headers()
        registry.get_alg(str(header.get("alg")))
        key = find_key(header.get("kid"))
        if key is None:
            raise SignInFailed(PROOF, why="unknown_key")
        claims = jwt.decode(token, key, registry=registry).claims
        _registry(expected).validate(claims)
    except (JoseError, ValueError) as error:
        raise SignInFailed(PROOF, why=_why(error)) from None  # the error may repeat what came
    if not _is_for_us_alone(claims, expected.client_id):
        raise SignInFailed(PROOF, why="other_audience")
    return claims


def keys_in(document: object) -> tuple[Key, ...]:
    """Read the keys of a JWKS that may sign ID tokens; those of other kinds are passed over.

    Source:
        RFC 7517, section 5: unknown kinds are ignored.
    """
    listed = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return ()
    read = (_key(entry) for entry in listed[:MAX_KEYS] if isinstance(entry, dict))
    return tuple(key for key in read if key is not None)


def pick(keys: Sequence[Key], key_id: str | None) -> Key | None:
    """Find the key that a token names; one that names none means the only one there is."""
    if key_id is None:
        return keys[0] if len(keys) == 1 else None
    return next((key for key in keys if key.kid == key_id), None)


def _key(entry: dict[str, Any]) -> Key | None:
    kind = _KINDS.get(str(entry.get("kty")))
    if kind is None or entry.get("use", "sig") != "sig":
        return None
    try:
        return kind.import_key(entry)
    except (JoseError, KeyError, TypeError, ValueError):
        return None


def _registry(expected: Expected) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(expected.now.timestamp()),
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": expected.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": expected.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": expected.nonce},
    )


def _why(error: JoseError | ValueError) -> str:
    """Name what does not hold, such as `invalid_claim aud`, in words of joserfc and of ours."""
    if isinstance(error, ClaimError):
        return f"{error.error} {error.claim}"
    return error.error if isinstance(error, JoseError) else "not_a_token"


def _is_for_us_alone(claims: dict[str, Any], client_id: str) -> bool:
    """Whether no other service was meant: one that got the token could else show it to us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    party = claims.get("azp")
    return party == client_id or (party is None and not several)

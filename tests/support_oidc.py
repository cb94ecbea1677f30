"""A small provider of OpenID Connect on loopback: real HTTP, real keys, real PKCE.

    with OidcProvider(clock) as provider:
        coming_back = provider.sign_in(address_that_a_browser_was_sent_to)

It checks what a provider checks (client, secret, redirect, code, verifier), and tells lies in its
ID tokens where a test asks for them.
"""

import base64
import hashlib
import hmac
import json
from functools import cache
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from support_receiver import Receiver, silent, status

CLIENT_ID, CLIENT_SECRET = "inlet:dev", "s3cret/+ %"
DISCOVERY = "/.well-known/openid-configuration"
PERSON = {"sub": "u-1", "email": "Ana@Example.com", "email_verified": True, "name": "Ben"}


@cache
def rsa_key(kid):
    """A key pair of 2048 bits; each is made once for all tests."""
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@cache
def ec_key(kid):
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


class OidcProvider:
    """Signs PERSON in, whoever asks. What it does may be changed while it runs."""

    def __init__(self, clock):
        self._clock = clock
        self._receiver = Receiver(self._answer)
        self._codes = {}  # code -> what was asked for with it
        self.issuer = f"http://{self._receiver.host}:{self._receiver.port}/realm"
        self.person = dict(PERSON)
        self.key = rsa_key("one")
        self.published = [self.key]
        self.changes = {}  # claims that are otherwise than they should be; None: are missing
        self.sign = self.signed
        self.document = {}  # what is otherwise in the discovery document
        self.hangs_at = None  # a path
        self.answers = {}  # path -> raw answer instead of the right one

    def __enter__(self):
        self._receiver.__enter__()
        return self

    def __exit__(self, *caught):
        self._receiver.__exit__(*caught)

    @property
    def asked(self):
        """The paths that were asked for, below the issuer, in order."""
        paths = (urlsplit(one.path).path for one in self._receiver.requests)
        return [path.removeprefix("/realm") for path in paths]

    @property
    def token_requests(self):
        found = [one for one in self._receiver.requests if one.path == "/realm/token"]
        return [(one.headers, dict(parse_qsl(one.body.decode()))) for one in found]

    def sign_in(self, address):
        """Go where a browser was sent, and sign in there; the address that it is sent back to."""
        answer = httpx2.get(address, follow_redirects=False, trust_env=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def signed(self, claims):
        """A token as it should be."""
        header = {"alg": "ES256" if self.key.key_type == "EC" else "RS256", "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[header["alg"]])

    def _answer(self, talk):
        parts = urlsplit(talk.request.path)
        path = parts.path.removeprefix("/realm")
        if path == self.hangs_at:
            silent(talk)
        elif path in self.answers:
            talk.send(self.answers[path])
        else:
            serve = {
                DISCOVERY: self._discovery,
                "/authorize": self._authorize,
                "/token": self._token,
                "/keys": self._keys,
            }[path]
            talk.send(serve(talk.request, dict(parse_qsl(parts.query))))

    def _discovery(self, _request, _query):
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "scopes_supported": ["openid", "email", "groups"],
        }
        return as_json(200, {**document, **self.document})

    def _keys(self, _request, _query):
        public = [key.as_dict(private=False) for key in self.published]
        return as_json(200, {"keys": [{"kty": "odd", "kid": "odd"}, *public]})

    def _authorize(self, _request, query):
        assert query["response_type"] == "code"
        assert (query["client_id"], query["code_challenge_method"]) == (CLIENT_ID, "S256")
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        back = urlencode({"code": code, "state": query["state"], "iss": self.issuer})
        return status(302, headers=[f"Location: {query['redirect_uri']}?{back}"])

    def _token(self, request, _query):
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if client_in(request, form) != (CLIENT_ID, CLIENT_SECRET):
            return as_json(401, {"error": "invalid_client", "error_description": CLIENT_SECRET})
        asked = self._codes.pop(form.get("code"), None)
        if asked is None or not is_proved(asked, form):
            return as_json(400, {"error": "invalid_grant"})
        token = self.sign(self._claims(asked))
        return as_json(200, {"access_token": "at", "token_type": "Bearer", "id_token": token})

    def _claims(self, asked):
        now_s = int(self._clock().timestamp())
        right = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "nonce": asked["nonce"],
            "iat": now_s,
            "exp": now_s + 300,
            **self.person,
            **self.changes,
        }
        return {name: value for name, value in right.items() if value is not None}


def client_in(request, form):
    """Whom a request says that it comes from, by Basic authentication or in the form."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme != "Basic":
        return form.get("client_id"), form.get("client_secret")
    name, _, secret = base64.b64decode(given).decode().partition(":")
    return unquote_plus(name), unquote_plus(secret)


def is_proved(asked, form):
    """Whether who brings a code is who asked for it: RFC 7636, section 4.6."""
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    challenge = base64url(digest)
    return (asked["code_challenge"], asked["redirect_uri"]) == (challenge, form["redirect_uri"])


def unsigned(claims):
    """A token of the algorithm `none`."""
    return f"{_part({'alg': 'none', 'kid': 'one'})}.{_part(claims)}."


def signed_by_public_key(claims, *, key):
    """A token of HS256 whose secret is what everybody knows: the public key."""
    content = f"{_part({'alg': 'HS256', 'kid': key.kid})}.{_part(claims)}"
    mac = hmac.digest(key.as_pem(private=False), content.encode(), "sha256")
    return f"{content}.{base64url(mac)}"


def as_json(code, value):
    return status(code, json.dumps(value).encode(), headers=["Content-Type: application/json"])


def base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _part(value):
    return base64url(json.dumps(value).encode())

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from support import START, Clock

from app.dashboard.oidc_flow import SignInFailed, begun
from app.dashboard.oidc_provider import FRESH_S, Client, Provider
from app.domain import Answer
from app.webhook.formats.steps import Reply

ISSUER = "https://accounts.example.com"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
FLOW, _ = begun(b"k" * 32, "s" * 43, back_to="/inbox", now=START)


class Asked:
    """A way out on which every request gets one document, and a monotonic clock."""

    def __init__(self, document):
        self.document = document
        self.urls = []
        self.monotonic_s = 0.0

    def provider(self, issuer=ISSUER):
        client = Client(
            issuer=issuer,
            client_id="inlet",
            client_secret="hunter2",
            redirect_uri="https://inlet.example.com/login/oidc/back",
            claim="roles",
        )
        return Provider(
            client,
            begin=lambda: self._send,
            now=Clock(),
            monotonic=lambda: self.monotonic_s,
        )

    def _send(self, request):
        self.urls.append(request.url)
        return Reply(
            answer=Answer(status_code=200, error_code=None), body=json.dumps(self.document).encode()
        )


def test_a_document_is_remembered_for_an_hour():
    asked = Asked(DOCUMENT)
    provider = asked.provider()

    for asked.monotonic_s in (0.0, FRESH_S - 1, FRESH_S, FRESH_S + 1):
        provider.address(FLOW)

    assert asked.urls == [f"{ISSUER}/.well-known/openid-configuration"] * 2


@pytest.mark.parametrize("issuer", [ISSUER, f"{ISSUER}/"])
@pytest.mark.parametrize("named", [ISSUER, f"{ISSUER}/"])
def test_a_slash_at_the_end_of_the_issuer_makes_no_difference(issuer, named):
    asked = Asked({**DOCUMENT, "issuer": named})

    assert asked.provider(issuer).address(FLOW).startswith(f"{ISSUER}/authorize?")
    assert asked.urls == [f"{ISSUER}/.well-known/openid-configuration"]


def test_the_query_of_the_providers_own_address_stays():
    asked = Asked({**DOCUMENT, "authorization_endpoint": f"{ISSUER}/authorize?policy=b2c"})

    query = parse_qs(urlsplit(asked.provider().address(FLOW)).query)

    assert (query["policy"], query["state"]) == (["b2c"], [FLOW.state])


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [(None, "openid email profile"), (["roles", "groups", 7], "openid email profile roles")],
)
def test_the_claim_is_asked_for_where_it_is_a_scope(scopes, expected):
    asked = Asked({**DOCUMENT, "scopes_supported": scopes})

    assert parse_qs(urlsplit(asked.provider().address(FLOW)).query)["scope"] == [expected]


def test_a_provider_by_https_sends_nobody_to_http():
    asked = Asked({**DOCUMENT, "authorization_endpoint": "http://accounts.example.com/authorize"})

    with pytest.raises(SignInFailed) as caught:
        asked.provider().address(FLOW)

    assert (caught.value.code, caught.value.why) == (
        "oidc_unreachable",
        "bad_authorization_endpoint",
    )


def test_the_secret_is_not_shown():
    asked = Asked(DOCUMENT)

    assert "hunter2" not in repr(vars(asked.provider()))

import re
import sys
from contextlib import contextmanager
from functools import partial
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from support_api import HOST, running_api
from support_oidc import (
    CLIENT_ID,
    CLIENT_SECRET,
    DISCOVERY,
    OidcProvider,
    as_json,
    ec_key,
    rsa_key,
    signed_by_public_key,
    unsigned,
)
from support_pages import Pages, running_pages
from support_receiver import status

from app.dashboard.oidc_flow import LIFE
from app.dashboard.wrong_links import MOST
from app.domain import Role
from app.errors import ConfigError
from app.storage import sessions, tables
from app.webhook.guard import Guard
from app.webhook.sender import Sender

ROLES = {"@example.com": Role.VIEWER, "boss@example.com": Role.ADMIN, "sales": Role.AGENT}
SAFE = re.compile(
    r"inlet_oidc=[A-Za-z0-9_.-]+; HttpOnly; Max-Age=600; Path=/; SameSite=lax", re.ASCII
)
LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
def provider(clock):
    with OidcProvider(clock) as provider:
        yield provider


@pytest.fixture
def settings(provider, tmp_path):
    return {
        "data_dir": tmp_path,
        "public_url": f"http://{HOST}",
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT_ID,
        "oidc_client_secret": CLIENT_SECRET,
        "oidc_roles": ROLES,
    }


@pytest.fixture
def pages(database, clock, settings):
    with running_pages(database, clock, **settings) as pages:
        yield pages


@pytest.fixture
def browser(pages):
    return pages.browser()


def left(browser, *, back_to=None):
    """Where a browser that wants to sign in is sent to."""
    answer = browser.get("/login/oidc", params={"next": back_to} if back_to else {})
    assert answer.status_code == 303
    return answer.headers["location"]


def came_back(browser, provider, *, back_to=None):
    """The answer to a browser that was signed in at the provider."""
    return browser.get(provider.sign_in(left(browser, back_to=back_to)))


def refusal(answer):
    """The code with which the sign-in page is led to; None where somebody was signed in."""
    target = urlsplit(answer.headers["location"])
    assert answer.status_code == 303
    return parse_qs(target.query)["refused"][0] if target.path == "/login" else None


def people(database):
    """Who is signed in: names and roles, oldest first."""
    with database.read() as conn:
        found = conn.execute(select(tables.sessions).order_by(tables.sessions.c.id)).all()
    return [(one.name, one.role) for one in found if one.ended_at is None]


# signing in


def test_whom_the_provider_vouches_for_is_signed_in(database, provider, browser):
    answer = came_back(browser, provider, back_to="/numbers?days=7")

    assert (answer.status_code, answer.headers["location"]) == (303, "/numbers?days=7")
    assert people(database) == [("ana@example.com", "viewer")]
    assert browser.get("/login").headers["location"] == "/inbox"
    assert "inlet_oidc" not in browser.cookies


def test_the_provider_is_asked_for_what_binds_its_answer_to_this_browser(provider, browser):
    answer = browser.get("/login/oidc")
    query = parse_qs(urlsplit(answer.headers["location"]).query)

    assert SAFE.fullmatch(answer.headers["set-cookie"])
    assert query["scope"] == ["openid email profile groups"]
    assert query["redirect_uri"] == [f"http://{HOST}/login/oidc/back"]
    assert {len(query[name][0]) for name in ("state", "nonce", "code_challenge")} == {43}
    assert query["state"] != query["nonce"]
    assert answer.headers["cache-control"] == "no-store"
    assert not any(query[name][0] in answer.headers["set-cookie"] for name in ("state", "nonce"))


def test_two_sign_ins_share_nothing(provider, pages):
    first, second = (parse_qs(urlsplit(left(pages.browser())).query) for _ in range(2))

    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))


def test_a_session_is_one_like_any_other_and_can_be_ended(database, clock, provider, browser):
    came_back(browser, provider)
    with database.write() as conn:
        ended = sessions.end_all(conn, clock())

    assert (ended, browser.get("/login").status_code) == (1, 200)


def test_who_signs_in_anew_has_one_session(database, provider, browser):
    came_back(browser, provider)
    provider.person |= {"email": "boss@example.com"}

    came_back(browser, provider)

    assert people(database) == [("boss@example.com", "admin")]


def test_the_secret_goes_into_the_form_where_the_provider_takes_no_basic(provider, browser):
    provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}

    answer = came_back(browser, provider)

    headers, form = provider.token_requests[0]
    assert (refusal(answer), "authorization" in headers) == (None, False)
    assert form["client_secret"] == CLIENT_SECRET


def test_a_key_of_an_elliptic_curve_is_as_good(provider, browser):
    provider.key = ec_key("curve")
    provider.published = [provider.key]

    assert refusal(came_back(browser, provider)) is None


def test_document_and_keys_are_remembered(provider, pages):
    for _ in range(3):
        came_back(pages.browser(), provider)

    assert (provider.asked.count(DISCOVERY), provider.asked.count("/keys")) == (1, 1)


def test_a_key_that_is_not_known_is_looked_for_once(provider, pages):
    came_back(pages.browser(), provider)
    provider.key = rsa_key("two")
    provider.published = [rsa_key("one"), provider.key]

    answer = came_back(pages.browser(), provider)

    assert (refusal(answer), provider.asked.count("/keys")) == (None, 2)


def test_a_key_that_the_provider_does_not_publish_is_looked_for_once_each_time(provider, pages):
    came_back(pages.browser(), provider)
    provider.key = rsa_key("two")

    answers = [came_back(pages.browser(), provider) for _ in range(2)]

    assert [refusal(answer) for answer in answers] == ["oidc_token"] * 2
    assert provider.asked.count("/keys") == 3


# who gets in


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"email": "ana@example.com"}, "viewer"),
        ({"email": "BOSS@example.com"}, "admin"),
        ({"groups": ["sales", "all"]}, "agent"),
        ({"email": "cy@other.example", "groups": "sales"}, "agent"),
        ({"email": None, "groups": ["sales"]}, "agent"),
    ],
)
def test_a_role_follows_from_address_domain_or_claim(database, provider, browser, claims, role):
    provider.person |= claims

    came_back(browser, provider)

    assert [held for _, held in people(database)] == [role]


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ana@other.example"},
        {"email": "ana@sub.example.com"},
        {"email": "ana@example.com@other.example"},
        {"email_verified": False},
        {"email_verified": None},
        {"email": "other@other.example", "groups": ["@example.com", "boss@example.com", "Sales"]},
        {"email": "other@other.example", "roles": ["sales"]},
    ],
)
def test_whom_nobody_named_does_not_get_in(database, provider, browser, claims):
    provider.person |= claims

    answer = came_back(browser, provider)

    assert (refusal(answer), people(database)) == ("oidc_unknown", [])


def test_the_claim_is_the_one_of_the_settings(database, clock, provider, settings):
    provider.person |= {"roles": ["sales"]}
    with running_pages(database, clock, **settings, oidc_claim="roles") as pages:
        came_back(pages.browser(), provider)

    assert people(database) == [("ana@example.com", "agent")]


def test_without_roles_nobody_gets_in(database, clock, provider, settings):
    with running_pages(database, clock, **{**settings, "oidc_roles": {}}) as pages:
        answer = came_back(pages.browser(), provider)

    assert (refusal(answer), people(database)) == ("oidc_unknown", [])


# what does not hold


def test_another_state_signs_nobody_in(database, provider, browser):
    address = provider.sign_in(left(browser))
    state = parse_qs(urlsplit(address).query)["state"][0]

    answers = [browser.get(address.replace(state, other)) for other in ("x" * 43, "%ff", "")]

    assert {refusal(answer) for answer in answers} == {"oidc_state"}
    assert (people(database), provider.token_requests) == ([], [])


def test_an_answer_for_another_browser_signs_nobody_in(database, provider, pages):
    theirs = provider.sign_in(left(pages.browser()))
    victim = pages.browser()
    left(victim)

    answers = [victim.get(theirs), pages.browser().get(theirs)]

    assert [refusal(answer) for answer in answers] == ["oidc_state"] * 2
    assert people(database) == []


def test_who_takes_too_long_begins_again(clock, provider, browser):
    address = provider.sign_in(left(browser))
    clock.advance(LIFE.total_seconds())

    assert refusal(browser.get(address)) == "oidc_state"


def test_an_answer_works_once(database, provider, browser):
    address = provider.sign_in(left(browser))
    kept = browser.cookies["inlet_oidc"]
    browser.get(address)
    browser.cookies.set("inlet_oidc", kept)

    assert refusal(browser.get(address)) == "oidc_failed"
    assert len(people(database)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": [CLIENT_ID, "another"]},
        {"azp": "another"},
        {"iss": "http://127.0.0.1/another"},
        {"iss": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": float("nan")},
        {"sub": None},
        {"sub": 7},
    ],
)
def test_a_token_with_a_claim_that_does_not_hold_signs_nobody_in(
    database, provider, browser, changes
):
    provider.changes = changes

    answer = came_back(browser, provider)

    assert (refusal(answer), people(database)) == ("oidc_token", [])


@pytest.mark.parametrize(("after_s", "expected"), [(-120, "oidc_token"), (-30, None)])
def test_a_token_that_has_run_out_signs_nobody_in(clock, provider, browser, after_s, expected):
    provider.changes = {"exp": int(clock().timestamp()) + after_s}

    assert refusal(came_back(browser, provider)) == expected


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        partial(signed_by_public_key, key=rsa_key("one")),
        lambda claims: "no.token",
        lambda claims: "é" * 50,
        lambda claims: "a.b.c",
    ],
    ids=["none", "HS256", "two parts", "not ASCII", "not JSON"],
)
def test_a_token_without_a_signature_of_the_provider_signs_nobody_in(
    database, provider, browser, sign
):
    provider.sign = sign

    answer = came_back(browser, provider)

    assert (refusal(answer), people(database)) == ("oidc_token", [])


def test_the_log_says_what_does_not_hold(provider, browser, capsys):
    provider.changes = {"aud": "another", "nonce": None}
    came_back(browser, provider)
    provider.changes = {"aud": "another"}
    came_back(browser, provider)

    whys = re.findall(r"why='?([a-z_ ]+)", capsys.readouterr().out)
    assert [why.strip() for why in whys] == ["missing_claim nonce", "invalid_claim aud"]


def test_a_token_that_was_changed_signs_nobody_in(database, provider, browser):
    def changed(claims):
        parts = provider.signed(claims).split(".")
        other = provider.signed({**claims, "email": "boss@example.com"}).split(".")
        return ".".join((parts[0], other[1], parts[2]))

    provider.sign = changed

    answer = came_back(browser, provider)

    assert (refusal(answer), people(database)) == ("oidc_token", [])


def test_a_key_of_another_signs_nobody_in_by_the_same_name(provider, browser):
    provider.published = [rsa_key("one")]
    provider.key = replace_kid(rsa_key("two"), "one")

    assert refusal(came_back(browser, provider)) == "oidc_token"


def replace_kid(key, kid):
    """The same key under another's name."""
    return type(key).import_key({**key.as_dict(private=True), "kid": kid})


# a provider that says no, or nothing


def test_what_the_provider_refuses_is_told_without_its_words(provider, browser):
    state = parse_qs(urlsplit(left(browser)).query)["state"][0]

    answer = browser.get(
        "/login/oidc/back",
        params={"error": "access_denied", "error_description": "<b>no", "state": state},
    )

    assert answer.headers["location"] == "/login?refused=oidc_failed"


def test_why_a_provider_refuses_us_is_told_in_the_log_alone(
    database, clock, provider, settings, capsys
):
    with running_pages(database, clock, **{**settings, "oidc_client_secret": "hunter2"}) as pages:
        answer = came_back(pages.browser(), provider)

    told = capsys.readouterr().out
    assert answer.headers["location"] == "/login?refused=oidc_failed"
    assert [word for word in ("invalid_client", "hunter2", CLIENT_SECRET) if word in told] == [
        "invalid_client"
    ]


@pytest.mark.parametrize("path", [DISCOVERY, "/token", "/keys"])
def test_a_provider_that_hangs_is_waited_for_so_long(database, clock, provider, settings, path):
    provider.hangs_at = path
    with pages_with_sender(database, clock, settings, timeout_s=0.5) as pages:
        browser = pages.browser()
        answer = browser.get("/login/oidc")
        if path != DISCOVERY:
            answer = browser.get(provider.sign_in(answer.headers["location"]))

    assert (refusal(answer), people(database)) == ("oidc_unreachable", [])


@pytest.mark.parametrize(
    "raw",
    [
        status(500),
        status(302, headers=["Location: http://127.0.0.1/"]),
        as_json(200, []),
        as_json(200, {}),
        as_json(200, {"issuer": "http://127.0.0.1/another"}),
        status(200, b"[" * 60_000),
        status(200, b"x" * 70_000),
    ],
)
def test_a_document_that_is_none_is_told(provider, browser, raw):
    provider.answers[DISCOVERY] = raw

    assert refusal(browser.get("/login/oidc")) == "oidc_unreachable"


@pytest.mark.parametrize(
    "document",
    [
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "//other.example/"},
        {"authorization_endpoint": None},
        {"issuer": "https://other.example"},
    ],
)
def test_browsers_are_sent_to_web_addresses_alone(provider, browser, document):
    provider.document = document

    assert refusal(browser.get("/login/oidc")) == "oidc_unreachable"


@pytest.mark.parametrize("name", ["token_endpoint", "jwks_uri"])
def test_the_provider_cannot_lead_us_where_egress_forbids(provider, browser, name):
    provider.document = {name: "http://169.254.169.254/latest/meta-data/"}

    assert refusal(came_back(browser, provider)) == "oidc_unreachable"


def test_an_issuer_on_a_private_address_needs_the_allow_list(database, clock, provider, settings):
    with pages_with_sender(database, clock, settings, allowed=()) as pages:
        answer = pages.browser().get("/login/oidc")

    assert (refusal(answer), provider.asked) == ("oidc_unreachable", [])


def test_an_outage_of_the_provider_is_over_when_it_is(provider, browser):
    provider.answers[DISCOVERY] = status(503)
    refused = refusal(browser.get("/login/oidc"))
    provider.answers.clear()

    assert (refused, refusal(came_back(browser, provider))) == ("oidc_unreachable", None)


@contextmanager
def pages_with_sender(database, clock, settings, *, timeout_s=5.0, allowed=LOOPBACK):
    """Pages whose way out has another deadline, or another allow-list."""
    with running_api(database, clock, **settings) as api:
        sender = Sender(Guard((), allowed, False), timeout_s=timeout_s)
        api.rebuild(begin=sender.begin)
        yield Pages(api)


def test_without_the_extra_the_settings_are_refused(database, clock, settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "joserfc", None)

    with running_api(database, clock, **settings) as api, pytest.raises(ConfigError) as caught:
        Pages(api)

    assert caught.value.detail == (
        "INLET_OIDC_ISSUER needs joserfc: `pip install 'inlet[oidc]'`, or unset it"
    )


# the page


def test_the_page_offers_the_provider_where_there_is_one(provider, browser):
    shown = browser.get("/login", params={"next": "/numbers"})

    host = urlsplit(provider.issuer).netloc
    assert f'href="/login/oidc?next=/numbers">Sign in with {host}</a>' in shown.text
    assert "inlet login" in shown.text


def test_without_a_provider_the_page_offers_none(database, clock, tmp_path):
    with running_pages(database, clock, data_dir=tmp_path) as pages:
        browser = pages.browser()
        shown = browser.get("/login?refused=oidc_unknown")
        answers = [browser.get(path) for path in ("/login/oidc", "/login/oidc/back")]

    assert ("Sign in with" in shown.text, 'role="alert"' in shown.text) == (False, False)
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize(
    "code", ["oidc_state", "oidc_failed", "oidc_unreachable", "oidc_token", "oidc_unknown"]
)
def test_the_page_says_what_a_code_means(browser, code):
    shown = browser.get(f"/login?refused={code}&next=/numbers")

    assert f"<code>{code}</code>" in shown.text
    assert "/login/oidc?next=/numbers" in shown.text


def test_a_code_that_is_none_says_nothing(browser):
    assert browser.get("/login?refused=oidc_<b>").text.count('role="alert"') == 0


def test_who_fails_often_waits(provider, browser):
    for _ in range(MOST):
        browser.get("/login/oidc/back?state=x&code=y")
    address = provider.sign_in(left(browser))

    assert refusal(browser.get(address)) == "too_many"


def test_by_https_the_cookie_travels_by_https_alone(database, clock, settings):
    public = "https://inlet.example.com"
    with running_pages(database, clock, **{**settings, "public_url": public}) as pages:
        answer = pages.browser(base_url=public).get("/login/oidc")

    assert answer.headers["set-cookie"].startswith("__Host-inlet_oidc=")
    assert answer.headers["set-cookie"].endswith("; Path=/; SameSite=lax; Secure")


def test_nothing_that_proves_anything_is_logged(provider, browser, capsys, caplog):
    tokens = []

    def noted(claims):
        tokens.append(provider.signed(claims))
        return tokens[-1]

    provider.sign = noted
    addresses = [provider.sign_in(left(browser)) for _ in range(2)]
    kept = browser.cookies["inlet_oidc"]
    for address in addresses:
        browser.get(address)
    provider.person |= {"email": "other@other.example"}
    came_back(browser, provider)

    written = capsys.readouterr()
    told = written.out + written.err + caplog.text
    states = [parse_qs(urlsplit(address).query)["state"][0] for address in addresses]
    secrets = [CLIENT_SECRET, kept, "code-0", "ana@", "other@", *states, *tokens]
    assert "oidc_sign_in_failed" in told
    assert [secret for secret in secrets if secret in told] == []

import base64
import hashlib
from datetime import timedelta

import pytest
from support import START

from app.dashboard.oidc_flow import CODES, LIFE, begun, read
from app.dashboard.strings import LANGUAGES, load_catalogue

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SECRET = "s" * 43
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
FLOW, COOKIE = begun(KEY, SECRET, back_to="/numbers?days=7", now=START)


def test_what_was_begun_is_read_again():
    assert read(KEY, COOKIE, START + LIFE - timedelta(seconds=1)) == FLOW
    assert FLOW.back_to == "/numbers?days=7"


def test_after_its_life_it_is_nothing():
    assert read(KEY, COOKIE, START + LIFE) is None


def test_a_cookie_signed_with_another_key_is_none():
    assert read(OTHER_KEY, COOKIE, START) is None


@pytest.mark.parametrize("at", range(0, len(COOKIE), 3))
def test_a_cookie_with_one_other_character_is_none(at):
    other = next(letter for letter in LETTERS if letter != COOKIE[at])

    assert read(KEY, COOKIE[:at] + other + COOKIE[at + 1 :], START) is None


@pytest.mark.parametrize("cookie", ["", "...", COOKIE + "A", COOKIE + "\n", "é" * 150, "x" * 9_999])
def test_what_has_not_the_form_of_a_cookie_is_none(cookie):
    assert read(KEY, cookie, START) is None


def test_state_nonce_and_verifier_are_three_and_none_is_in_the_cookie():
    made = {FLOW.state, FLOW.nonce, FLOW.verifier}

    assert {len(one) for one in made} == {43}
    assert [one for one in made if one in COOKIE] == []
    assert len(made) == 3


def test_another_secret_or_key_gives_others():
    flows = [
        begun(key, secret, back_to="/inbox", now=START)[0]
        for key, secret in ((KEY, SECRET), (KEY, "t" * 43), (OTHER_KEY, SECRET))
    ]

    assert len({flow.state for flow in flows} | {flow.nonce for flow in flows}) == 6


def test_the_challenge_is_the_verifiers_digest():
    digest = hashlib.sha256(FLOW.verifier.encode()).digest()

    assert FLOW.challenge == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize("given", [None, "", "x" * 43, "\udcff", FLOW.nonce])
def test_another_state_is_not_its_own(given):
    assert FLOW.has_state(FLOW.state)
    assert not FLOW.has_state(given)


def test_nothing_secret_is_shown():
    shown = repr(FLOW)

    assert [one for one in (FLOW.state, FLOW.nonce, FLOW.verifier) if one in shown] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_is_explained_in_every_language(language):
    texts = load_catalogue()[language].texts

    assert [code for code in CODES if f"login.{code}" not in texts] == []

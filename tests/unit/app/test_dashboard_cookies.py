import hashlib

import pytest

from app.dashboard.cookies import (
    cookie_of,
    digest_of,
    form_token_of,
    is_form_token,
    read_cookie,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SECRET = "s" * 43
COOKIE = cookie_of(KEY, SECRET)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_cookie_of_ours_gives_the_digest_that_its_session_is_kept_under():
    assert read_cookie(KEY, COOKIE) == digest_of(SECRET) == hashlib.sha256(SECRET.encode()).digest()


def test_a_cookie_signed_with_another_key_is_none():
    assert read_cookie(OTHER_KEY, COOKIE) is None


@pytest.mark.parametrize("at", range(len(COOKIE)))
def test_a_cookie_with_one_other_character_is_none(at):
    other = next(letter for letter in LETTERS if letter != COOKIE[at])

    assert read_cookie(KEY, COOKIE[:at] + other + COOKIE[at + 1 :]) is None


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        ".",
        SECRET,
        SECRET + ".",
        COOKIE + "A",
        COOKIE + "\n",
        " " + COOKIE,
        "é" * 66,
        "x" * 9_999,
    ],
)
def test_what_has_not_the_form_of_a_cookie_is_none(cookie):
    assert read_cookie(KEY, cookie) is None


def test_the_token_of_a_form_fits_its_own_session_alone():
    token = form_token_of(KEY, "ses_1")

    assert is_form_token(token, token)
    assert not is_form_token(token, form_token_of(KEY, "ses_2"))
    assert not is_form_token(token, form_token_of(OTHER_KEY, "ses_1"))


@pytest.mark.parametrize("given", ["", "é", "\udcff", "x" * 9_999])
def test_whatever_is_sent_as_a_token_is_compared(given):
    assert not is_form_token(form_token_of(KEY, "ses_1"), given)


def test_the_signature_of_a_cookie_is_no_token_of_a_form():
    assert form_token_of(KEY, SECRET) != COOKIE.partition(".")[2]

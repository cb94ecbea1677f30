from dataclasses import replace
from datetime import timedelta

import pytest
from support import START, an_endpoint

from app.domain import RetiredSecret
from app.errors import Refused
from app.webhook.rotation import MAX_SECRETS, rotated

DAY = timedelta(days=1)
SALES = an_endpoint(secrets=("one",))


def until(endpoint):
    return {one.secret: one.until for one in endpoint.retired}


def test_a_new_secret_comes_first_and_the_old_one_signs_until_its_end():
    endpoint = rotated(SALES, "two", now=START, grace=DAY)

    retired = (RetiredSecret(secret="one", until=START + DAY),)
    assert endpoint == replace(SALES, secrets=("two",), retired=retired)


def test_a_second_rotation_leaves_the_first_ones_end_as_it_was():
    first = rotated(SALES, "two", now=START, grace=DAY)

    second = rotated(first, "three", now=START + DAY / 2, grace=DAY)

    assert second.secrets == ("three",)
    assert until(second) == {"two": START + 1.5 * DAY, "one": START + DAY}


def test_a_secret_whose_time_is_over_is_removed():
    first = rotated(SALES, "two", now=START, grace=DAY)

    second = rotated(first, "three", now=START + DAY, grace=DAY)

    assert until(second) == {"two": START + 2 * DAY}


def test_without_a_grace_the_old_secret_ends_at_once():
    assert rotated(SALES, "two", now=START, grace=timedelta(0)).retired == ()


def test_an_old_secret_that_comes_back_is_no_longer_an_old_one():
    first = rotated(SALES, "two", now=START, grace=DAY)

    back = rotated(first, "one", now=START, grace=DAY)

    assert (back.secrets, until(back)) == (("one",), {"two": START + DAY})


def test_the_present_secret_is_not_rotated_to_itself():
    with pytest.raises(Refused, match="secret already"):
        rotated(SALES, "one", now=START, grace=DAY)


def test_no_more_secrets_sign_than_receivers_look_at():
    endpoint = SALES
    for number in range(MAX_SECRETS - 1):
        endpoint = rotated(endpoint, f"new{number}", now=START, grace=DAY + number * DAY)

    assert len(endpoint.secrets) + len(endpoint.retired) == MAX_SECRETS
    with pytest.raises(Refused, match="the next one ends at 2026-11-26T12:00:00"):
        rotated(endpoint, "more", now=START, grace=DAY)
    assert rotated(endpoint, "more", now=START, grace=timedelta(0)).secrets == ("more",)

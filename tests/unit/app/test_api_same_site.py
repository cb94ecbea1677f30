import pytest

from app.api.same_site import (
    CrossSite,
    check_own_page,
    check_same_site,
    is_forwarded,
    is_loopback,
    origin_of,
)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1", "[::1]"]
)
def test_loopback_is_known(host):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "2130706433",
        "testclient",
    ],
)
def test_nothing_else_is_loopback(host):
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8080"},
        {"host": "localhost"},
        {"host": "[::1]:8080"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "none"},
        {
            "host": "127.0.0.1:8080",
            "sec-fetch-site": "same-origin",
            "origin": "http://127.0.0.1:8080",
        },
    ],
)
def test_a_program_and_our_own_page_are_let_in(headers):
    check_same_site(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "evil.example:8080"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "127.0.0.1:8080", "origin": "https://evil.example"},
        {"host": "127.0.0.1:8080", "origin": "null"},
        {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:3000"},
        {"host": "127.0.0.1:8080", "origin": ""},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "cross-site"},
        {"host": "127.0.0.1:8080", "sec-fetch-site": "same-site"},
        {
            "host": "evil.example:8080",
            "origin": "http://evil.example:8080",
            "sec-fetch-site": "same-origin",
        },
    ],
)
def test_another_sites_page_is_refused(headers):
    with pytest.raises(CrossSite):
        check_same_site(headers)


def test_a_proxys_request_is_known():
    assert is_forwarded({"x-forwarded-for": "203.0.113.7"})
    assert not is_forwarded({"host": "127.0.0.1"})


OURS = "https://inlet.example.com"


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "inlet.example.com"},
        {"host": "inlet.example.com", "origin": "https://inlet.example.com"},
        {"host": "inlet.example.com", "origin": "https://INLET.example.com"},
        {"host": "10.0.0.7:8080", "origin": "http://10.0.0.7:8080"},
        {"host": "inside:8080", "origin": "https://inlet.example.com"},
        {"host": "inlet.example.com", "sec-fetch-site": "same-origin"},
        {"host": "inlet.example.com", "sec-fetch-site": "none"},
        {"host": "inlet.example.com", "sec-fetch-site": "same-origin", "origin": "null"},
        {"host": "inside:8080", "sec-fetch-site": "same-origin", "origin": "https://a.example"},
    ],
)
def test_a_change_may_come_from_a_page_of_ours(headers):
    check_own_page(headers, OURS)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "inlet.example.com", "origin": "https://evil.example"},
        {"host": "inlet.example.com", "origin": "https://inlet.example.com.evil.example"},
        {"host": "inlet.example.com", "origin": "https://inlet.example.com:8443"},
        {"host": "inlet.example.com", "origin": "null"},
        {"host": "inlet.example.com", "sec-fetch-site": "cross-site"},
        {"host": "inlet.example.com", "sec-fetch-site": "same-site"},
        {"host": "inlet.example.com", "sec-fetch-site": "cross-site", "origin": OURS},
    ],
)
def test_a_change_that_another_page_asks_for_is_refused(headers):
    with pytest.raises(CrossSite):
        check_own_page(headers, OURS)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (None, None),
        ("https://Inlet.example.com", "https://inlet.example.com"),
        ("https://inlet.example.com:443/inlet", "https://inlet.example.com"),
        ("http://inlet.example.com:8080/a/b", "http://inlet.example.com:8080"),
        ("http://inlet.example.com:443", "http://inlet.example.com:443"),
    ],
)
def test_an_origin_is_written_as_browsers_do(url, origin):
    assert origin_of(url) == origin

import pytest

from app.api.same_site import CrossSite, check_same_site, is_forwarded, is_loopback


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

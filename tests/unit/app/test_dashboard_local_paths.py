from urllib.parse import urljoin, urlsplit

import pytest

from app.dashboard.local_paths import START, local_path, path_of_url


@pytest.mark.parametrize(
    "path",
    [
        "/inbox",
        "/messages/msg_01",
        "/inbox?route=sales&state=waiting",
        "/contacts/ada%40example.com",
        "/inbox?q=a/b?c",
        "/numbers?back=//evil.example",
    ],
)
def test_a_page_of_ours_is_led_back_to(path):
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "/",
        "/?a=b",
        "inbox",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\t//evil.example",
        " //evil.example",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "/inbox\r\nSet-Cookie: a=b",
        "/inbox\n",
        "/inbox#x",
        "/é",
        "/" + "a" * 2_000,
        "/login",
        "/login?link=x",
        "/logout",
    ],
)
def test_whatever_may_lead_elsewhere_leads_to_the_start(path):
    assert local_path(path) == START


@pytest.mark.parametrize("path", ["/..//evil.example", "/.//evil.example", "/a/..//evil.example"])
def test_dots_in_a_path_keep_its_host(path):
    back_to = local_path(path)

    assert urlsplit(urljoin("https://inlet.example/login", back_to)).netloc == "inlet.example"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://inlet.example/inbox?route=sales", "/inbox?route=sales"),
        ("http://127.0.0.1:8080/deliveries#x", "/deliveries"),
        ("https://inlet.example//evil.example", START),
        ("https://[", START),
        ("", START),
    ],
)
def test_the_path_is_taken_of_a_whole_address(url, path):
    assert path_of_url(url) == path

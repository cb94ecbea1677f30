import pytest

from app.domain import Answer
from app.webhook.formats.steps import Mail, Reply, Request
from app.webhook.watching import Watched

BLOCKED = Reply(answer=Answer(status_code=None, error_code="blocked_address"))


def host_of(outgoing):
    """The host that is shown of one step."""
    watched = Watched(lambda: lambda _: BLOCKED)
    watched.begin()(outgoing)
    return watched.steps[0]["host"]


def posted(url):
    return host_of(Request(method="POST", url=url, headers={}))


def mailed(url):
    return host_of(Mail(url=url, sender="a@example.com", recipients=(), message=b""))


def test_the_host_is_shown_without_path_and_password():
    assert posted("https://hooks.example:8443/T0P/s3cret") == "hooks.example"
    assert mailed("smtp://user:s3cret@mail.example:587") == "mail.example"


@pytest.mark.parametrize(
    "url", ["", "https://[::1", "https://[127.0.0.1]/", "https://[::1%lo]/", "https://u:s3cret@x/"]
)
def test_a_url_that_cannot_be_read_has_no_host(url):
    assert posted(url) is None


@pytest.mark.parametrize("url", ["smtp://", "smtp://[::1", "smtp://[127.0.0.1]"])
def test_a_mail_server_that_cannot_be_read_has_no_host(url):
    assert mailed(url) is None

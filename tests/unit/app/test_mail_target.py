import pytest

from app.errors import EndpointRejected
from app.webhook.mail_target import MailTarget, parse_mail_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("smtp://Mail.Example.com", MailTarget(scheme="smtp", host="mail.example.com", port=587)),
        ("smtps://[2001:db8::1]/", MailTarget(scheme="smtps", host="2001:db8::1", port=465)),
        (
            "SMTP://a%40b.c:p%3A%2F%40@mail.example.com:2525",
            MailTarget(
                scheme="smtp", host="mail.example.com", port=2525, user="a@b.c", password="p:/@"
            ),
        ),
        ("smtp://u@h.example", MailTarget(scheme="smtp", host="h.example", port=587, user="u")),
    ],
)  # fmt: skip
def test_the_url_of_a_mail_server_is_read_whole(url, target):
    assert parse_mail_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "smtp://",
        "smtp:///x",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?x=y",
        "smtp://mail.example.com#x",
        "smtp://mail.example.com:0",
        "smtp://mail.example.com:99999",
        "smtp://a@b@mail.example.com",
        "smtp://a:b:c@mail.example.com",
        "smtp://evil.example\\@mail.example.com",
        "smtp://mail.example.com\r\nX",
        "smtp://ma il.example.com",
        "smtp://127.1",
        "smtp://0x7f000001",
        "smtp://[::1",
        "smtp://zoë.example",
        "smtp://" + "a" * 3_000,
        "https://mail.example.com",
    ],
)
def test_what_two_readers_could_read_differently_is_refused(url):
    with pytest.raises(EndpointRejected) as refused:
        parse_mail_target(url)

    assert refused.value.code in ("bad_url", "blocked_address")
    assert url == "smtp://" or url not in str(refused.value)


def test_a_password_is_not_shown():
    assert "s3cret" not in repr(parse_mail_target("smtp://u:s3cret@mail.example.com"))

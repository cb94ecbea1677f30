import json
import re
from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser

import pytest
from hostile_text import HOSTILE
from support_crm import run
from support_events import ALERT, MESSAGE, SAID, first, stored, told

from app.domain import Sender
from app.webhook.formats.discord import escape as discord_escape
from app.webhook.formats.steps import Mail, Request
from app.webhook.rendering import steps_of

MAIL = {"from": "inlet@example.org", "to": "sales@example.org"}
OPTIONS = {
    "email": MAIL,
    "hubspot": {"token": "t"},
    "pipedrive": {"token": "t"},
    "salesforce": {"token": "t", "external_id_field": "Inlet_Id__c"},
}
FORMATS = ["webhook", "cloudevents", "slack", "teams", "discord", *OPTIONS]


def event_of(text):
    """An event with a hostile text wherever a stranger can put one."""
    evidence = {"demo_request": SAID["evidence"]["demo_request"] | {"sentence": text}}
    alert = replace(
        ALERT,
        contact=dict.fromkeys(("name", "title", "company", "phone", "website", "email"), text),
        history=(replace(ALERT.history[0], subject=text, excerpt=text),),
    )
    message = replace(MESSAGE, subject=text, text=text, sender=Sender("zoe@example.com", text))
    return stored(message, said=SAID | {"evidence": evidence}, alert=alert)


def rendered(format, text, **endpoint):
    return told(format, event_of(text), options=OPTIONS.get(format, {}), **endpoint)


def strings(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())


@hostile
@pytest.mark.parametrize("format", FORMATS)
def test_every_format_can_be_written_and_is_valid(format, text):
    outgoing = next(steps_of(rendered(format, text)))

    if isinstance(outgoing, Request) and outgoing.body:
        said = json.loads(outgoing.body)
        assert not any("\ud800" <= c <= "\udfff" for one in strings(said) for c in one)
        assert len(outgoing.body) <= 28_000  # the smallest limit: Teams
    elif isinstance(outgoing, Mail):
        assert outgoing.message.isascii()


# Slack: only mrkdwn objects and the top-level text are read for markup
# https://docs.slack.dev/messaging/formatting-message-text#escaping


@hostile
def test_slack_reads_no_markup_in_what_people_wrote(text):
    _, message = first(steps_of(rendered("slack", text)))
    marked = [
        one["text"]
        for block in message["blocks"]
        for one in (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
        if one and one.get("type") == "mrkdwn"
    ]

    assert marked == ["<@U012AB3CD>, it is your turn."]
    assert not re.search("[<>]|&(?!amp;|lt;|gt;)", message["text"])


@pytest.mark.parametrize(
    "mention", ["!channel", "<!here>", "U1|x", "C012AB3CD", "S012AB3CD", "@all"]
)
def test_slack_mentions_nobody_but_a_member(mention):
    owner = replace(ALERT.owner, mention=mention)

    raw = next(steps_of(told("slack", stored(alert=replace(ALERT, owner=owner))))).body

    assert b'mrkdwn",' not in raw
    assert b"it is your turn" not in raw


# Teams: Markdown is read in TextBlock and FactSet, and never in TextRun
# https://adaptivecards.io/explorer/TextRun.html


@hostile
def test_teams_reads_no_markup_in_what_people_wrote(text):
    _, message = first(steps_of(rendered("teams", text)))
    card = message["attachments"][0]["content"]

    assert {one["type"] for one in card["body"]} == {"RichTextBlock"}
    assert {run["type"] for one in card["body"] for run in one["inlines"]} == {"TextRun"}
    assert not any("{{" in one for one in strings(card))
    assert [one["url"] for one in card["actions"]] == [*vars_of(ALERT.links)]
    assert "entities" not in card["msteams"]


def vars_of(links):
    return links.mine, links.wrong_label, links.not_a_lead


# Discord: https://docs.discord.com/developers/resources/message#allowed-mentions-object


@hostile
def test_discord_pings_nobody_and_reads_no_markup_in_what_people_wrote(text):
    _, message = first(steps_of(rendered("discord", text)))
    ours = {
        f"[{label}]({url})"
        for label, url in zip(
            ("I take it", "Wrong label", "Not a lead"), vars_of(ALERT.links), strict=True
        )
    }
    embed = message["embeds"][0]
    theirs = [message["content"], embed["title"], embed["description"]]
    theirs += [field["value"] for field in embed["fields"] if field["value"] not in ours]

    assert message["allowed_mentions"] == {"parse": [], "users": []}
    for one in theirs:
        assert not re.search(r"[`*_~|>#\-\[\]()<:@]", re.sub(r"\\[^0-9A-Za-z\s]", "", one))
        assert not re.sub(r"\\\\", "", one).endswith("\\")  # nothing that escapes what follows


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_discord_shows_what_was_written(text):
    assert re.sub(r"\\([^0-9A-Za-z\s])", r"\1", discord_escape(text)) == text


@pytest.mark.parametrize(
    ("mention", "users"),
    [("123456789012345678", ["123456789012345678"]), ("everyone", []), ("&12345678901234567", [])],
)
def test_discord_may_ping_the_owner_alone(mention, users):
    alert = replace(ALERT, owner=replace(ALERT.owner, mention=mention))

    _, message = first(steps_of(told("discord", stored(alert=alert))))

    assert message["allowed_mentions"] == {"parse": [], "users": users}
    assert message["content"].startswith(f"<@{mention}> ") == bool(users)


# Mail: RFC 5322 headers; HTML


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = []
        self.links = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.links += [value for name, value in attrs]


ALLOWED = {"html", "body", "p", "b", "ul", "li", "blockquote", "a", "br", "small"}


def parsed(markup):
    tags = Tags()
    tags.feed(markup)
    return tags


@hostile
def test_mail_has_our_headers_and_no_others(text):
    mail = next(steps_of(rendered("email", text)))
    read = message_from_bytes(mail.message, policy=policy.default)

    assert [*read.keys()] == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "X-Auto-Response-Suppress", "Reply-To", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert (read["From"], read["To"]) == ("Inlet <inlet@example.org>", "sales@example.org")
    assert read["Reply-To"] == "zoe@example.com"
    assert (mail.sender, mail.recipients) == ("inlet@example.org", ("sales@example.org",))
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/alternative", "text/plain", "text/html",
    ]  # fmt: skip
    assert max(map(len, mail.message.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.message.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "address",
    [
        "=?utf-8?q?=0D=0ABcc:_v?=@example.com",
        "=?utf-8?q?x?=@example.com",
        "a@example.com\r\nBcc: v@example.com",
        "a@example.com, v@example.com",
        '"v@example.com"@example.com',
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "a@[127.0.0.1]",
        "zoë@example.com",
        "@example.com",
        "a\0@example.com",
        "<a@example.com>",
    ],
)
def test_mail_is_answered_to_plain_addresses_alone(address):
    body = stored(replace(MESSAGE, sender=Sender(address, "x")))

    mail = next(steps_of(told("email", body, options=MAIL)))

    assert "Reply-To" not in message_from_bytes(mail.message, policy=policy.default)


@hostile
def test_mail_html_has_our_tags_and_links_and_no_others(text):
    mail = next(steps_of(rendered("email", text)))
    read = message_from_bytes(mail.message, policy=policy.default)
    tags = parsed(read.get_body(("html",)).get_content())

    assert set(tags.seen) <= ALLOWED
    assert tags.links == [*vars_of(ALERT.links)]


@hostile
@pytest.mark.parametrize("format", ["hubspot", "pipedrive"])
def test_notes_have_our_tags_and_links_and_no_others(format, text):
    notes = [body for body in every_body(format, text) if "note" in body]
    tags = parsed(notes[-1]["note"])

    assert len(notes) == 1
    assert set(tags.seen) <= ALLOWED
    assert tags.links == [*vars_of(ALERT.links)]


def every_body(format, text):
    """The note of each request of a format whose every step succeeds."""
    for request in run(steps_of(rendered(format, text)))[0]:
        body = json.loads(request.body or b"{}")
        note = body.get("content") or body.get("properties", {}).get("hs_note_body")
        yield {"note": note} if note else {}

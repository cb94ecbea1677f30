import json
from dataclasses import replace

import pytest
from hostile_text import HOSTILE
from support_events import ALERT, LINKS, MESSAGE, NOW, SAID, SECRET, first, stored, told

from app.domain import RetiredSecret, Sender
from app.webhook import signing
from app.webhook.formats.prose import units
from app.webhook.rendering import steps_of

SIZES = {
    "long": HOSTILE["long"],
    "wide": HOSTILE["long wide"],
    "markup": HOSTILE["long markup"],
    "none": "",
}
sizes = pytest.mark.parametrize("text", SIZES.values(), ids=SIZES.keys())


def full(text):
    """An event in which everything is as long as it can be."""
    evidence = {
        label: SAID["evidence"]["demo_request"] | {"sentence": f"{n} {text}"}
        for n, label in enumerate(["demo_request", "pricing", "other"])
    }
    alert = replace(
        ALERT,
        owner=replace(ALERT.owner, name=text or "Ana"),
        contact=dict.fromkeys(("name", "title", "company", "phone", "website"), text),
        history=ALERT.history * 5,
        links=replace(LINKS, mine="https://inlet.example.com/r/" + "a" * 400),
    )
    message = replace(MESSAGE, subject=text, text=text, sender=Sender("zoe@example.com", text))
    return stored(message, said=SAID | {"evidence": evidence}, alert=alert, playbook=text)


# Slack
# https://docs.slack.dev/reference/block-kit/blocks/header-block (150)
# https://docs.slack.dev/reference/block-kit/blocks/section-block (3000; 10 fields of 2000)
# https://docs.slack.dev/reference/block-kit/blocks/actions-block (25 elements)
# https://docs.slack.dev/reference/block-kit/block-elements/button-element (75; url 3000)
# https://docs.slack.dev/reference/block-kit/blocks/context-block (10 elements)


@sizes
def test_slack_blocks_keep_their_limits(text):
    _, message = first(steps_of(told("slack", full(text))))

    assert len(message["blocks"]) <= 50
    for block in message["blocks"]:
        check = {"header": header, "section": section, "actions": actions, "context": context}
        check[block["type"]](block)


def text_object(one, limit):
    assert one["type"] in ("plain_text", "mrkdwn")
    assert one["type"] == "plain_text" or "emoji" not in one
    assert 1 <= units(one["text"]) <= limit


def header(block):
    assert block.keys() == {"type", "text"}
    text_object(block["text"], 150)


def section(block):
    assert ("text" in block) != ("fields" in block)
    if "text" in block:
        text_object(block["text"], 3_000)
    assert len(block.get("fields", ())) <= 10
    for field in block.get("fields", ()):
        text_object(field, 2_000)


def actions(block):
    assert 1 <= len(block["elements"]) <= 25
    assert len({one["action_id"] for one in block["elements"]}) == len(block["elements"])
    for one in block["elements"]:
        assert one.keys() == {"type", "action_id", "text", "url"}
        text_object(one["text"], 75)
        assert len(one["url"]) <= 3_000


def context(block):
    assert 1 <= len(block["elements"]) <= 10
    for one in block["elements"]:
        text_object(one, 3_000)


def test_slack_shows_the_sentence_the_next_step_and_three_buttons():
    request, message = first(steps_of(told("slack", url="https://hooks.slack.com/services/T/B/x")))
    texts = [b["text"]["text"] for b in message["blocks"] if b["type"] == "section" and "text" in b]
    (buttons,) = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]

    assert (request.method, request.url) == ("POST", "https://hooks.slack.com/services/T/B/x")
    assert message["text"] == "New lead: demo request 93 %, pricing 61 %; Zoë Example"
    assert texts[:2] == [
        "“Could we see a demo?”  (demo request)",
        "Next: Offer two times within a day.",
    ]
    assert [(one["text"]["text"], one["url"]) for one in buttons] == [
        ("I take it", LINKS.mine),
        ("Wrong label", LINKS.wrong_label),
        ("Not a lead", LINKS.not_a_lead),
    ]


# Teams
# https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
# (28 kB); https://github.com/microsoft/AdaptiveCards/blob/main/schemas/1.4.0/adaptive-card.json


@sizes
def test_a_teams_card_keeps_its_limit(text):
    request, _ = first(steps_of(told("teams", full(text))))

    assert len(request.body) <= 28_000


_ELEMENTS = {  # of schema 1.4: required members, and those that are allowed
    "RichTextBlock": ({"type", "inlines"}, {"horizontalAlignment", "spacing", "separator"}),
    "TextRun": ({"type", "text"}, {"size", "weight", "italic", "isSubtle", "color", "wrap"}),
    "Action.OpenUrl": ({"type", "url"}, {"title", "iconUrl", "style"}),
}
_VALUES = {
    "size": {"Default", "Small", "Medium", "Large", "ExtraLarge"},
    "weight": {"Default", "Lighter", "Bolder"},
    "italic": {True, False},
    "isSubtle": {True, False},
}


@sizes
def test_a_teams_card_is_one_of_version_1_4(text):
    _, message = first(steps_of(told("teams", full(text))))
    (attachment,) = message["attachments"]
    card = attachment["content"]

    assert message.keys() == {"type", "attachments"}
    assert (attachment["contentType"], attachment["contentUrl"]) == (
        "application/vnd.microsoft.card.adaptive",
        None,
    )
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card.keys() == {"$schema", "type", "version", "body", "actions", "msteams"}
    for one in [*card["body"], *card["actions"], *(r for b in card["body"] for r in b["inlines"])]:
        required, allowed = _ELEMENTS[one["type"]]
        assert required <= one.keys() <= required | allowed
        assert all(one[name] in known for name, known in _VALUES.items() if name in one)


@pytest.mark.parametrize("bare", [True, "true"])
def test_a_teams_flow_that_posts_the_card_itself_gets_the_bare_card(bare):
    _, wrapped = first(steps_of(told("teams")))
    _, card = first(steps_of(told("teams", options={"bare": bare})))

    assert card == wrapped["attachments"][0]["content"]


# Discord
# https://docs.discord.com/developers/resources/message#embed-object-embed-limits
# https://docs.discord.com/developers/resources/webhook#execute-webhook


@sizes
def test_a_discord_message_keeps_its_limits(text):
    _, message = first(steps_of(told("discord", full(text))))
    (embed,) = message["embeds"]
    parts = [embed["title"], embed["description"], embed["footer"]["text"]]
    parts += [value for field in embed["fields"] for value in (field["name"], field["value"])]

    assert 1 <= units(message["content"]) <= 2_000
    assert units(embed["title"]) <= 256
    assert units(embed["description"]) <= 4_096
    assert units(embed["footer"]["text"]) <= 2_048
    assert len(embed["fields"]) <= 25
    assert all(1 <= units(field["name"]) <= 256 for field in embed["fields"])
    assert all(1 <= units(field["value"]) <= 1_024 for field in embed["fields"])
    assert sum(map(units, parts)) <= 6_000


def test_discord_has_the_links_as_text():
    _, message = first(steps_of(told("discord")))

    assert [f["value"] for f in message["embeds"][0]["fields"] if f["name"] == "Reply"] == [
        f"[I take it]({LINKS.mine})",
        f"[Wrong label]({LINKS.wrong_label})",
        f"[Not a lead]({LINKS.not_a_lead})",
    ]


# CloudEvents
# https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/cloudevents.json


def test_a_cloudevent_has_its_attributes_and_the_events_data():
    request, event = first(steps_of(told("cloudevents", options={"source": "https://x.example"})))
    data = event.pop("data")

    assert request.headers["Content-Type"] == "application/cloudevents+json; charset=utf-8"
    assert event == {
        "specversion": "1.0",
        "id": "dlv_1",
        "source": "https://x.example",
        "type": "lead.detected",
        "time": "2026-11-24T09:18:00Z",
        "datacontenttype": "application/json",
        "subject": "msg_1",
    }
    assert data == json.loads(stored())["data"]


@pytest.mark.parametrize("format", ["webhook", "cloudevents"])
def test_what_is_signed_is_what_is_sent(format):
    request, _ = first(steps_of(told(format)))

    assert signing.verify(request.headers, request.body, secrets=[SECRET], now=NOW)
    assert request.headers["webhook-id"] == "dlv_1"


def test_a_webhook_is_the_stored_bytes_whatever_they_are():
    body = b'{"z":1.0, "a":2e3}\x00\xff'

    assert next(steps_of(told("webhook", body))).body == body


def test_a_retired_secret_signs_until_its_time_is_over():
    old, older = signing.new_secret(), signing.new_secret()
    retired = (
        RetiredSecret(secret=old, until=NOW.replace(year=2027)),
        RetiredSecret(secret=older, until=NOW),
    )

    request, _ = first(steps_of(told("webhook", retired=retired)))

    tried = {
        secret: signing.verify(request.headers, request.body, secrets=[secret], now=NOW)
        for secret in (SECRET, old, older)
    }
    assert tried == {SECRET: True, old: True, older: False}

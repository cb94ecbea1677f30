import json
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from support import a_message
from support_events import ALERT, CLOCK, DECIDED, MESSAGE, NOW, SAID, stored

from app.domain import Sender
from app.webhook.alert import Alert
from app.webhook.formats import MAX_BODY_BYTES, event_body
from app.webhook.sample import sample_event

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "docs/events/event-1.schema.json").read_text(encoding="utf-8"))
CHECK = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def problems(body):
    return [f"{error.json_path}: {error.message}" for error in CHECK.iter_errors(json.loads(body))]


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("personal_data", [True, False])
@pytest.mark.parametrize("alert", [None, Alert(), ALERT], ids=["none", "empty", "full"])
@pytest.mark.parametrize(
    "kind", ["lead.detected", "churn.detected", "message.routed", "reply.reminder", "own.name"]
)
def test_every_event_is_as_the_schema_says(kind, alert, personal_data):
    assert problems(stored(alert=alert, personal_data=personal_data, event_type=kind)) == []


@pytest.mark.parametrize("personal_data", [True, False])
@pytest.mark.parametrize("public_url", [None, "https://inlet.example.com/"])
def test_the_made_up_event_of_a_test_is_one_too(public_url, personal_data):
    assert problems(sample_event(NOW, public_url=public_url, personal_data=personal_data)) == []


def test_what_was_decided_before_there_were_owners_and_clocks_can_still_be_told():
    old = ("route", "rule", "reasons", "endpoints", "event_type", "policy_sha256")
    said = {key: value for key, value in SAID.items() if key != "evidence"}
    decided = {key: DECIDED[key] for key in old}

    assert problems(event_body(MESSAGE, said, decided, now=NOW, personal_data=True)) == []


@pytest.mark.parametrize("missing", [None, ""])
def test_an_event_of_a_stranger_is_one(missing):
    nobody = a_message(sender=Sender(email=missing, name=missing), thread_id=missing, subject="")

    assert problems(stored(nobody, alert=None)) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("data", "confidence"), 1.5),
        (("data", "priority"), "soon"),
        (("data", "received_at"), "yesterday"),
        (("data", "new"), 1),
        (("timestamp",), None),
        (("data", "owner"), {"id": "ana", "name": "Ana", "email": None}),
    ],
)
def test_the_schema_finds_what_is_wrong(place, value):
    event = json.loads(stored())
    inner = event
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value

    assert len(problems(json.dumps(event))) == 1


def test_an_event_with_everything_on_it_stays_under_20_kB():
    drawn = random.Random(11)
    for _ in range(100):
        wide = "".join(chr(drawn.choice([1, 10, 34, 65, 233, 20215, 128640])) for _ in range(4_000))
        text = wide * drawn.randrange(3)
        alert = replace(
            ALERT,
            owner=replace(ALERT.owner, id=wide, name=wide, email=wide, mention=wide),
            contact={key: wide[:900] for key in ("name", "title", "company", "phone", "website")},
            account=wide,
            history=tuple(replace(ALERT.history[0], subject=wide, excerpt=wide) for _ in range(10)),
            promises=ALERT.promises * 9,
        )
        evidence = {
            f"label {n}": SAID["evidence"]["demo_request"] | {"sentence": wide[:400]}
            for n in range(9)
        }
        body = stored(
            replace(MESSAGE, subject=wide, text=text, sender=Sender(wide, wide), thread_id=wide),
            said=SAID | {"evidence": evidence},
            alert=alert,
            playbook=wide,
            rule=wide[:300],
            reasons=[wide[:250]] * 9,
        )

        assert len(body) <= MAX_BODY_BYTES
        assert text.startswith(json.loads(body)["data"]["excerpt"])
        assert problems(body) == []


def test_the_oldest_history_goes_before_the_text():
    many = tuple(
        replace(ALERT.history[0], subject=f"{n}", excerpt="x" * 300, at=NOW - timedelta(days=n))
        for n in range(60)
    )

    data = json.loads(
        stored(replace(MESSAGE, text="y" * 50_000), alert=replace(ALERT, history=many))
    )["data"]

    assert [one["subject"] for one in data["history"]] == [
        str(n) for n in range(len(data["history"]))
    ]
    assert 10 < len(data["history"]) < 60
    assert 2_000 < len(data["excerpt"]) < 4_000


def test_minutes_left_are_those_of_the_event_and_go_below_zero():
    late = replace(ALERT, reply=replace(CLOCK, due_at=NOW - timedelta(seconds=61)))

    assert json.loads(stored())["data"]["reply"]["minutes_left"] == 42
    assert json.loads(stored(alert=late))["data"]["reply"]["minutes_left"] == -2

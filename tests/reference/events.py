"""The page of the events, from their JSON schema, with the event of `inlet endpoints test`."""

import json
from datetime import UTC, datetime
from pathlib import Path

from app.webhook.sample import sample_event
from tests.reference.markdown import as_json, paragraphs
from tests.reference.schema import kind, members

SCHEMA = Path(__file__).parents[2] / "docs" / "events" / "event-1.schema.json"
_AT = datetime(2026, 11, 24, 9, 18, tzinfo=UTC)
_HEAD = """\
# Events

What a delivery of the format `webhook` posts, member by member. [Events](../events.md) says when
each is sent, and which members leave the house only while `INLET_WEBHOOK_PERSONAL_DATA` is true.
The page is made from the [JSON Schema](../events/event-1.schema.json) that every event is tested
against.
"""
_EXAMPLE = """\
## A whole event

What `inlet endpoints test` sends: everything in it is made up.
"""


def page():
    """Write every member of an event, and one whole event."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    data = schema["$defs"]["data"]
    example = sample_event(_AT, public_url="https://inlet.example.com", personal_data=True)
    return paragraphs(
        _HEAD,
        "## Around it",
        members(schema, _linked(schema)),
        "## data",
        members(data, _linked(schema)),
        *_inner(data, schema),
        _EXAMPLE,
        as_json(json.loads(example)),
    )


def _inner(data, schema):
    """Give a part of its own to each member that has members itself."""
    for name, each in data["properties"].items():
        inner = _object_of(each)
        if inner is not None:
            yield paragraphs(
                f"## data.{name}", each.get("description"), members(inner, _linked(schema))
            )


def _object_of(schema):
    """Find the object that a value is, or is made of."""
    if "properties" in schema:
        return schema
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict) and "properties" in schema[key]:
            return schema[key]
    return None


def _linked(schema):
    def link(reference):
        name = reference.rsplit("/", 1)[1]
        return "[object](#data)" if name == "data" else kind(schema["$defs"][name], link)

    return link

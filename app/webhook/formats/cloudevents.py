"""CloudEvents 1.0 in structured mode: one JSON object, signed like a webhook.

Source: CloudEvents 1.0.2, "Required Attributes", and its JSON Event Format, section 3.
"""

from app.webhook.formats.fitting import encode
from app.webhook.formats.steps import Request, Steps, Told, Unrenderable
from app.webhook.formats.webhook import signature

MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
SOURCE = "urn:inlet"  # unless the option names another


def cloudevents(told: Told) -> Steps:
    """Post the event as a CloudEvent; a repeat has the same source and id."""
    event = told.event
    if not event.get("type"):
        return Unrenderable("the stored event has no type")
    data = event.get("data") or {}
    body = encode(
        {
            "specversion": "1.0",
            "id": told.delivery_id,
            "source": told.option("source", SOURCE),
            "type": event["type"],
            "time": event.get("timestamp") or told.now.isoformat(),
            "datacontenttype": "application/json",
            **({"subject": data["message_id"]} if data.get("message_id") else {}),
            "data": data,
        }
    )
    headers = {"Content-Type": MEDIA_TYPE, **signature(told, body)}
    yield Request(method="POST", url=told.endpoint.url, headers=headers, body=body)
    return None

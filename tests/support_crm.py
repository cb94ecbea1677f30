"""CRMs of which every step succeeds, as their documentation shows the answers."""

import json

from app.domain import Answer
from app.webhook.formats.steps import Reply

FOUND_NOTHING = {"success": True, "data": {"items": []}}
GOOD = {
    # developers.hubspot.com/docs/api-reference/2026-03/crm/objects/contacts/batch/upsert-contacts
    "/contacts/batch/upsert": (
        200,
        {"status": "COMPLETE", "results": [{"id": "501", "new": True, "properties": {}}]},
    ),
    "/objects/2026-03/notes": (201, {"id": "901", "properties": {}}),
    # developers.pipedrive.com/docs/api/v1/Leads, …/Persons, …/Notes
    "/leads/search": (200, FOUND_NOTHING),
    "/persons/search": (200, FOUND_NOTHING),
    "/v2/persons": (201, {"success": True, "data": {"id": 12, "name": "Zoë"}}),
    "/v1/leads": (201, {"success": True, "data": {"id": "adf21080-0e10-11eb-879b-05d71fb426ec"}}),
    "/v1/notes": (201, {"success": True, "data": {"id": 3}}),
    "/sobjects/Lead/": (201, {"id": "00Q1", "success": True, "errors": []}),
}


def reply(status_code, body=b"", error_code=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(answer=Answer(status_code=status_code, error_code=error_code), body=raw)


def answered(request, answers=GOOD):
    """The first answer whose path the request's URL has."""
    return reply(*next(value for path, value in answers.items() if path in request.url))


def run(steps, answers=GOOD):
    """Every request of a format, each answered, and what it says in the end."""
    sent = []
    try:
        made = next(steps)
        while True:
            sent.append(made)
            made = steps.send(answered(made, answers))
    except StopIteration as end:
        return sent, end.value

"""HubSpot: the person as a contact, found or made by address, and the alert as a note on it.

Source: developers.hubspot.com, API version 2026-03, "Upsert contacts" and "Notes"; a note hangs on
a contact by the association type 202.
"""

from app.webhook.formats.alert_html import alert_html
from app.webhook.formats.alert_text import alert_text
from app.webhook.formats.crm import (
    UNREADABLE,
    WITHOUT_ADDRESS,
    WITHOUT_PERSON,
    at,
    bearer,
    below,
    known,
)
from app.webhook.formats.person import Person, person_of
from app.webhook.formats.steps import Failed, Request, Steps, Told, json_request

NOTE_TO_CONTACT = 202
_OBJECTS = "/crm/objects/2026-03"
_MULTI_STATUS = 207


def hubspot(told: Told) -> Steps:
    """Upsert the contact, then add a note; a repeat updates the contact and adds a note again."""
    data = told.event.get("data") or {}
    person = person_of(data)
    if "sender" not in data:
        return WITHOUT_PERSON
    if not person.email:
        return WITHOUT_ADDRESS
    reply = yield _contact(told, person)
    if not reply.answer.delivered:
        return None
    contact = at(reply.json, "results", 0, "id")
    if reply.answer.status_code == _MULTI_STATUS and contact is None:
        return Failed(code="hubspot_refused", why="HubSpot did not take the contact")
    if contact is None:
        return UNREADABLE
    yield _note(told, str(contact))
    return None


def _contact(told: Told, person: Person) -> Request:
    first, last = person.names
    properties = known(
        {
            "email": person.email,
            "firstname": first,
            "lastname": last,
            "company": person.company,
            "jobtitle": person.title,
            "phone": person.phone,
            "website": person.website,
        }
    )
    one = {"id": person.email, "idProperty": "email", "properties": properties}
    url = below(told, f"{_OBJECTS}/contacts/batch/upsert")
    return json_request(url, {"inputs": [one]}, headers=bearer(told))


def _note(told: Told, contact: str) -> Request:
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": NOTE_TO_CONTACT}
    note = {
        "properties": {
            "hs_timestamp": told.event.get("timestamp") or told.now.isoformat(),
            "hs_note_body": alert_html(alert_text(told.event, now=told.now)),
        },
        "associations": [{"to": {"id": contact}, "types": [kind]}],
    }
    return json_request(below(told, f"{_OBJECTS}/notes"), note, headers=bearer(told))

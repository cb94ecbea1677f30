"""Pipedrive: the person, found by address or made, a lead of theirs, and the alert as its note.

Leads have no field of ours that is unique, so the message's id stands in the title: a repeat finds
it there and makes no second lead. Pipedrive's search may lag some seconds behind.

Source: developers.pipedrive.com: persons and searches are version 2, leads and notes version 1.
"""

from collections.abc import Generator
from urllib.parse import quote

from app.webhook.formats.alert_html import alert_html
from app.webhook.formats.alert_text import alert_text
from app.webhook.formats.crm import UNREADABLE, WITHOUT_ADDRESS, WITHOUT_PERSON, at, below
from app.webhook.formats.person import Person, person_of
from app.webhook.formats.prose import shorten
from app.webhook.formats.steps import Failed, Outgoing, Reply, Request, Steps, Told, json_request

_TITLE = 200  # characters; the field takes 255

_PersonId = Generator[Outgoing, Reply, int | Failed | None]
_LeadId = Generator[Outgoing, Reply, str | Failed | None]


def pipedrive(told: Told) -> Steps:
    """Make a lead with its note, unless this message has them."""
    data = told.event.get("data") or {}
    person, message_id = person_of(data), str(data.get("message_id") or "")
    if "sender" not in data or not message_id:
        return WITHOUT_PERSON
    if not person.email:
        return WITHOUT_ADDRESS
    reply = yield _search(told, "leads", "title", message_id, exact=False)
    if not reply.answer.delivered:
        return None
    lead_id = at(reply.json, "data", "items", 0, "item", "id")
    if lead_id is not None:
        reply = yield _notes_of(told, str(lead_id))  # an earlier attempt may have ended before
        if not reply.answer.delivered or at(reply.json, "data", 0, "id") is not None:
            return None
    else:
        lead_id = yield from _made_lead(told, person, message_id)
        if not isinstance(lead_id, str):
            return lead_id
    note = {"content": alert_html(alert_text(told.event, now=told.now)), "lead_id": lead_id}
    yield json_request(below(told, "/api/v1/notes"), note, headers=_token(told))
    return None


def _made_lead(told: Told, person: Person, message_id: str) -> _LeadId:
    """Make a lead of the person, and give its id; or the outcome where there is none."""
    found = yield from _person_id(told, person)
    if not isinstance(found, int):
        return found
    reply = yield _lead(told, found, message_id)
    if not reply.answer.delivered:
        return None
    lead_id = at(reply.json, "data", "id")
    return UNREADABLE if lead_id is None else str(lead_id)


def _person_id(told: Told, person: Person) -> _PersonId:
    """Find or make the person, and give their id; or the outcome where there is none."""
    reply = yield _search(told, "persons", "email", person.email, exact=True)
    if not reply.answer.delivered:
        return None
    known = at(reply.json, "data", "items", 0, "item", "id")
    if isinstance(known, int):
        return known
    made = {
        "name": person.shown,
        "emails": [{"value": person.email, "primary": True, "label": "work"}],
        "phones": [{"value": person.phone, "primary": True, "label": "work"}],
    }
    if not person.phone:
        del made["phones"]
    reply = yield json_request(below(told, "/api/v2/persons"), made, headers=_token(told))
    if not reply.answer.delivered:
        return None
    new = at(reply.json, "data", "id")
    return new if isinstance(new, int) else UNREADABLE


def _search(told: Told, what: str, field: str, term: str, *, exact: bool) -> Request:
    query = f"term={quote(term, safe='')}&fields={field}&exact_match={str(exact).lower()}&limit=1"
    url = below(told, f"/api/v2/{what}/search?{query}")
    return Request(method="GET", url=url, headers=_token(told))


def _notes_of(told: Told, lead_id: str) -> Request:
    url = below(told, f"/api/v1/notes?lead_id={quote(lead_id, safe='')}&limit=1")
    return Request(method="GET", url=url, headers=_token(told))


def _lead(told: Told, person_id: int, message_id: str) -> Request:
    text = alert_text(told.event, now=told.now)
    lead = {"title": f"{shorten(text.title, _TITLE)} [{message_id}]", "person_id": person_id}
    return json_request(below(told, "/api/v1/leads"), lead, headers=_token(told))


def _token(told: Told) -> dict[str, str]:
    return {"x-api-token": told.option("token"), "Accept": "application/json"}

"""Salesforce: one lead for each message, found again by an external id of the operator's making.

Source: developer.salesforce.com, REST API, "Upsert Records Using sObject Rows by External ID" and
"Duplicate Rule Header"; Object Reference, "Lead" (lengths of fields).
"""

from urllib.parse import quote

from app.webhook.formats.alert_text import AlertText, alert_text
from app.webhook.formats.crm import WITHOUT_PERSON, bearer, below, known
from app.webhook.formats.person import Person, person_of
from app.webhook.formats.prose import shorten
from app.webhook.formats.steps import Failed, Steps, Told, json_request

VERSION = "v62.0"  # unless the option names another
_LENGTHS = {
    "FirstName": 40,
    "LastName": 80,
    "Company": 255,
    "Title": 128,
    "Email": 80,
    "Phone": 40,
    "Website": 255,
    "Description": 32_000,
}
_MULTIPLE = 300
_NOBODY = "[not provided]"  # what Salesforce itself writes into required fields


def salesforce(told: Told) -> Steps:
    """Upsert the lead: a repeat changes the same one."""
    event = told.event
    data = event.get("data") or {}
    if "sender" not in data or not data.get("message_id"):
        return WITHOUT_PERSON
    place = f"{told.option('external_id_field')}/{quote(str(data['message_id']), safe='')}"
    version = told.option("version", VERSION)
    headers = bearer(told)
    if told.switched_on("allow_duplicates"):
        headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
    reply = yield json_request(
        below(told, f"/services/data/{version}/sobjects/Lead/{place}"),
        _lead(person_of(data), alert_text(event, now=told.now)),
        method="PATCH",
        headers=headers,
    )
    if reply.answer.status_code == _MULTIPLE:
        why = "several leads have this external id: mark the field as unique in Salesforce"
        return Failed(code="several_match", why=why)
    return None


def _lead(person: Person, text: AlertText) -> dict[str, str]:
    first, last = person.names
    fields = {
        "FirstName": first,
        "LastName": last or person.email.partition("@")[0] or _NOBODY,
        "Company": person.company or person.account or _NOBODY,
        "Title": person.title,
        "Email": person.email,
        "Phone": person.phone,
        "Website": person.website,
        "Description": _description(text),
    }
    return {name: shorten(value, _LENGTHS[name]) for name, value in known(fields).items()}


def _description(text: AlertText) -> str:
    facts = [f"{name}: {value}" for name, value in text.facts]
    quotes = [f"“{sentence}” ({labels})" for labels, sentence in text.quotes]
    return "\n".join([text.title, *facts, *quotes, text.excerpt, text.footer])

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from support_crm import GOOD, run
from support_events import ALERT, MESSAGE, stored, told

from app.domain import Sender
from app.webhook.formats.steps import Failed, Unrenderable
from app.webhook.rendering import steps_of

URL = "https://api.example.com"
OPTIONS = {
    "hubspot": {"token": "pat-1"},
    "pipedrive": {"token": "pd-1"},
    "salesforce": {"token": "00D!x", "external_id_field": "Inlet_Id__c"},
}


def through(format, body=None, *, answers=GOOD, **options):
    given = told(format, body, url=URL, options=OPTIONS[format] | options)
    return run(steps_of(given), answers)


def shown(requests):
    return [
        (one.method, one.url.removeprefix(URL), json.loads(one.body or b"null")) for one in requests
    ]


def from_nobody(**sender):
    message = replace(MESSAGE, sender=Sender(**sender))
    return stored(message, alert=replace(ALERT, contact={}, account=None))


# HubSpot
# https://developers.hubspot.com/docs/api-reference/2026-03/crm/objects/contacts/batch/upsert-contacts
# https://developers.hubspot.com/docs/api-reference/legacy/crm/activities/notes/guide


def test_hubspot_gets_the_contact_and_then_a_note_on_it():
    requests, outcome = through("hubspot")
    (upsert, note) = shown(requests)

    assert outcome is None
    assert upsert == (
        "POST",
        "/crm/objects/2026-03/contacts/batch/upsert",
        {
            "inputs": [
                {
                    "id": "zoe@example.com",
                    "idProperty": "email",
                    "properties": {
                        "email": "zoe@example.com",
                        "firstname": "Zoë",
                        "lastname": "Example",
                        "company": "Example Ltd",
                        "jobtitle": "Head of IT",
                        "phone": "+442079460000",
                    },
                }
            ]
        },
    )
    assert note[:2] == ("POST", "/crm/objects/2026-03/notes")
    assert note[2]["associations"] == [
        {
            "to": {"id": "501"},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202}],
        }
    ]
    assert note[2]["properties"]["hs_timestamp"] == "2026-11-24T09:18:00Z"
    assert "“Could we see a demo?”" in note[2]["properties"]["hs_note_body"]
    assert len(note[2]["properties"]["hs_note_body"]) < 65_536
    assert {one.headers["Authorization"] for one in requests} == {"Bearer pat-1"}


def test_hubspot_is_not_told_what_nobody_knows():
    (upsert, _), _ = through("hubspot", from_nobody(email="zoe@example.com"))

    assert json.loads(upsert.body)["inputs"][0]["properties"] == {"email": "zoe@example.com"}


@pytest.mark.parametrize(
    ("answer", "outcome", "steps"),
    [
        ((401, {"status": "error"}), None, 1),
        ((207, {"results": [], "numErrors": 1, "errors": [{}]}), "hubspot_refused", 1),
        ((207, {"results": [{"id": "501"}], "numErrors": 0}), None, 2),
        ((200, b"<html>"), "unreadable_answer", 1),
        ((200, {"results": "no"}), "unreadable_answer", 1),
        ((200, {"results": []}), "unreadable_answer", 1),
    ],
)  # fmt: skip
def test_hubspots_note_waits_for_the_contact(answer, outcome, steps):
    requests, said = through("hubspot", answers=GOOD | {"/contacts/batch/upsert": answer})

    assert len(requests) == steps
    assert (said.code if isinstance(said, Failed) else said) == outcome


# Salesforce
# https://developer.salesforce.com/docs/platform/api-rest/guide/resources-sobject-upsert-patch.html


def test_salesforce_gets_a_lead_by_the_messages_id():
    (request,), outcome = through("salesforce")
    lead = json.loads(request.body)

    assert outcome is None
    assert (request.method, request.url) == (
        "PATCH",
        f"{URL}/services/data/v62.0/sobjects/Lead/Inlet_Id__c/msg_1",
    )
    assert request.headers["Authorization"] == "Bearer 00D!x"
    assert "Sforce-Duplicate-Rule-Header" not in request.headers
    assert "“Could we see a demo?” (demo request)" in lead.pop("Description")
    assert lead == {
        "FirstName": "Zoë",
        "LastName": "Example",
        "Company": "Example Ltd",
        "Title": "Head of IT",
        "Email": "zoe@example.com",
        "Phone": "+442079460000",
    }


@pytest.mark.parametrize(
    ("sender", "names"),
    [
        ({"email": "zoe@example.com"}, ("zoe", "[not provided]")),
        ({"name": "Zoë"}, ("Zoë", "[not provided]")),
        ({}, ("[not provided]", "[not provided]")),
    ],
)
def test_salesforce_always_gets_the_fields_it_requires(sender, names):
    (request,), _ = through("salesforce", from_nobody(**sender))
    lead = json.loads(request.body)

    assert (lead["LastName"], lead["Company"]) == names


def test_salesforces_fields_have_their_lengths():
    # https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_lead.htm
    wide = " ".join(["W" * 150, "X" * 150])
    contact = dict.fromkeys(("name", "company", "title", "phone", "website"), wide)
    (request,), _ = through("salesforce", stored(alert=replace(ALERT, contact=contact)))
    lead = json.loads(request.body)

    assert {name: len(value) for name, value in lead.items() if name != "Description"} == {
        "FirstName": 40,
        "LastName": 49,
        "Company": 200,
        "Title": 128,
        "Email": 15,
        "Phone": 40,
        "Website": 200,
    }


def test_salesforce_may_be_told_to_save_what_a_duplicate_rule_warns_of():
    (request,), _ = through("salesforce", allow_duplicates="true", version="v65.0")

    assert request.headers["Sforce-Duplicate-Rule-Header"] == "allowSave=true"
    assert "/services/data/v65.0/" in request.url


def test_several_leads_of_one_id_are_a_failure_that_says_so():
    _, outcome = through("salesforce", answers={"/sobjects/Lead/": (300, ["a", "b"])})

    assert (outcome.code, "unique" in outcome.why) == ("several_match", True)


# Pipedrive
# https://pipedrive.readme.io/docs/pipedrive-api-v2-migration-guide
# https://developers.pipedrive.com/docs/api/v1/Leads


def test_pipedrive_gets_a_person_a_lead_and_a_note():
    requests, outcome = through("pipedrive")
    searched_lead, searched_person, person, lead, note = shown(requests)

    assert outcome is None
    assert queries([searched_lead, searched_person]) == [
        ("/api/v2/leads/search", {"term": "msg_1", "fields": "title", "exact_match": "false"}),
        (
            "/api/v2/persons/search",
            {"term": "zoe@example.com", "fields": "email", "exact_match": "true"},
        ),
    ]
    assert person == (
        "POST",
        "/api/v2/persons",
        {
            "name": "Zoë Example",
            "emails": [{"value": "zoe@example.com", "primary": True, "label": "work"}],
            "phones": [{"value": "+442079460000", "primary": True, "label": "work"}],
        },
    )
    title = "New lead: demo request 93 %, pricing 61 %; Zoë Example [msg_1]"
    assert lead == ("POST", "/api/v1/leads", {"title": title, "person_id": 12})
    assert note[:2] == ("POST", "/api/v1/notes")
    assert note[2]["lead_id"] == "adf21080-0e10-11eb-879b-05d71fb426ec"
    assert {one.headers["x-api-token"] for one in requests} == {"pd-1"}


def queries(rows):
    split = [urlsplit(path) for _, path, _ in rows]
    return [
        (one.path, {k: v[0] for k, v in parse_qs(one.query).items() if k != "limit"})
        for one in split
    ]


def test_pipedrive_knows_a_person_again():
    found = (200, {"success": True, "data": {"items": [{"result_score": 1, "item": {"id": 7}}]}})

    requests, _ = through("pipedrive", answers=GOOD | {"/persons/search": found})

    assert [path.partition("?")[0] for _, path, _ in shown(requests)] == [
        "/api/v2/leads/search",
        "/api/v2/persons/search",
        "/api/v1/leads",
        "/api/v1/notes",
    ]
    assert json.loads(requests[2].body)["person_id"] == 7


LEAD_FOUND = (200, {"success": True, "data": {"items": [{"item": {"id": "adf21080"}}]}})


def test_pipedrive_has_one_lead_of_a_message_however_often_it_is_told():
    noted = {"/v1/notes?": (200, {"success": True, "data": [{"id": 3}]}), **GOOD}

    requests, outcome = through("pipedrive", answers=noted | {"/leads/search": LEAD_FOUND})

    assert queries(shown(requests)[1:]) == [("/api/v1/notes", {"lead_id": "adf21080"})]
    assert (len(requests), outcome) == (2, None)


def test_pipedrive_gets_the_note_that_an_earlier_attempt_could_not_write():
    missing = {"/v1/notes?": (200, {"success": True, "data": None}), **GOOD}

    requests, outcome = through("pipedrive", answers=missing | {"/leads/search": LEAD_FOUND})

    method, path, note = shown(requests)[-1]
    assert (len(requests), outcome) == (3, None)
    assert (method, path, note["lead_id"]) == ("POST", "/api/v1/notes", "adf21080")


@pytest.mark.parametrize("path", ["/leads/search", "/persons/search", "/v2/persons", "/v1/leads"])
def test_pipedrive_stops_at_the_first_step_that_fails(path):
    requests, outcome = through("pipedrive", answers=GOOD | {path: (503, b"")})

    assert path in requests[-1].url
    assert outcome is None


@pytest.mark.parametrize("path", ["/v2/persons", "/v1/leads"])
@pytest.mark.parametrize("body", [b"", b"[" * 100_000, {"data": []}, {"data": {"id": None}}])
def test_an_answer_of_pipedrive_that_cannot_be_read_is_a_failure(path, body):
    requests, outcome = through("pipedrive", answers=GOOD | {path: (200, body)})

    assert path in requests[-1].url
    assert outcome.code == "unreadable_answer"


# All of them


@pytest.mark.parametrize("format", OPTIONS)
def test_a_crm_is_told_nothing_where_personal_data_stays_here(format):
    requests, outcome = through(format, stored(personal_data=False))

    assert (requests, type(outcome)) == ([], Unrenderable)


@pytest.mark.parametrize("format", ["hubspot", "pipedrive"])
@pytest.mark.parametrize("address", [None, "", "nobody", "a@b@c", "a@example.com\r\nx"])
def test_a_crm_that_knows_people_by_address_is_told_of_nobody_without_one(format, address):
    requests, outcome = through(format, from_nobody(email=address, name="Zoë"))

    assert (requests, type(outcome)) == ([], Unrenderable)


@pytest.mark.parametrize("format", OPTIONS)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": null}', b"{}"])
def test_what_is_no_event_is_told_to_no_crm(format, body):
    requests, outcome = through(format, body)

    assert (requests, type(outcome)) == ([], Unrenderable)

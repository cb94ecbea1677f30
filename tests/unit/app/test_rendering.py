import pytest
from support_events import first, told

from app.errors import Refused
from app.webhook.rendering import (
    FORMATS,
    check_options,
    check_url,
    options_of,
    shown_options,
    steps_of,
)

TOKEN = "pat-na1-secret"
GOOD = {
    "webhook": {},
    "cloudevents": {"source": "https://inlet.example.com"},
    "slack": {},
    "teams": {"bare": "true"},
    "discord": {},
    "email": {"from": "inlet@example.com", "to": "owner, sales@example.com", "tls": "false"},
    "hubspot": {"token": TOKEN},
    "salesforce": {
        "token": TOKEN,
        "external_id_field": "Inlet_Id__c",
        "version": "v65.0",
        "allow_duplicates": True,
    },
    "pipedrive": {"token": TOKEN},
}


def refusal(check, *given):
    with pytest.raises(Refused) as refused:
        check(*given)
    return refused.value.code, str(refused.value)


def test_every_format_is_described():
    assert FORMATS.keys() == GOOD.keys()
    assert all(FORMATS.values())


@pytest.mark.parametrize("format", GOOD)
def test_options_that_fit_are_taken(format):
    check_options(format, GOOD[format])


@pytest.mark.parametrize("format", GOOD)
def test_an_option_that_a_format_does_not_have_is_refused(format):
    code, sentence = refusal(check_options, format, GOOD[format] | {"chanel": TOKEN})

    assert code == "bad_option"
    assert sentence.endswith(", not chanel")
    assert TOKEN not in sentence


@pytest.mark.parametrize(
    ("format", "option"),
    [(format, name) for format in GOOD for name, one in options_of(format).items() if one.required],
)
@pytest.mark.parametrize("nothing", [None, "", "missing"])
def test_an_option_that_is_needed_is_asked_for(format, option, nothing):
    given = GOOD[format] | {option: nothing}
    if nothing == "missing":
        del given[option]

    code, sentence = refusal(check_options, format, given)

    assert (code, f"needs {option}: " in sentence) == ("bad_option", True)


@pytest.mark.parametrize(
    ("format", "option", "value"),
    [
        ("hubspot", "token", "a\r\nX: y"),
        ("hubspot", "token", "a b"),
        ("salesforce", "external_id_field", "Email"),
        ("salesforce", "external_id_field", "../x__c"),
        ("salesforce", "version", "sixty-two"),
        ("salesforce", "allow_duplicates", "perhaps"),
        ("email", "from", "inlet"),
        ("email", "from", "a@b.c, d@e.f"),
        ("email", "to", "sales"),
        ("email", "to", "a@b.c d@e.f"),
        ("email", "to", "a@b.c\r\nBcc: x@y.z"),
        ("email", "to", ["a@b.c", "x"]),
        ("cloudevents", "source", "a b"),
        ("teams", "bare", ""),
    ],
)
def test_an_option_that_does_not_fit_is_refused_and_not_repeated(format, option, value):
    code, sentence = refusal(check_options, format, GOOD[format] | {option: value})

    assert code == "bad_option"
    assert sentence.startswith(f"{option} must be ")
    assert not value or str(value) not in sentence


def test_a_format_that_there_is_not_is_refused_with_those_that_there_are():
    code, sentence = refusal(check_options, "smoke signals", {})

    assert code == "unknown_format"
    assert all(format in sentence for format in FORMATS)


@pytest.mark.parametrize(
    ("format", "url", "good"),
    [
        ("slack", "https://hooks.slack.com/x", True),
        ("slack", "smtp://mail.example.com", False),
        ("email", "smtps://mail.example.com", True),
        ("email", "https://mail.example.com", False),
        ("webhook", "https://x.example.com/?a=b", True),
        ("hubspot", "https://api.hubapi.com", True),
        ("hubspot", "https://api.hubapi.com/?hapikey=1", False),
    ],
)
def test_a_url_is_of_the_formats_kind(format, url, good):
    if good:
        check_url(format, url)
    else:
        assert refusal(check_url, format, url)[0] == "bad_url"


def test_secrets_are_not_shown():
    assert shown_options("salesforce", GOOD["salesforce"]) == GOOD["salesforce"] | {"token": "***"}
    assert shown_options("gone", {"token": TOKEN}) == {"token": "***"}
    assert TOKEN not in repr(told("hubspot", options=GOOD["hubspot"]).endpoint)


@pytest.mark.parametrize("format", ["hubspot", "salesforce", "pipedrive"])
def test_secrets_are_not_in_what_is_logged_of_a_request(format):
    assert TOKEN not in repr(next(steps_of(told(format, options=GOOD[format]))))


@pytest.mark.parametrize(
    "root", ["https://api.example.com", "https://api.example.com/", "https://p.example/a/"]
)
def test_an_api_may_stand_behind_a_proxy(root):
    request, _ = first(steps_of(told("hubspot", url=root, options=GOOD["hubspot"])))

    assert request.url == root.rstrip("/") + "/crm/objects/2026-03/contacts/batch/upsert"

import pytest
from support import a_message

from app.domain import Facts, Sender
from app.routing.context import SENDER_FIELDS
from app.routing.people import account_of, contact_of, host_of, sender_fields
from app.routing.private_mail import PRIVATE_HOSTS
from app.routing.suffixes import SUFFIXES


@pytest.mark.parametrize(
    ("email", "contact"),
    [
        (" Ada@Mail.Acme.COM ", "ada@mail.acme.com"),
        ("visitor-7", "visitor-7"),
        ("  ", None),
        ("", None),
        (None, None),
    ],
)
def test_a_contact_is_the_address_in_lower_case(email, contact):
    assert contact_of(email) == contact


@pytest.mark.parametrize(
    ("email", "account"),
    [
        ("ada@acme.com", "acme.com"),
        ("ADA@ACME.COM ", "acme.com"),
        ("ada@mail.eu.acme.com", "acme.com"),
        ("ada@acme.co.uk", "acme.co.uk"),
        ("ada@mail.acme.co.uk", "acme.co.uk"),
        ("ada@vendas.acme.com.br", "acme.com.br"),
        ("ada@acme.com.au", "acme.com.au"),
        ("ada@www.acme.co.jp", "acme.co.jp"),
        ("ada@cs.ox.ac.uk", "ox.ac.uk"),
        ("ada@anything.com.bd", "anything.com.bd"),
        ("ada@müller.de", "müller.de"),
        ("ada@xn--mller-kva.de", "xn--mller-kva.de"),
        ("ada@acme.com.", "acme.com"),
        ("ada+spam@acme.io", "acme.io"),
    ],
)
def test_an_account_is_the_domain_that_its_company_registered(email, account):
    assert account_of(email) == account


@pytest.mark.parametrize(
    "email",
    [
        *("ada@gmail.com", "ada@GMX.de", "ada@yahoo.co.jp", "ada@hotmail.com.br", "ada@qq.com"),
        *("ada@t-online.de", "ada@orange.fr", "ada@wp.pl", "ada@mail.ru", "ada@naver.com"),
        *("ada@docomo.ne.jp", "ada@k7.docomo.ne.jp", "ada@uol.com.br", "ada@mail.goo.ne.jp"),
    ],
)
def test_a_private_address_has_no_account(email):
    assert account_of(email) is None


@pytest.mark.parametrize(
    "email",
    [
        *(None, "", "ada", "@acme.com", "ada@", "ada@acme", "ada@acme..com", "ada@-acme.com"),
        *("ada@acme-.com", "ada@192.0.2.1", "ada@[192.0.2.1]", "ada b@acme.com", "ada@acme.c"),
        *(
            "<ada@acme.com",
            "ada@acme.com>",
            "ada@ac me.com",
            "ada@co.uk",
            "ada@com.bd",
            "ada@_.com",
        ),
        "a" * 400 + "@acme.com",
    ],
)
def test_what_is_no_address_has_no_account(email):
    assert account_of(email) is None


def test_a_long_host_is_judged_at_once():
    assert account_of("a@" + "a" * 63 + "." * 200) is None
    assert host_of("a@" + "a-" * 120 + "!") is None


def test_the_lists_hold_names_as_they_are_compared():
    for name in PRIVATE_HOSTS | SUFFIXES:
        assert name == name.strip().lower()
        assert "." in name
    assert {"gmail.com", "yahoo.co.uk", "web.de"} <= PRIVATE_HOSTS
    assert {"co.uk", "com.br", "com.au", "co.jp", "com.mx", "co.za", "com.tr"} <= SUFFIXES
    assert not PRIVATE_HOSTS & SUFFIXES


def test_a_sender_is_told_of_by_the_gateway_and_by_the_signature():
    message = a_message(sender=Sender("Ada@Mail.Acme.com", "Ada Lovelace"))
    contact = {"name": "A. L.", "title": "CFO", "company": "Acme Ltd", "phone": "+442079460018"}
    signature = "Ada\nCFO, Acme Ltd\nT 020 7946 0018 | www.Acme.com/de/ | ada@www.acme.com"

    found = sender_fields(message, Facts(shown={"contact": contact, "signature": signature}))

    assert found == {
        "email": "ada@mail.acme.com",
        "domain": "mail.acme.com",
        "name": "Ada Lovelace",
        "company": "Acme Ltd",
        "title": "CFO",
        "phone": "+442079460018",
        "country": "GB",
        "website": "www.acme.com/de",
    }
    assert tuple(found) == SENDER_FIELDS


def test_a_name_is_taken_from_the_signature_where_the_gateway_tells_none():
    found = sender_fields(a_message(sender=Sender()), Facts(shown={"contact": {"name": "Ada"}}))

    assert found == {"name": "Ada"}


@pytest.mark.parametrize(
    ("email", "phone", "country"),
    [
        ("a@acme.de", None, "DE"),
        ("a@acme.co.uk", None, "GB"),
        ("a@acme.de", "+12125550123", "US"),
        ("a@acme.de", "+999", "DE"),
        ("a@acme.de", "+80012345678", "DE"),  # of no country
        ("a@acme.io", None, None),
        ("a@acme.com", None, None),
        (None, None, None),
    ],
)
def test_a_country_is_the_phones_or_else_the_addresss(email, phone, country):
    facts = Facts(shown={"contact": {"phone": phone}})

    assert sender_fields(a_message(sender=Sender(email)), facts).get("country") == country


@pytest.mark.parametrize("contact", [None, "Ada", ["Ada"], {"name": 7, "title": " ", "phone": {}}])
def test_a_contact_of_another_shape_tells_nothing(contact):
    assert sender_fields(a_message(sender=Sender()), Facts(shown={"contact": contact})) == {}


def test_long_fields_are_cut():
    facts = Facts(shown={"contact": {"title": "C" * 5_000}, "signature": "www." + "a" * 5_000})

    found = sender_fields(a_message(sender=Sender()), facts)

    assert {name: len(text) for name, text in found.items()} == {"title": 200, "website": 184}


def test_without_facts_only_the_gateway_tells():
    assert sender_fields(a_message(sender=Sender("a@gmail.com")), None) == {
        "email": "a@gmail.com",
        "domain": "gmail.com",
    }

import pytest

from app.dashboard.oidc_people import Person, person_of, verified_address
from app.domain import Role

ROLES = {
    "@example.com": Role.VIEWER,
    "boss@example.com": Role.ADMIN,
    "sales": Role.AGENT,
}
CLAIMS = {"sub": "u-1", "email": "ana@example.com", "email_verified": True, "name": "boss"}


def role(**claims):
    found = person_of({**CLAIMS, **claims}, ROLES, claim="groups")
    return found and found.role


def name(**claims):
    found = person_of({**CLAIMS, "groups": ["sales"], **claims}, ROLES, claim="groups")
    return found and found.name


def test_the_highest_of_several_roles_counts():
    assert role() == Role.VIEWER
    assert role(groups=["sales"]) == Role.AGENT
    assert role(email="boss@example.com", groups=["sales"]) == Role.ADMIN


@pytest.mark.parametrize("groups", [None, 7, {"sales": True}, [["sales"]], "sales staff", "Sales"])
def test_only_a_text_or_a_list_of_texts_is_compared(groups):
    assert role(email="x@other.example", groups=groups) is None


def test_a_claim_cannot_be_an_address():
    assert role(email=None, groups=["@example.com", "boss@example.com"]) is None


def test_people_are_called_by_their_verified_address():
    assert person_of(CLAIMS, ROLES, claim="groups") == Person(
        name="ana@example.com", role=Role.VIEWER
    )


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"email_verified": False, "preferred_username": "ana"}, "ana"),
        ({"email_verified": False, "preferred_username": " "}, "u-1"),
        ({"email": None}, "u-1"),
    ],
)
def test_without_one_they_are_called_as_they_sign_in_and_never_as_they_please(claims, expected):
    assert name(**claims) == expected


@pytest.mark.parametrize(
    ("email", "verified", "expected"),
    [
        ("Ana@Example.COM", True, "ana@example.com"),
        ("ana@example.com", "true", "ana@example.com"),
        ("ana@example.com", "false", None),
        ("ana@example.com", 2, None),
        ("ana@example.com", None, None),
        ("ana@example.com@other.example", True, None),
        ("@example.com", True, None),
        ("ana@", True, None),
        ("ana", True, None),
        ("a na@example.com", True, None),
        ("ana@example.com\n", True, None),
        ("an\u212a@example.com", True, None),  # KELVIN SIGN, whose small letter is k
        (["ana@example.com"], True, None),
    ],
)
def test_an_address_counts_where_it_is_one_and_verified(email, verified, expected):
    assert verified_address({"email": email, "email_verified": verified}) == expected

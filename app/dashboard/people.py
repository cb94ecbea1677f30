"""GET /contacts/{address} and /accounts/{domain}: who they are, and what they wrote until now."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.people_parts import Person, person_of
from app.dashboard.rendering import page
from app.dashboard.rows import owner_name
from app.dashboard.sessions import Viewer
from app.domain import Role
from app.errors import NotFound
from app.routing.people import account_of, contact_of
from app.storage.messages import COUNTED, By, Whose

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_PATHS = {By.CONTACT: "/contacts/", By.ACCOUNT: "/accounts/"}
_MAX_CHARS = 320  # of an address: RFC 5321, section 4.5.3.1
MayLook = Annotated[Viewer, Depends(Needs(Role.VIEWER))]
Admitted = Annotated[Admission, Depends(page_admission)]
Serving = Annotated[Services, Depends(services_of)]


@router.api_route("/contacts/{address:path}", methods=["GET", "HEAD"])
async def show_contact(
    address: str, request: Request, viewer: MayLook, services: Serving, admission: Admitted
) -> Response:
    """Show a person, by their address."""
    whose = Whose(By.CONTACT, _name(address))
    return await _shown(request, whose, services, admission)


@router.api_route("/accounts/{domain:path}", methods=["GET", "HEAD"])
async def show_account(
    domain: str, request: Request, viewer: MayLook, services: Serving, admission: Admitted
) -> Response:
    """Show a company, by the domain that it registered."""
    whose = Whose(By.ACCOUNT, _name(domain))
    return await _shown(request, whose, services, admission)


async def _shown(
    request: Request, whose: Whose, services: Services, admission: Admission
) -> Response:
    given = request.query_params.get("older", "")
    after, policy = checked_id(given, "msg") if given else None, services.intake.policy()
    person = await admission.run(lambda: _person(services, whose, after))
    return await page(
        request,
        "person.html",
        status_code=200 if person.rows else 404,
        person=person,
        address=_PATHS[whose.by] + quote(whose.name, safe="@"),
        is_contact=whose.by is By.CONTACT,
        account=account_of(whose.name) if whose.by is By.CONTACT else None,
        owners=policy.owners,
        name_of=lambda owner: owner_name(policy.owners, owner),
        is_told=services.settings.webhook_personal_data,
        counted=COUNTED,
    )


def _person(services: Services, whose: Whose, after: str | None) -> Person:
    owners = services.intake.policy().owners
    with services.database.read() as conn:
        return person_of(conn, whose, owners, now=services.now(), after=after)


def _name(given: str) -> str:
    """Read the name under which somebody is known, out of an address of a page.

    Raises:
        NotFound: Nobody can be known by it.
    """
    name = contact_of(given)
    if name is None or len(name) > _MAX_CHARS or not name.isprintable():
        raise NotFound("nobody can be known by this name")
    return name

"""The sign-in by OpenID Connect of one application, where its operator set one up."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.api.admission import Admission
from app.api.same_site import origin_of
from app.api.services import Services
from app.dashboard.inviting import checked_name
from app.dashboard.oidc_flow import PROOF, STATE, UNKNOWN, Flow, SignInFailed, begun, read
from app.dashboard.oidc_people import Person, person_of
from app.domain import Role
from app.errors import ConfigError, Refused
from app.storage import server_keys
from app.storage.engine import Database

if TYPE_CHECKING:  # it imports what the extra brings
    from app.dashboard.oidc_provider import Provider

LEAVE = "/login/oidc"
BACK = "/login/oidc/back"  # providers must know it
MAX_CODE_CHARS = 4_096
_AT_ONCE = 8  # exchanges with the provider; each may wait for as long as a delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Oidc:
    """Signs people in by a provider. Its calls block: not for the event loop."""

    name: str  # of the provider, as the page shows it: its host
    provider: "Provider"
    roles: Mapping[str, Role]
    claim: str
    database: Database
    now: Callable[[], datetime]
    admission: Admission

    def leave(self, back_to: str) -> tuple[str, str]:
        """Begin a sign-in; gives the address to go to, and the cookie to come back with.

        Raises:
            SignInFailed: The provider cannot be reached.
        """
        secret = secrets.token_urlsafe(32)
        flow, cookie = begun(self._key(), secret, back_to=back_to, now=self.now())
        return self.provider.address(flow), cookie

    def begun(self, cookie: str) -> Flow | None:
        """Give the sign-in that a browser began here."""
        return read(self._key(), cookie, self.now())

    def come_back(self, flow: Flow, code: str) -> Person:
        """Tell who has signed in at the provider.

        Raises:
            SignInFailed: Nobody did, or nobody who may come in.
        """
        if not 0 < len(code) <= MAX_CODE_CHARS:
            raise SignInFailed(STATE, why="no_code")
        claims = self.provider.claims(code, flow)
        person = person_of(claims, self.roles, claim=self.claim)
        if person is None:
            raise SignInFailed(UNKNOWN, why="no_role")
        try:
            return Person(name=checked_name(person.name), role=person.role)
        except Refused:
            raise SignInFailed(PROOF, why="bad_name") from None

    def _key(self) -> bytes:
        return server_keys.key_of(self.database, server_keys.OIDC, now=self.now())


def oidc_of(services: Services) -> Oidc | None:
    """Make the sign-in by the settings; None where they name no issuer.

    Raises:
        ConfigError: The extra is not installed.
    """
    settings = services.settings
    issuer, secret, public_url = (
        settings.oidc_issuer,
        settings.oidc_client_secret,
        settings.public_url,
    )
    if not (issuer and settings.oidc_client_id and secret and public_url):
        return None
    _check_extra()
    from app.dashboard.oidc_provider import Client, Provider  # the extra is there

    client = Client(
        issuer=issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value(),
        redirect_uri=public_url + BACK,
        claim=settings.oidc_claim,
    )
    return Oidc(
        name=(origin_of(issuer) or "").partition("://")[2],
        provider=Provider(client, begin=services.begin, now=services.now),
        roles=settings.oidc_roles,
        claim=settings.oidc_claim,
        database=services.database,
        now=services.now,
        admission=Admission(_AT_ONCE, refusal="too many people are signing in"),
    )


def _check_extra() -> None:
    """Say how to get what the sign-in needs, before anything is served."""
    try:
        import joserfc  # noqa: F401  of this extra alone
    except ModuleNotFoundError as error:
        raise ConfigError(
            "INLET_OIDC_ISSUER needs joserfc: `pip install 'inlet[oidc]'`, or unset it"
        ) from error

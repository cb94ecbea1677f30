"""The link that signs in whoever runs the service, and where a browser finds the pages."""

import getpass
from datetime import datetime

from app.cli.server import shown_host
from app.dashboard.inviting import LIFE, address_of, invite
from app.domain import Role
from app.settings import Settings
from app.storage import sessions
from app.storage.engine import Database

MINUTES = int(LIFE.total_seconds() / 60)  # that a link is good for


def sign_in_line(settings: Settings, database: Database, *, now: datetime) -> str:
    """Say how the operator signs in: by a new link, unless an admin is signed in already.

    Who is signed in needs none, and what a start prints may be kept in a log.
    """
    url = base_url_of(settings)
    with database.read() as conn:
        signed_in = any(one.role is Role.ADMIN for one in sessions.holding(conn, now))
    if signed_in:
        return f"pages: {url}/ (an admin is signed in; `inlet login` makes a link for another)"
    token = invite(database, name=operator(), role=Role.ADMIN, now=now)
    return f"sign in, once and within {MINUTES} minutes: {address_of(url, token)}"


def base_url_of(settings: Settings, *, port: int | None = None) -> str:
    """Tell where a browser reaches the pages, without a slash at the end."""
    if settings.public_url is not None and port is None:
        return settings.public_url
    return f"http://{shown_host(settings.host)}:{port or settings.port}"


def operator() -> str:
    """Name the user of this machine; a container's need have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"

"""`inlet login`: a link that signs somebody in to the pages, once."""

from contextlib import closing
from typing import Annotated

import typer

from app.cli.output import print_json, say, told_errors
from app.cli.sign_in import MINUTES, base_url_of, operator
from app.dashboard.inviting import address_of, checked_name, invite
from app.domain import Role
from app.parts import open_database_of, utc_now
from app.settings import load_settings


def login(
    role: Annotated[
        Role, typer.Option(help="viewer looks; agent takes and corrects; admin changes settings")
    ] = Role.ADMIN,
    name: Annotated[
        str | None, typer.Option(help="who signs in; default: the user of this machine")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="of the service, if not INLET_PORT's", min=1, max=65_535)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Print a link that signs somebody in to the pages; it works once, within 15 minutes.

    Name owners as the policy calls them: what somebody takes on the pages is noted under the name.
    """
    with told_errors():
        settings = load_settings()
        invited = checked_name(operator() if name is None else name)
        with closing(open_database_of(settings)) as database:
            token = invite(database, name=invited, role=role, now=utc_now())
    url = address_of(base_url_of(settings, port=port), token)
    if as_json:
        print_json({"url": url, "name": invited, "role": role.value, "minutes": MINUTES})
        return
    say(f"Open it within {MINUTES} minutes; it signs {invited} in once, as {role.value}.")
    typer.echo(url)

"""GET /inbox: who wrote, what they want, who answers and by when; newest first, and live.

POST /samples/remove lets the samples in it go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.acting import acting_as
from app.dashboard.failing import PageRoute
from app.dashboard.looking import UNSURE, Look, look_of, written
from app.dashboard.rendering import done, page
from app.dashboard.rows import ShownRow, shown_rows
from app.dashboard.sessions import Viewer
from app.domain import Channel, InboxState, Role
from app.routing.policy import Policy
from app.storage import inbox, samples
from app.storage.engine import Connection
from app.storage.inbox_search import search
from models.labels import INTENTS, LABELS

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page of the inbox shows."""

    rows: tuple[ShownRow, ...]
    older: str | None  # where the next page begins; None: there is none
    counts: Mapping[InboxState, int] | None  # of the list, by state; None of what was searched for
    marks: tuple[int, int]  # how far the inbox was
    sampled: bool  # whether there are samples


@router.api_route("/inbox", methods=["GET", "HEAD"])
async def show(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER))],
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> Response:
    """Show a page of the list, or of what a search found."""
    look, policy = look_of(request.query_params), services.intake.policy()
    seen = await admission.run(lambda: _seen(services, look, policy))
    return await page(
        request,
        "inbox.html",
        look=look,
        seen=seen,
        older=seen.older and look.address(older=seen.older),
        stream=_stream(look, seen),
        owners=policy.owners,
        me=acting_as(viewer, policy),
        choices=_choices(look, policy),
        states=tuple(InboxState),
        counted=inbox.COUNTED,
    )


@router.post("/samples/remove")
async def remove_samples(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.ADMIN))],
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> Response:
    """Let all samples go, with what was said of them."""
    count = await admission.run(lambda: _removed(services))
    return done(request, "/inbox", "told.samples_removed" if count else "told.nothing_changed")


def _removed(services: Services) -> int:
    with services.database.write() as conn:
        return samples.remove(conn)


def _seen(services: Services, look: Look, policy: Policy) -> Seen:
    with services.database.read() as conn:
        marks = inbox.marks(conn)
        found, older = _found(conn, look)
        counts = None if look.words else inbox.counts(conn, look.filters)
        rows = shown_rows(conn, found, policy.owners)
        sampled = samples.there(conn)
    return Seen(rows=rows, older=older, counts=counts, marks=marks, sampled=sampled)


def _found(conn: Connection, look: Look) -> tuple[tuple[inbox.InboxRow, ...], str | None]:
    """Give a page of rows, and where the next one begins."""
    if look.words:
        found = search(conn, look.words, look.filters, before=look.before)
        return found.rows, None if found.before is None else str(found.before)
    rows = inbox.page(conn, look.filters, after=look.after)
    return rows, written(rows[-1].cursor) if len(rows) == inbox.LIMIT else None


def _stream(look: Look, seen: Seen) -> str:
    """Write where the live rows of this page come from."""
    revision, number = seen.marks
    still = None if look.is_newest else "1"  # rows that are there may change; none comes
    return look.address("/inbox/stream", after=f"{revision}-{number}", q=None, still=still)


def _choices(look: Look, policy: Policy) -> dict[str, tuple[str, ...]]:
    """Say what there is to filter by, what is asked for always among it."""
    asked = look.values()
    routes = [rule.route for rule in policy.every_rule]
    intents = [intent for rule in policy.every_rule for intent in rule.intents]
    found = {
        "route": [*routes, asked.get("route", "")],
        "intent": [*LABELS[INTENTS], *intents, asked.get("intent", "")],
        "channel": [channel.value for channel in Channel],
        "owner": [*policy.owners, asked.get("owner", "")],
    }
    return {
        name: tuple(one for one in dict.fromkeys(values) if one not in ("", UNSURE))
        for name, values in found.items()
    }

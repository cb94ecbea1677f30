"""GET and POST /r/{token}: the pages behind an alert's links, for whoever has the link.

Mail scanners and link previews fetch links, so that GET and HEAD never change anything: a page's
form does, by a POST.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.api import page_views
from app.api.admission import Admission, page_admission
from app.api.body import read_body
from app.api.page_html import HEADERS, View, html_of
from app.api.page_views import BY_LINK, EXPIRED, LATER, NONE_OF_THESE, UNKNOWN, Opened
from app.api.services import Services, services_of
from app.domain import Feedback, FeedbackKind, new_id
from app.errors import Overloaded, Refused
from app.replies.feedback import label_problem, labels_of, note
from app.replies.links import Action, Refusal, Ticket, read_token
from app.replies.settling import acknowledge
from app.storage import clocks, messages, server_keys
from app.storage import feedback as stored_feedback
from app.storage.server_keys import KEY_BYTES, LINKS

router = APIRouter(include_in_schema=False)  # for people; programs have app.api.replies

_MAX_FORM_BYTES = 4_096
_MAX_FIELDS = 64


@router.api_route("/r/{token}", methods=["GET", "HEAD"])
async def show(
    token: str,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> HTMLResponse:
    """Show what a link would do; changes nothing."""
    return await _page(admission, lambda: _shown(services, token))


@router.post("/r/{token}")
async def act(
    token: str,
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> HTMLResponse:
    """Do what a link is for, once however often it is asked, and say how things stand."""
    raw = await read_body(request, max_bytes=_MAX_FORM_BYTES, deadline_s=services.body_deadline_s)
    if not _is_own_page(request.headers):
        return await _page(admission, lambda: replace(_shown(services, token), status=403))
    ticked = _ticked(raw)
    return await _page(admission, lambda: _done(services, token, ticked))


async def _page(admission: Admission, view: Callable[[], View]) -> HTMLResponse:
    try:
        seen = await admission.run(view)
    except Overloaded as error:
        headers = {**HEADERS, "Retry-After": str(error.retry_after_s)}
        return HTMLResponse(html_of(LATER), LATER.status, headers=headers)
    return HTMLResponse(html_of(seen), seen.status, headers=dict(HEADERS))


def _shown(services: Services, token: str) -> View:
    opened = _open(services, token)
    return opened if isinstance(opened, View) else page_views.offered(opened)


def _done(services: Services, token: str, ticked: tuple[str, ...]) -> View:
    opened = _open(services, token)
    if isinstance(opened, View):
        return opened
    if opened.ticket.action is Action.MINE:
        return page_views.taken(_taken(services, opened))
    if opened.ticket.action is Action.NOT_A_LEAD:
        return page_views.noted(_said(services, opened, FeedbackKind.NOT_A_LEAD, None))
    return _corrected(services, opened, ticked)


def _open(services: Services, token: str) -> Opened | View:
    """Find what a link is about; the page to show instead where it opens nothing."""
    now = services.now()
    with services.database.read() as conn:
        key = server_keys.find(conn, LINKS) or secrets.token_bytes(KEY_BYTES)
        ticket = read_token(key, token, now)
        if not isinstance(ticket, Ticket):
            return EXPIRED if ticket is Refusal.EXPIRED else UNKNOWN
        stored = messages.find(conn, ticket.message_id)
        if stored is None:
            return UNKNOWN
        return Opened(
            ticket=ticket,
            stored=stored,
            clock=clocks.of_message(conn, ticket.message_id),
            feedback=stored_feedback.last(conn, ticket.message_id),
            owners=services.intake.policy().owners,
            personal_data=services.settings.webhook_personal_data,
            now=now,
        )


def _taken(services: Services, opened: Opened) -> Opened:
    ticket = opened.ticket
    with services.database.write() as conn:
        settled = acknowledge(conn, ticket.message_id, by=ticket.owner or BY_LINK, now=opened.now)
    return replace(opened, clock=settled.clock)


def _corrected(services: Services, opened: Opened, ticked: tuple[str, ...]) -> View:
    intents = tuple(opened.stored.prediction["intents"])
    labels = tuple(label for label in ticked if label != NONE_OF_THESE)
    if not ticked:
        return page_views.asked_again(opened, "Tick at least one box.")
    if label_problem(labels, intents) or (labels and NONE_OF_THESE in ticked):
        return page_views.asked_again(opened, "“None of these” goes with no other box.")
    said = _said(services, opened, FeedbackKind.WRONG_LABEL, labels_of(labels, intents))
    return page_views.noted(said)


def _said(
    services: Services, opened: Opened, kind: FeedbackKind, labels: tuple[str, ...] | None
) -> Opened:
    ticket = opened.ticket
    said = Feedback(
        id=new_id("fb", opened.now),
        message_id=ticket.message_id,
        kind=kind,
        labels=labels,
        given_by=ticket.owner or BY_LINK,
        created_at=opened.now,
    )
    with services.database.write() as conn:
        noted = note(conn, said, policy=services.intake.policy(), now=opened.now)
    if noted is None:  # the message was there a moment ago, and is never taken away
        return opened
    return replace(opened, clock=noted.clock, feedback=noted.feedback)


def _is_own_page(headers: Headers) -> bool:
    """Whether a POST may come from a page of ours: a browser says so, other clients say nothing.

    Source:
        W3C Fetch Metadata Request Headers, section 2.3 (Sec-Fetch-Site). Origin would be null,
        since our pages send no referrer.
    """
    return headers.get("sec-fetch-site", "none").lower() in ("none", "same-origin")


def _ticked(raw: bytes) -> tuple[str, ...]:
    """Read the boxes that were ticked.

    Raises:
        Refused: `bad_request`.
    """
    try:
        fields = parse_qsl(raw.decode("ascii"), max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise Refused("the form cannot be read", code="bad_request") from None
    return tuple(dict.fromkeys(value for name, value in fields if name == "label"))

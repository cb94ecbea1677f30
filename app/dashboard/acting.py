"""POST /messages/{id}/…: take a message, give it to somebody, correct its labels, be done with it.

htmx gets the message's row of the inbox as it is now; a form without a script leads back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.local_paths import local_path
from app.dashboard.rendering import done, fragment, toast, translator_of
from app.dashboard.rows import shown_rows
from app.dashboard.sessions import Viewer
from app.domain import ClockStatus, Feedback, FeedbackKind, InboxState, Role, new_id
from app.errors import NotFound, Refused
from app.replies.feedback import label_problem, labels_of, note, told_labels
from app.replies.handing import hand_to
from app.replies.settling import Outcome, acknowledge
from app.replies.telling import Moment
from app.routing.policy import Policy
from app.storage import clocks, inbox, inbox_keeping, messages
from app.storage.engine import Connection

router = APIRouter(include_in_schema=False, route_class=PageRoute)

NONE_OF_THESE = "-"  # the value of its box
_NOTHING = "told.nothing_changed"
_NO_MESSAGE = "there is no message with this id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody does with a message, and what it is done with."""

    message_id: str
    by: str  # the owner of the policy that they are, or their name
    form: Fields
    services: Services
    policy: Policy
    now: datetime

    @property
    def moment(self) -> Moment:
        """When it is done, and what receivers are told of it."""
        return Moment(now=self.now, policy=self.policy, telling=self.services.intake.store.telling)


Act = Callable[[Connection, Deed], str]
"""Do it, in a writing transaction; gives the text that says what was done."""


async def deed_of(
    id: str,
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.AGENT))],
    services: Annotated[Services, Depends(services_of)],
) -> Deed:
    """Give an endpoint what its request is to do; a dependency."""
    policy = services.intake.policy()
    return Deed(
        message_id=checked_id(id, "msg"),
        by=acting_as(viewer, policy),
        form=await fields(request),
        services=services,
        policy=policy,
        now=services.now(),
    )


Wanted = Annotated[Deed, Depends(deed_of)]
Admitted = Annotated[Admission, Depends(page_admission)]


@router.post("/messages/{id}/take")
async def take(request: Request, deed: Wanted, admission: Admitted) -> Response:
    """Let whoever asks have a message; of many who try, one is the first."""
    return await _done(request, deed, admission, _take)


@router.post("/messages/{id}/pass")
async def pass_on(request: Request, deed: Wanted, admission: Admitted) -> Response:
    """Give a message that nobody took to an owner of the policy."""
    return await _done(request, deed, admission, _pass_on)


@router.post("/messages/{id}/correct")
async def correct(request: Request, deed: Wanted, admission: Admitted) -> Response:
    """Keep which labels hold, that those of the model do, or that it is no lead."""
    return await _done(request, deed, admission, _correct)


@router.post("/messages/{id}/done")
async def finish(request: Request, deed: Wanted, admission: Admitted) -> Response:
    """Be done with a message; one that waits is taken by it."""
    return await _done(request, deed, admission, _finish)


@router.post("/messages/{id}/reopen")
async def reopen(request: Request, deed: Wanted, admission: Admitted) -> Response:
    """Take back that a message is done."""
    return await _done(request, deed, admission, _reopen)


def acting_as(viewer: Viewer, policy: Policy) -> str:
    """Give the owner that somebody signed in as, by id, name or address; else their own name."""
    name = viewer.name.casefold()
    for owner in policy.owners.values():
        if name in (owner.id.casefold(), owner.name.casefold(), (owner.email or "").casefold()):
            return owner.id
    return viewer.name


async def _done(request: Request, deed: Deed, admission: Admission, act: Act) -> Response:
    told, row = await admission.run(lambda: _acted(deed, act))
    if "hx-request" not in request.headers or row is None:
        return done(request, local_path(deed.form.get("back")), told)
    kind = "bad" if told in (_NOTHING, "told.taken_before") else "good"
    return await fragment(
        request,
        "inbox_row.html",
        headers=toast(translator_of(request)(told), kind=kind),
        one=row,
        owners=deed.policy.owners,
        back=local_path(deed.form.get("back")),
    )


def _acted(deed: Deed, act: Act) -> tuple[str, Any]:
    with deed.services.database.write() as conn:
        told = act(conn, deed)
        found = inbox.find(conn, deed.message_id)
        if found is None:
            raise NotFound(_NO_MESSAGE)
        rows = shown_rows(conn, [found], deed.policy.owners)
    deed.services.intake.on_enqueued()
    return told, next(iter(rows), None)


def _take(conn: Connection, deed: Deed) -> str:
    settled = acknowledge(conn, deed.message_id, by=deed.by, now=deed.now)
    if settled.outcome is Outcome.NO_CLOCK:
        return "told.taken" if hand_to(conn, deed.message_id, deed.by, deed.moment) else _NOTHING
    if settled.first:
        return "told.taken"
    return _NOTHING if settled.by == deed.by else "told.taken_before"


def _pass_on(conn: Connection, deed: Deed) -> str:
    owner = deed.form.get("owner", "")
    if owner not in deed.policy.owners:
        raise Refused("choose one of the policy's owners", code="unknown_owner")
    passed = hand_to(conn, deed.message_id, owner, deed.moment)
    return "told.reassigned" if passed else _NOTHING


def _correct(conn: Connection, deed: Deed) -> str:
    stored = messages.find(conn, deed.message_id)
    if stored is None:
        raise NotFound(_NO_MESSAGE)
    kind, labels = _said(deed.form, stored.prediction)
    said = Feedback(
        id=new_id("fb", deed.now),
        message_id=deed.message_id,
        kind=kind,
        labels=labels,
        given_by=deed.by,
        created_at=deed.now,
    )
    note(conn, said, policy=deed.policy, now=deed.now)
    inbox_keeping.touch(conn, deed.message_id)
    return {
        FeedbackKind.RIGHT_LABEL: "told.confirmed",
        FeedbackKind.NOT_A_LEAD: "told.not_a_lead",
        FeedbackKind.WRONG_LABEL: "told.corrected",
    }[kind]


def _said(form: Fields, prediction: Any) -> tuple[FeedbackKind, tuple[str, ...] | None]:
    """Read what a form says of a message's labels: those of the model are right, or others are.

    Raises:
        Refused: `bad_labels`.
    """
    if form.get("kind") == FeedbackKind.NOT_A_LEAD:
        return FeedbackKind.NOT_A_LEAD, None
    told, intents = told_labels(prediction), tuple(prediction["intents"])
    if form.get("kind") == FeedbackKind.RIGHT_LABEL and told:
        return FeedbackKind.RIGHT_LABEL, told
    ticked = dict.fromkeys(form.getlist("label"))
    given = tuple(label for label in ticked if label != NONE_OF_THESE)
    if not ticked or label_problem(given, intents) or (given and NONE_OF_THESE in ticked):
        raise Refused(
            "tick at least one label; what stands alone goes with no other", code="bad_labels"
        )
    labels = labels_of(given, intents)
    return (FeedbackKind.RIGHT_LABEL if labels == told else FeedbackKind.WRONG_LABEL), labels


def _finish(conn: Connection, deed: Deed) -> str:
    settled = acknowledge(conn, deed.message_id, by=deed.by, now=deed.now)
    if settled.outcome is Outcome.NO_CLOCK:
        changed = inbox_keeping.mark(conn, deed.message_id, InboxState.DONE, by=deed.by)
    else:
        changed = inbox_keeping.finish(conn, deed.message_id)
    return "told.done" if changed else _NOTHING


def _reopen(conn: Connection, deed: Deed) -> str:
    clock, row = clocks.of_message(conn, deed.message_id), inbox.find(conn, deed.message_id)
    if clock is None:
        changed = inbox_keeping.mark(conn, deed.message_id, InboxState.OPEN, by=deed.by)
        return "told.released" if changed else _NOTHING
    done_by_hand = row is not None and row.state is InboxState.DONE
    if clock.status is not ClockStatus.ACKNOWLEDGED or not done_by_hand:
        return _NOTHING
    inbox_keeping.follow(conn, clock)
    return "told.released"

"""GET /messages/{id}: a message with all that was made of it, and what may be done with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, explain_admission, page_admission
from app.api.ids import checked_id
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.acting import NONE_OF_THESE, acting_as
from app.dashboard.failing import PageRoute
from app.dashboard.message_parts import Parts, Whole, parts_of, whole_of
from app.dashboard.rendering import fragment, page
from app.dashboard.rows import owner_name
from app.dashboard.sessions import Viewer
from app.domain import Role, Stored
from app.errors import NotFound, Overloaded
from app.storage import messages
from app.storage.clocks import LAPSED
from app.storage.samples import SAMPLE
from models.evidence import Asked

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_NO_MESSAGE = "there is no message with this id"
_SAID: Mapping[str, Any] = {  # of messages that were kept before it was told
    "labels": (),
    "abstained": False,
    "abstained_because": None,
    "signals": {},
    "language": None,
    "truncated": False,
}
_DECIDED: Mapping[str, Any] = {"reasons": (), "priority": None, "playbook": ""}
MayLook = Annotated[Viewer, Depends(Needs(Role.VIEWER))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as its page shows it."""

    whole: Whole
    parts: Parts
    is_explained: bool  # whether the sentences that carry its labels are known
    intents: tuple[tuple[str, float, bool], ...]  # with probability, and whether they count
    ticked: tuple[str, ...]  # labels that hold, as a person said, or else as the model does


@router.api_route("/messages/{id}", methods=["GET", "HEAD"])
async def show(
    id: str,
    request: Request,
    viewer: MayLook,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
) -> Response:
    """Show everything that is kept of a message."""
    message_id, policy = checked_id(id, "msg"), services.intake.policy()
    shown = await admission.run(lambda: _shown(services, message_id))
    return await page(
        request,
        "message.html",
        shown=shown,
        parts=shown.parts,
        whole=shown.whole,
        message=shown.whole.stored.message,
        prediction={**_SAID, **shown.whole.stored.prediction},
        decision={**_DECIDED, **shown.whole.stored.decision},
        clock=shown.whole.stored.clock,
        name_of=lambda owner: owner_name(policy.owners, owner),
        owners=policy.owners,
        me=acting_as(viewer, policy),
        none_of_these=NONE_OF_THESE,
        lapsed=LAPSED,
        sample=SAMPLE,
    )


@router.get("/messages/{id}/evidence")
async def evidence(
    id: str,
    request: Request,
    viewer: MayLook,
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(page_admission)],
    explaining: Annotated[Admission, Depends(explain_admission)],
) -> Response:
    """Give the text with the sentences marked that carry its labels, as the model sees it now."""
    message_id = checked_id(id, "msg")
    stored = await admission.run(lambda: _stored(services, message_id))
    said = await explaining.run(lambda: _explained(services, stored))
    return await fragment(request, "message_text.html", parts=parts_of(stored, said))


def _shown(services: Services, message_id: str) -> Shown:
    with services.database.read() as conn:
        whole = whole_of(conn, message_id)
    if whole is None:
        raise NotFound(_NO_MESSAGE)
    prediction = whole.stored.prediction
    labels = prediction.get("labels", ())
    intents: Mapping[str, float] = prediction["intents"]
    ranked = sorted(intents.items(), key=lambda pair: -pair[1])
    said = next((one.labels for one in whole.said if one.labels is not None), None)
    return Shown(
        whole=whole,
        parts=parts_of(whole.stored, prediction),
        is_explained="evidence" in prediction,
        intents=tuple((label, ratio, label in labels) for label, ratio in ranked),
        ticked=tuple(labels) if said is None else said,
    )


def _stored(services: Services, message_id: str) -> Stored:
    with services.database.read() as conn:
        stored = messages.find(conn, message_id)
    if stored is None:
        raise NotFound(_NO_MESSAGE)
    return stored


def _explained(services: Services, stored: Stored) -> Mapping[str, Any]:
    """Add what carries the labels of a message, unless it is known, or the model has no time."""
    said, message = stored.prediction, stored.message
    if "evidence" in said:
        return said
    intents: Mapping[str, float] = said["intents"]
    labels = tuple(said.get("labels") or [max(intents, key=intents.__getitem__)])
    asked = Asked(subject=message.subject, text=message.text, labels=labels)
    try:
        found = services.explain([asked])[0]
    except (Overloaded, KeyError):  # a model of today may not have a label of then
        return said
    return {**said, "evidence": {label: one.as_dict() for label, one in found.items()}}

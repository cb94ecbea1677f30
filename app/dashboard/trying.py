"""POST /model/try: what the model and the policy make of a text, of which nothing is kept."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app.api.admission import Admission, explain_admission, page_admission
from app.api.classify import predicted
from app.api.problems import InvalidInput
from app.api.reading import ReadText, read_texts
from app.api.services import Services, services_of
from app.dashboard.access import Needs
from app.dashboard.failing import PageRoute
from app.dashboard.forms import Fields, fields
from app.dashboard.marking import Piece, marked, stretches_of
from app.dashboard.model_page import PATH, shelf_of
from app.dashboard.rendering import fragment, page, translator_of
from app.dashboard.sessions import Viewer
from app.domain import Channel, Decision, Role
from app.errors import Overloaded
from app.routing.context import Context
from app.routing.decide import decide
from models.evidence import Asked, explained
from models.prediction import Prediction

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_FIELDS = ("subject", "text", "channel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is said of a text."""

    prediction: Mapping[str, Any]  # Prediction.as_dict(), with evidence where there was time
    intents: tuple[tuple[str, float, bool], ...]  # with probability, and whether they count
    subject: tuple[Piece, ...]
    text: tuple[Piece, ...]
    decision: Decision  # of the policy in force, about a stranger's message that comes now


@router.post(f"{PATH}/try")
async def ask(
    request: Request,
    viewer: Annotated[Viewer, Depends(Needs(Role.VIEWER, own_session_only=True))],
    services: Annotated[Services, Depends(services_of)],
    explaining: Annotated[Admission, Depends(explain_admission)],
    form: Annotated[Fields, Depends(fields)],
) -> Response:
    """Say what the model makes of a text; nothing is changed by it, so that a viewer may ask."""
    asked = {name: form.get(name, "").replace("\r\n", "\n") for name in _FIELDS}
    try:
        read = _read(asked, services.settings.max_text_chars)
    except InvalidInput as error:
        if "hx-request" in request.headers:
            raise
        empty = error.code == "empty_text"
        problem = translator_of(request)("model.try.empty") if empty else error.detail
        return await _whole(request, services, asked, problem=problem)
    prediction = services.for_channel((await predicted(services, [read.composed]))[0], read.channel)
    tried = await _explained(services, explaining, read, prediction)
    if "hx-request" in request.headers:
        return await fragment(request, "model_tried.html", tried=tried)
    return await _whole(request, services, asked, tried=tried)


def _read(asked: Mapping[str, str], max_text_chars: int) -> ReadText:
    """Read a form as the API reads a call to classify."""
    given = {name: value for name, value in asked.items() if value or name == "text"}
    return read_texts(json.dumps(given).encode(), max_text_chars=max_text_chars)[0]


async def _explained(
    services: Services, explaining: Admission, read: ReadText, prediction: Prediction
) -> Tried:
    """Find the sentences that carry the labels, unless the model has no time for it."""
    said: Mapping[str, Any] = prediction.as_dict()
    asked = Asked.about(read.subject, read.text, prediction)
    try:
        found = await explaining.run(lambda: services.explain([asked])[0])
    except Overloaded:
        found = None
    if found is not None:
        said = explained(prediction, found)
    context = Context(channel=read.channel or Channel.EMAIL.value, at=services.now())
    ranked = sorted(prediction.intents.items(), key=lambda pair: -pair[1])
    return Tried(
        prediction=said,
        intents=tuple((label, ratio, label in prediction.labels) for label, ratio in ranked),
        subject=marked(read.subject, stretches_of(said, "subject")),
        text=marked(read.text, stretches_of(said, "text")),
        decision=decide(prediction, context, services.intake.policy()),
    )


async def _whole(
    request: Request,
    services: Services,
    asked: Mapping[str, str],
    *,
    tried: Tried | None = None,
    problem: str = "",
) -> Response:
    """Answer a form without a script: with the whole page, what was asked still in it."""
    shelf = await (await page_admission(request)).run(lambda: shelf_of(services.settings.artifacts))
    return await page(
        request,
        "model.html",
        status_code=422 if problem else 200,
        shelf=shelf,
        served=services.model_version(),
        channels=tuple(Channel),
        asked=asked,
        problem=problem,
        tried=tried,
    )

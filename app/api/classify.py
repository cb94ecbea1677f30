"""POST /v1/classify: predictions about texts, of which nothing is kept."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.admission import Admission, explain_admission
from app.api.answer_schemas import ClassifyAnswer
from app.api.body import json_body, parsed
from app.api.openapi import body_of, problems
from app.api.problems import InvalidInput
from app.api.reading import ReadText, read_texts
from app.api.schemas import CLASSIFY_EXAMPLES, BatchRequest, TextRequest
from app.api.services import Services, services_of
from app.errors import PredictionLate
from app.explaining import Explain
from models.evidence import Asked, explained
from models.prediction import Prediction

router = APIRouter(tags=["classify"])

PATH = "/v1/classify"  # app.api.load_shedding stands before it
MAX_EXPLAINED = 16  # messages in a call; each costs the model up to a hundred texts


class Options(BaseModel):
    """What is answered beside the predictions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    explain: bool = Field(False, description="Name the sentence that carries each label.")


@router.post(
    PATH,
    summary="Classify texts",
    response_model=ClassifyAnswer,
    responses=problems(400, 401, 403, 408, 413, 415, 422, 500, 503),
    openapi_extra=body_of(TextRequest, BatchRequest, examples=CLASSIFY_EXAMPLES),
    dependencies=[Depends(Needs("classify"))],
)
async def classify(
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
    admission: Annotated[Admission, Depends(explain_admission)],
    options: Annotated[Options, Query()],
) -> JSONResponse:
    """Say of one text, or of up to 256, what the sender wants; nothing is stored.

    With `explain=true`, for up to 16, each prediction has `evidence`: by label, the sentence that
    carries it.
    """
    read = partial(read_texts, max_text_chars=services.settings.max_text_chars)
    texts = await parsed(raw, read)
    if options.explain and len(texts) > MAX_EXPLAINED:
        problem = f"are more than the {MAX_EXPLAINED} that one call can have explained"
        raise InvalidInput(f"messages {problem}", [("messages", problem)], code="too_many")
    answers = await predicted(services, [one.composed for one in texts])
    predictions = [
        services.for_channel(said, one.channel) for said, one in zip(answers, texts, strict=True)
    ]
    if not options.explain:
        return JSONResponse({"predictions": [one.as_dict() for one in predictions]})
    explain = partial(_explained, services.explain, texts, predictions)
    return JSONResponse({"predictions": await admission.run(explain)})


def _explained(
    explain: Explain, texts: Sequence[ReadText], predictions: Sequence[Prediction]
) -> list[dict[str, Any]]:
    asked = [
        Asked.about(text.subject, text.text, prediction)
        for text, prediction in zip(texts, predictions, strict=True)
    ]
    return [explained(*found) for found in zip(predictions, explain(asked), strict=True)]


async def predicted(services: Services, texts: Sequence[str]) -> list[Prediction]:
    """Wait for the model, but not for ever.

    Raises:
        Overloaded: The model's queue is full.
        PredictionLate: The deadline passed; whatever still waits is taken out of the queue.
    """
    future = asyncio.wrap_future(services.classify(texts))  # who cancels it cancels the batcher's
    try:
        async with asyncio.timeout(services.settings.predict_timeout_s):
            return await future
    except TimeoutError:
        raise PredictionLate("the model did not answer in time") from None

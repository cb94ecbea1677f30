"""POST /v1/classify: predictions about texts, of which nothing is kept."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse

from app.api.access import Needs
from app.api.answer_schemas import ClassifyAnswer
from app.api.body import json_body, parsed
from app.api.openapi import body_of, problems
from app.api.reading import read_texts
from app.api.schemas import CLASSIFY_EXAMPLES, BatchRequest, TextRequest
from app.api.services import Services, services_of
from app.errors import PredictionLate
from models.prediction import Prediction

router = APIRouter(tags=["classify"])


@router.post(
    "/v1/classify",
    summary="Classify texts",
    response_model=ClassifyAnswer,
    responses=problems(400, 401, 403, 408, 413, 415, 422, 500, 503),
    openapi_extra=body_of(TextRequest, BatchRequest, examples=CLASSIFY_EXAMPLES),
    dependencies=[Depends(Needs("classify"))],
)
async def classify(
    raw: Annotated[bytes, Depends(json_body)],
    services: Annotated[Services, Depends(services_of)],
) -> JSONResponse:
    """Say of one text, or of up to 256, what the sender wants; nothing is stored."""
    read = partial(read_texts, max_text_chars=services.settings.max_text_chars)
    predictions = await predicted(services, await parsed(raw, read))
    return JSONResponse({"predictions": [one.as_dict() for one in predictions]})


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

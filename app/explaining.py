"""Explanations: asked of the model beside the messages, a few at a time, and never before them."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait

from app.errors import Overloaded, PredictionLate
from models.evidence import Asked, Evidence, find_evidence
from models.prediction import Prediction

MAX_RUNNING = 2  # explanations at once; each has one piece in the model's queue
PIECE = 16  # texts given to the model's queue at once: a message waits behind few of them
MAX_WAITING = 32  # texts in the model's queue, from which no explanation is begun

Explain = Callable[[Sequence[Asked]], list[dict[str, Evidence]]]


class Explainer:
    """Finds evidence through the micro-batcher, so that one thread alone runs the model.

    It blocks, so an event loop must not call it. Threads may share it.
    """

    def __init__(
        self,
        submit: Callable[[Sequence[str]], Future[list[Prediction]]],
        waiting: Callable[[], int],
        *,
        timeout_s: float,
    ) -> None:
        """Explain with a model.

        Args:
            submit: The batcher's, for what may wait.
            waiting: Texts in the batcher's queue.
            timeout_s: For all messages of one call.
        """
        self._submit = submit
        self._waiting = waiting
        self._timeout_s = timeout_s
        self._free = threading.BoundedSemaphore(MAX_RUNNING)

    def explain(self, messages: Sequence[Asked]) -> list[dict[str, Evidence]]:
        """Name for each label of each message the sentence that carries it.

        Raises:
            Overloaded: Messages wait for the model, enough is being explained, or it failed.
            PredictionLate: The deadline passed; nothing is left in the queue.
        """
        if self._waiting() > MAX_WAITING or not self._free.acquire(blocking=False):
            raise Overloaded("the model has no time for explanations now; ask without, or later")
        deadline_s = time.monotonic() + self._timeout_s
        try:
            return find_evidence(messages, lambda texts: self._scored(texts, deadline_s))
        finally:
            self._free.release()

    def _scored(self, texts: Sequence[str], deadline_s: float) -> list[Mapping[str, float]]:
        """Give the intents of texts, piece by piece."""
        return [
            prediction.intents
            for first in range(0, len(texts), PIECE)
            for prediction in self._answer(texts[first : first + PIECE], deadline_s)
        ]

    def _answer(self, piece: Sequence[str], deadline_s: float) -> list[Prediction]:
        future = self._submit(piece)
        wait([future], max(0.0, deadline_s - time.monotonic()))
        if not future.done():
            future.cancel()
            raise PredictionLate("the explanation was not ready in time")
        error = future.exception()
        if isinstance(error, Overloaded):
            raise error
        if error is not None:  # the message itself could be classified: it must not be lost
            raise Overloaded("the model could not explain this") from error
        return future.result()

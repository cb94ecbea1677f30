"""The micro-batcher: joins the calls that wait into passes of the model."""

from app.batching.batcher import MAX_CALL, Batcher, Predict
from app.batching.reckoning import MAX_RETRY_AFTER_S

__all__ = ["MAX_CALL", "MAX_RETRY_AFTER_S", "Batcher", "Predict"]

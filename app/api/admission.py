"""A bound on the calls that hold a thread, so that overload is refused at once and not queued."""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request

from app.errors import Overloaded

_Answer = TypeVar("_Answer")


class Admission:
    """Runs up to `most` calls at a time in threads of their own, and refuses every further one.

    Threads of their own, because the pool that FastAPI gives to all endpoints queues without
    bound (RELIABILITY.md X15). Used by the event loop's thread alone.
    """

    def __init__(self, most: int, *, refusal: str) -> None:
        self._most = most
        self._refusal = refusal
        self.running = 0  # calls that hold a thread now
        self._threads = anyio.CapacityLimiter(most)

    async def run(self, call: Callable[[], _Answer]) -> _Answer:
        """Run a call in a thread.

        Raises:
            Overloaded: As many as there may be are running.
        """
        if self.running >= self._most:
            raise Overloaded(self._refusal)
        self.running += 1
        try:
            return await anyio.to_thread.run_sync(call, limiter=self._threads)
        finally:
            self.running -= 1


async def intake_admission(request: Request) -> Admission:
    """Give an endpoint the bound on messages on their way in."""
    admission: Admission = request.app.state.intake_admission
    return admission


async def inbound_admission(request: Request) -> Admission:
    """Give an endpoint the bound on requests of providers."""
    admission: Admission = request.app.state.inbound_admission
    return admission


async def explain_admission(request: Request) -> Admission:
    """Give an endpoint the bound on calls that ask for explanations."""
    admission: Admission = request.app.state.explain_admission
    return admission


async def probe_admission(request: Request) -> Admission:
    """Give an endpoint the bound on looks at the service's state."""
    admission: Admission = request.app.state.probe_admission
    return admission


async def page_admission(request: Request) -> Admission:
    """Give an endpoint the bound on pages that are being made for people."""
    admission: Admission = request.app.state.page_admission
    return admission

"""Refuse a text before anything else is made of its request, where the model has no room for it."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.body import read_body
from app.api.problems import problem_of
from app.api.services import Services
from app.errors import AppError, Overloaded, Refused


class LoadShedding:
    """Stands before the way to an endpoint, which takes longer than all else of a refusal.

    Whoever asks is refused, with a key or without: that the service is busy is no secret.
    """

    def __init__(self, app: ASGIApp, *, path: str, services: Services) -> None:
        self._app = app
        self._path = path
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] == self._path:
            try:
                self._services.check_room()
            except Overloaded as full:
                scope.setdefault("state", {})["route"] = self._path
                error = await self._read(Request(scope, receive)) or full
                scope["state"]["shed"] = error is full  # app.api.middleware tells the first of many
                await problem_of(error, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _read(self, request: Request) -> AppError | None:
        """Read the body, so that the connection can be kept; says what is wrong with it."""
        try:
            await read_body(
                request,
                max_bytes=self._services.settings.max_body_bytes,
                deadline_s=self._services.body_deadline_s,
            )
        except Refused as refused:
            return refused
        return None

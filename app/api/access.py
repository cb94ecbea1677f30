"""What a call needs to be let in: a dependency of every endpoint that is not open to all."""

from dataclasses import dataclass

from starlette.requests import Request

from app.api.auth import Caller
from app.api.services import services_behind
from app.errors import Forbidden


@dataclass(frozen=True)
class Needs:
    """Lets a call in whose key has a scope, and gives the endpoint its caller."""

    scope: str

    async def __call__(self, request: Request) -> Caller:
        """Tell who asks, or refuse.

        Raises:
            Unauthenticated: No key, or none that we take.
            Forbidden: The key lacks the scope, or a web page tries to use the open mode.
        """
        client_host = request.client.host if request.client else None
        caller = await services_behind(request).auth.caller(request.headers, client_host)
        if not caller.may(self.scope):
            raise Forbidden(f"this API key lacks the scope {self.scope}")
        return caller

"""Everything that can go wrong in the service, on one page.

AppError
├── Refused             the caller's input; carries a stable code
│   ├── MessageRejected     a message that cannot be read as one
│   ├── EndpointRejected    a webhook address that must not be called
│   └── KeyReused           an Idempotency-Key that came with another body
├── Unauthenticated     no API key, or one we do not know
├── Forbidden           a key without the scope for this call
├── NotFound            an id that we do not have
├── Duplicate           storage: it is there already; the first stands
├── Overloaded          the queue is full; come back in retry_after_s
├── FetchFailed         what a provider only points to could not be fetched; come back
├── PredictionLate      the model missed its deadline; come back
├── StorageDown         the database did not take it; nothing was acknowledged
└── ConfigError         the service must not start: setting, file or version, and the mend

HTTP codes stand in app/api/problems.py alone; a test holds that table complete.
"""


class AppError(Exception):
    """Base of every expected error of the service."""

    code = "error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail  # a sentence for the caller; never holds input, address or secret


class Refused(AppError):
    """Input that a caller can mend."""

    code = "refused"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.code = code or type(self).code


class MessageRejected(Refused):
    """A message that cannot be read as one."""

    code = "message_rejected"


class EndpointRejected(Refused):
    """A webhook address that must not be called."""

    code = "blocked_address"


class KeyReused(Refused):
    """An Idempotency-Key that came before with another body."""

    code = "idempotency_key_reused"


class Unauthenticated(AppError):
    """No API key, or one we do not know, or one that has run out."""

    code = "unauthenticated"


class Forbidden(AppError):
    """A known key without the scope that the call needs."""

    code = "forbidden"


class NotFound(AppError):
    """An id that we do not have."""

    code = "not_found"


class Duplicate(AppError):
    """Storage has it already; the first stands and its answer is repeated."""

    code = "duplicate"


class Overloaded(AppError):
    """The queue is full; the caller comes back later."""

    code = "overloaded"

    def __init__(self, detail: str, *, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class PredictionLate(Overloaded):
    """The model missed its deadline."""

    code = "prediction_late"


class FetchFailed(Overloaded):
    """What a request points to could not be fetched, this time."""

    code = "fetch_failed"


class StorageDown(Overloaded):
    """The database did not take the write; nothing was acknowledged."""

    code = "storage_unavailable"


class ConfigError(AppError):
    """The service must not start like this; names the setting or file and the mend."""

    code = "config"

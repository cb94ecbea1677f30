"""Logs: one JSON line an event on stderr; never a message's text, an address or a secret."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from app.errors import AppError
from models.errors import ModelError

REDACTED = "[redacted]"
_PRIVATE = re.compile(  # a key's last word: `sender_email` and `secrets`, but not `text_chars`
    r"(^|[_.-])(text|subject|email|sender|url|body|secret|password|authorization|cookie|token)s?$",
    re.IGNORECASE,
)
# At info the first three log URLs and parameters, and alembic two lines for each look at a schema.
_TOO_TALKATIVE = ("httpx2", "httpcore2", "sqlalchemy", "alembic.runtime.migration")
_FRAMES = 8  # the innermost of a traceback; deeper ones are our own thread's start


def configure_logs(level: str) -> None:
    """Send every event of the service and of its libraries to stderr as JSON; call it once.

    Args:
        level: debug, info, warning or error.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            explain_exception,
            redact,  # here already: other handlers see the record as well
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    _route_stdlib(level, shared)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank what is private by its name: text, subject, email, url, secret and their like."""
    return {key: REDACTED if _PRIVATE.search(key) else _inner(event[key]) for key in event}


def explain_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace an exception by its types and places; only our own errors keep their sentence.

    A foreign error's sentence may hold what it failed on: SQL parameters, a URL, a text.
    """
    error = event.pop("exc_info", None)
    if error is True:  # log.exception(…)
        error = sys.exc_info()
    error = error[1] if isinstance(error, tuple) else error
    if isinstance(error, BaseException):
        event["error"] = _chain(error)
        event["at"] = _places(error.__traceback__)
    return event


def _route_stdlib(level: str, shared: list[Processor]) -> None:
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, explain_exception, redact],  # ours have been through it
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                # json escapes control characters, and with ensure_ascii bidi ones too
                structlog.processors.JSONRenderer(default=_type_name, ensure_ascii=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TOO_TALKATIVE:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.getLogger("uvicorn.access").disabled = True  # its lines hold query strings
    logging.captureWarnings(True)


class _Stderr(logging.Handler):
    """Writes to stderr as it is now: stdout belongs to what a command answers."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; of an event that cannot be formatted only the place is told."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  the library's own handler would print the arguments
            place = f"{record.filename}:{record.lineno}"
            line = json.dumps({"event": "log event lost", "level": "error", "at": [place]})
        with suppress(OSError, ValueError):  # stderr is closed: nobody is left to tell
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def _inner(value: Any) -> Any:
    if isinstance(value, Mapping):
        return redact(None, "", {str(key): inner for key, inner in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [_inner(inner) for inner in value]
    return value


def _chain(error: BaseException) -> str:
    """Name an error and its causes, the outermost first."""
    names: list[str] = []
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        sentence = f": {cause}" if isinstance(cause, AppError | ModelError) else ""
        place = "".join(f" ({place})" for place in _places(cause.__traceback__)[-1:])
        names.append(f"{type(cause).__module__}.{type(cause).__qualname__}{sentence}{place}")
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)
    return " from ".join(names)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _type_name(value: object) -> str:
    """Log what is no JSON value by its type alone: a Message's repr would hold its text."""
    return f"<{type(value).__name__}>"

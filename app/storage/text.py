"""Column types of text: what one database would refuse or garble is refused alike on both."""

import json
import re
from typing import Any

from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from app.errors import Refused

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class PlainText(TypeDecorator[str]):
    """Text without NUL, which PostgreSQL refuses, and lone surrogates, which both refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Give the text to store; raise Refused, without echoing it, where it cannot be kept."""
        if value is None:
            return None
        if _UNSTORABLE.search(value):
            raise Refused("text holds a NUL or a lone surrogate", code="unstorable_text")
        return str(value)


class JsonText(TypeDecorator[Any]):
    """JSON kept as the bytes it was written in: JSONB would reorder keys and respell numbers."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Give the text to store: ASCII, keys in the order they came in, no NaN."""
        return None if value is None else json.dumps(value, separators=(",", ":"), allow_nan=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """Give the value back."""
        return None if value is None else json.loads(value)

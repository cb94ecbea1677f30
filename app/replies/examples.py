"""Corrected messages as rows of the form of data/*.jsonl, for a model to learn from."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.domain import Correction
from app.errors import Refused
from models.text.compose import compose_text, text_key

_UNKNOWN_LANGUAGE = "und"  # ISO 639-2: the model could not tell

Redact = Callable[[Correction], Correction]


@dataclass(slots=True)
class Seen:
    """Texts that stand in the data, by their keys, and what is left out for it."""

    keys: set[bytes] = field(default_factory=set)
    left_out: int = 0


def examples_of(
    corrections: Iterable[Correction], *, seen: Seen, redact: Redact | None = None
) -> Iterator[Mapping[str, Any]]:
    """Turn corrected messages into rows, each text once.

    Args:
        corrections: The newest first: of several messages with one text it is the one that stands.
        seen: What stands in the data already, as it was sent or as it is redacted; added to.
        redact: Takes out who wrote; None leaves the texts as they are.
    """
    stood = frozenset(seen.keys)
    for one in corrections:
        if not one.intents or not compose_text("", one.text):
            continue
        shown = one if redact is None else redact(one)
        keys = {key_of(one.subject, one.text), key_of(shown.subject, shown.text)}
        if keys.isdisjoint(seen.keys):
            yield _row(shown)
        elif not keys.isdisjoint(stood):
            seen.left_out += 1
        seen.keys |= keys


def key_of(subject: str, text: str) -> bytes:
    """Give what tells a text from others, as training does, in 16 bytes."""
    return hashlib.sha256(text_key(subject, text).encode()).digest()[:16]


def seen_in(files: Sequence[Path]) -> Seen:
    """Read which texts stand in files of the form of data/*.jsonl.

    Raises:
        Refused: A line is no row; named by file and line.
    """
    return Seen(keys={key for file in files for key in _keys(file)})


def _keys(file: Path) -> Iterator[bytes]:
    with file.open("rb") as lines:  # as training reads them: only \n ends a line
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _key(line, f"{file}:{number}")


def _key(line: bytes, place: str) -> bytes:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        row = None
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str):
        raise Refused(f"{place}: not a JSON object with a text, as in data/*.jsonl")
    return key_of(row.get("subject") or "", text)


def _row(one: Correction) -> dict[str, Any]:
    return {
        "id": one.message_id,
        "channel": one.channel,
        "subject": one.subject,
        "text": one.text,
        "intents": list(one.intents),
        "language": None if one.language == _UNKNOWN_LANGUAGE else one.language,
    }

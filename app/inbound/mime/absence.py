"""Absence notes: told by their subject where no header tells, and the day of return."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from app.inbound.mime.absence_words import BACK, SUBJECTS, THROUGH, UNTIL
from app.inbound.mime.dates import Order, find_date

_READ_CHARS = 6_000  # of a note; the day stands near its beginning
_REACH_CHARS = 60  # from the words to the end of the day
_PREFIXES = re.compile(r"(?:(?:re|aw|sv|antw|res|tr|fw|fwd|wg) ?: ?){0,3}")
_SUBJECT = re.compile("|".join(SUBJECTS))


def _joined(words: Mapping[Order, tuple[str, ...]]) -> dict[Order, re.Pattern[str]]:
    return {order: re.compile("|".join(patterns)) for order, patterns in words.items()}


_STEPS = ((_joined(BACK), 0), (_joined(THROUGH), 1), (_joined(UNTIL), 0))  # days to add


def is_absence_subject(subject: str) -> bool:
    """Whether a subject begins as that of an absence note does."""
    plain = plain_letters(subject)
    prefix = _PREFIXES.match(plain)
    return _SUBJECT.match(plain, prefix.end() if prefix else 0) is not None


def return_date(text: str, sent_on: date) -> date | None:
    """Read the day on which an absent person is back; None where we are not sure.

    "Until 4 January" gives that very day, "through 4 January" the day after.

    Args:
        text: Of the note, its subject included.
        sent_on: What a day without a year is counted from.
    """
    plain = plain_letters(text[:_READ_CHARS])
    for words, days_after in _STEPS:
        if found := set(_days_after(words, plain, sent_on)):
            return min(found) + timedelta(days=days_after) if len(found) == 1 else None
    return None


def plain_letters(text: str) -> str:
    """Give text in small letters without accents, on one line."""
    folded = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("\u2019", "'"))
    kept = "".join(character for character in folded if not unicodedata.combining(character))
    return " ".join(kept.split())


def _days_after(
    words: Mapping[Order, re.Pattern[str]], plain: str, sent_on: date
) -> Iterator[date]:
    for order, pattern in words.items():
        for match in pattern.finditer(plain):
            reach = plain[match.end() : match.end() + _REACH_CHARS]
            if day := find_date(reach, order=order, sent_on=sent_on):
                yield day

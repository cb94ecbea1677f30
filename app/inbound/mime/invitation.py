"""A calendar part as one line of text.

Source:
    RFC 5545, sections 3.1 (folding), 3.3.5 (date-time) and 3.3.11 (escapes).
"""

import re
from dataclasses import dataclass

from app.inbound.mime.words import one_line

_FOLD = re.compile(r"\n[ \t]")
_LINE = re.compile(r"^([A-Z-]{1,40})((?:;[^:\n]{0,500})?):([^\n]*+)$", re.MULTILINE)
_ZONE = re.compile(r';TZID="?([^";:]{1,80})')
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ESCAPE = re.compile(r"\\([nN,;\\])")
_WORDS = {"REPLY": "Answer to an invitation", "CANCEL": "Cancelled invitation"}
_VALUE_CHARS = 300
_CALENDAR_CHARS = 64 * 1024


@dataclass(frozen=True, slots=True)
class Invitation:
    """The first event of a calendar."""

    method: str  # REQUEST, REPLY, CANCEL, …; upper case
    line: str  # for a reader; empty where there is no event


def read_invitation(calendar: str, method: str = "") -> Invitation:
    """Read what an iCalendar text is about.

    Args:
        calendar: Lines that end with LF.
        method: Of the Content-Type; counts where the calendar has none.
    """
    head, _, event = _FOLD.sub("", calendar[:_CALENDAR_CHARS]).partition("BEGIN:VEVENT")
    event = event.partition("BEGIN:VALARM")[0].partition("END:VEVENT")[0]
    fields = {name: (options, value) for name, options, value in reversed(_LINE.findall(event))}
    said = next((value for name, _, value in _LINE.findall(head) if name == "METHOD"), method)
    method = one_line(said, 20).upper()
    said_parts = (
        _text(fields.get("SUMMARY")),
        _time(fields.get("DTSTART")),
        _text(fields.get("LOCATION")),
    )
    told = ", ".join(part for part in said_parts if part)
    return Invitation(method, f"{_WORDS.get(method, 'Invitation')}: {told}" if told else "")


def _text(field: tuple[str, str] | None) -> str:
    value = _ESCAPE.sub(lambda match: " " if match[1] in "nN" else match[1], (field or ("", ""))[1])
    return one_line(value, _VALUE_CHARS)


def _time(field: tuple[str, str] | None) -> str:
    options, value = field or ("", "")
    match = _TIME.match(value)
    if match is None:
        return ""
    day = f"{match[1]}-{match[2]}-{match[3]}"
    if match[4] is None:
        return day
    zone = "UTC" if match[6] else one_line("".join(_ZONE.findall(options)[:1]), 80)
    return f"{day} {match[4]}:{match[5]} {zone}".rstrip()

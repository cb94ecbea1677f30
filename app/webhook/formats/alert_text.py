"""The alert a person reads, the same everywhere: who, what they want, what says so, by when.

All of it is plain text of bounded length: each format escapes it and lays it out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.webhook.formats.person import Person, person_of
from app.webhook.formats.prose import one_line, paragraphs

_LINE = 200  # UTF-16 units of a line of facts
_TITLE = 140  # Slack's header takes 150
_SENTENCE = 400
_STEP = 700
_EXCERPT = 700
_MAX_WISHES, _MAX_QUOTES, _MAX_HISTORY = 3, 3, 5
_OPENINGS: Mapping[str, str] = {
    "lead.detected": "New lead",
    "churn.detected": "May leave us",
    "reply.reminder": "Still unanswered",
    "reply.reassigned": "A new owner",
    "reply.escalated": "Nobody has answered",
    "endpoint.test": "Test",
}
_LINKS = {"mine": "I take it", "wrong_label": "Wrong label", "not_a_lead": "Not a lead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertText:
    """An alert in parts, unescaped."""

    title: str
    facts: tuple[tuple[str, str], ...]  # at most ten names with one line each
    quotes: tuple[tuple[str, str], ...]  # intents, and the sentence that says so
    next_step: str  # what to do
    excerpt: str  # how the message begins
    history: tuple[str, ...]  # one line for each earlier message
    links: tuple[tuple[str, str], ...]  # what one click does, and its address
    footer: str  # for whoever looks into it


def alert_text(event: Mapping[str, Any], *, now: datetime) -> AlertText:
    """Say everything that the reader of an alert needs; what is not known is left out."""
    data = event.get("data") or {}
    person = person_of(data)
    return AlertText(
        title=_title(str(event.get("type")), data, person),
        facts=tuple(_facts(data, person, now)),
        quotes=tuple(_quotes(data)),
        next_step=paragraphs(data.get("playbook"), _STEP),
        excerpt=paragraphs(data.get("excerpt"), _EXCERPT),
        history=tuple(_earlier(one) for one in (data.get("history") or [])[:_MAX_HISTORY]),
        links=tuple(_links(data.get("links") or {})),
        footer=one_line(
            f"{data.get('message_id')} · {data.get('route')} · {data.get('rule')}", _LINE
        ),
    )


def _title(kind: str, data: Mapping[str, Any], person: Person) -> str:
    opening = _OPENINGS.get(kind) or f"For {data.get('route') or 'you'}"
    urgent = "Urgent: " if data.get("priority") == "urgent" else ""
    return one_line(f"{urgent}{opening}: {_wishes(data)}; {person.shown}", _TITLE)


def _facts(data: Mapping[str, Any], person: Person, now: datetime) -> Iterable[tuple[str, str]]:
    signals, reply, owner = (data.get(key) or {} for key in ("signals", "reply", "owner"))
    rows = (
        ("From", _who(person)),
        ("Reach", " · ".join(filter(None, (person.email, person.phone)))),
        ("Subject", data.get("subject")),
        ("Wants", _wishes(data)),
        ("Urgency", _signal(signals.get("urgency"))),
        ("Priority", data.get("priority")),
        ("Owner", owner.get("name") or owner.get("id")),
        ("Time left", _time_left(reply.get("due_at"), now)),
        ("Mood lately", data.get("trend")),
        ("Still promised", _promised(data.get("promises") or [])),
    )
    for name, value in rows:
        line = one_line(value, _LINE)
        if line:
            yield name, line


def _who(person: Person) -> str:
    work = " at ".join(filter(None, (person.title, person.company or person.account)))
    return ", ".join(filter(None, (person.name, work))) or person.shown


def _wishes(data: Mapping[str, Any]) -> str:
    intents = data.get("intents") or {}
    found = [label for label in data.get("labels") or [] if label in intents][:_MAX_WISHES]
    if found:
        return ", ".join(f"{_words(label)} {_percent(intents[label])}" for label in found)
    primary = data.get("primary")
    return f"unsure, perhaps {_words(primary)} {_percent(intents.get(primary))}" if primary else ""


def _signal(signal: Mapping[str, Any] | None) -> str:
    return f"{_words(signal['label'])} {_percent(signal['probability'])}" if signal else ""


def _quotes(data: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Give each sentence once, with the intents that it carries."""
    carried: dict[str, list[str]] = {}
    for label, one in (data.get("evidence") or {}).items():
        sentence = one_line(one.get("sentence"), _SENTENCE)
        if sentence:
            carried.setdefault(sentence, []).append(_words(label))
    for sentence, labels in list(carried.items())[:_MAX_QUOTES]:
        yield one_line(", ".join(labels), _LINE), sentence


def _earlier(one: Mapping[str, Any]) -> str:
    said = one.get("subject") or one.get("excerpt")
    labels = ", ".join(_words(label) for label in one.get("labels") or [])
    day = str(one.get("at"))[:10]
    return one_line(" · ".join(filter(None, (day, one.get("sentiment"), labels, said))), _LINE)


def _promised(promises: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{one.get('owner') or '?'} until {_instant(one.get('due_at'))}" for one in promises
    )


def _links(links: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for key, label in _LINKS.items():
        url = str(links.get(key) or "")
        if url.startswith(("https://", "http://")) and url.isprintable() and " " not in url:
            yield label, url


def _time_left(due_at: str | None, now: datetime) -> str:
    due = _read(due_at)
    if due is None:
        return ""
    minutes = int((due - now).total_seconds() // 60)
    until = f"{due.astimezone(UTC):%a %d %b %H:%M} UTC"
    if minutes < 0:
        return f"none, over since {_duration(-minutes)} ({until})"
    return f"{_duration(minutes)}, until {until}"


def _duration(minutes: int) -> str:
    days, hours, rest = minutes // 1440, minutes % 1440 // 60, minutes % 60
    parts = ((days, "d"), (hours, "h"), (rest, "min"))
    said = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(said[:2]) or "less than 1 min"


def _instant(text: object) -> str:
    at = _read(text)
    return f"{at.astimezone(UTC):%d %b %H:%M} UTC" if at else "?"


def _read(text: object) -> datetime | None:
    """Read an instant of the event; None where it is none."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.utcoffset() is not None else None


def _words(label: object) -> str:
    return str(label).replace("_", " ")


def _percent(probability: object) -> str:
    share = probability if isinstance(probability, int | float) else 0.0
    return f"{round(100 * share)} %"

"""`when`: what must hold beside the intents."""

from collections.abc import Callable, Collection, Mapping

from app.domain import Channel
from app.routing.conditions import CLOSED, COMPARISON, KNOWN, OPEN, UNKNOWN, Condition
from app.routing.context import SENDER_FIELDS
from app.routing.document import Value
from app.routing.reading.names import Names
from app.routing.reading.people import read_language

_MOST = 100  # values of one condition
_UNDETERMINED = "und"  # the language of a text that is too short to tell
_KEYS = ("signals", "channel", "language", "account", "contact", "time", "sender")


def read_conditions(value: Value, names: Names) -> tuple[Condition, ...]:
    """Read every condition in the order of the file."""
    value.fields((), _KEYS)
    conditions = [
        condition
        for kind, _, entry in value.named()
        for condition in _READ[kind](kind, entry, names)
    ]
    if not conditions:
        raise value.fault("needs at least one condition")
    return tuple(conditions)


def read_channel(value: Value) -> str:
    """Read the name of a channel."""
    return value.one_of([channel.value for channel in Channel], "channel")


def read_label(value: Value, known: Collection[str] | None, what: str) -> str:
    """Read a name of the model's; any will do where the model is not known."""
    return value.text() if known is None else value.one_of(known, what)


def read_head(value: Value, names: Names) -> tuple[str, Collection[str] | None]:
    """Read the name of a signal, and give the labels it may have."""
    head = read_label(value, names.signals, "signal")
    return head, None if names.signals is None else names.signals[head]


def _signals(_: str, value: Value, names: Names) -> list[Condition]:
    conditions = []
    for _, place, entry in value.named():
        head, labels = read_head(place, names)
        wanted = tuple(read_label(one, labels, f"label of {head}") for one in _several(entry))
        conditions.append(Condition(f"signals.{head}", wanted))
    return conditions


def _channel(kind: str, value: Value, _: Names) -> list[Condition]:
    return [Condition(kind, tuple(read_channel(entry) for entry in _several(value)))]


def _language(kind: str, value: Value, _: Names) -> list[Condition]:
    return [Condition(kind, tuple(_code(entry) for entry in _several(value)))]


def _code(value: Value) -> str:
    return _UNDETERMINED if value.scalar() == _UNDETERMINED else read_language(value)


def _person(kind: str, value: Value, _: Names) -> list[Condition]:
    """Read what is asked of the contact or the account."""
    given = value.fields((), ("known", "name", "messages", "score"))
    read = {"known": _known, "name": _globs, "messages": _comparison, "score": _comparison}
    return [Condition(f"{kind}.{part}", read[part](entry)) for part, entry in given.items()]


def _sender(kind: str, value: Value, _: Names) -> list[Condition]:
    given = value.fields((), SENDER_FIELDS)
    return [Condition(f"{kind}.{part}", _globs(entry)) for part, entry in given.items()]


def _time(kind: str, value: Value, names: Names) -> list[Condition]:
    given = value.fields(("calendar", "open"))
    calendar = given["calendar"].one_of(names.calendars, "calendar")
    return [Condition(f"{kind}.{calendar}", (OPEN if given["open"].flag() else CLOSED,))]


def _known(value: Value) -> tuple[str, ...]:
    return (KNOWN if value.flag() else UNKNOWN,)


def _globs(value: Value) -> tuple[str, ...]:
    return tuple(entry.text() for entry in _several(value))


def _comparison(value: Value) -> tuple[str, ...]:
    wanted = str(value.scalar()).strip()
    if isinstance(value.scalar(), bool) or not COMPARISON.fullmatch(wanted):
        raise value.fault('needs a comparison in quotes, such as ">= 3" or "< 20", or a number')
    return (wanted,)


def _several(value: Value) -> list[Value]:
    entries = value.different()
    if len(entries) > _MOST:
        raise value.fault(f"needs at most {_MOST} values")
    return entries


_READ: Mapping[str, Callable[[str, Value, Names], list[Condition]]] = {
    "signals": _signals,
    "channel": _channel,
    "language": _language,
    "account": _person,
    "contact": _person,
    "time": _time,
    "sender": _sender,
}

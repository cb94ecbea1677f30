"""`examples`: messages, and what the policy must decide about them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from app.domain import Sender
from app.routing.context import SENDER_FIELDS, Context, Known
from app.routing.decide import MODEL_LIMIT
from app.routing.document import Value
from app.routing.people import account_of, contact_of, fields_of
from app.routing.policy import Example, Rule
from app.routing.reading.clocks import read_endpoints
from app.routing.reading.conditions import read_channel, read_head, read_label
from app.routing.reading.names import Names
from app.routing.reading.people import read_language
from app.routing.reading.rules import read_event, read_priority
from app.routing.reading.times import read_instant
from models.labels import OTHER
from models.prediction import Prediction, Signal

USUAL_AT = datetime(2026, 6, 17, 12, tzinfo=UTC)  # a Wednesday, of examples that name no time
_MADE_UP = ("intents", "signals", "language")
_AROUND = ("channel", "sender", "account", "contact", "at")
_EXPECTED = ("route", "rule", "event", "priority", "pool", "clock", "endpoints")
_MOST = 1_000
_MOST_CHARS = 20_000  # of a text
_MOST_MESSAGES = 1_000_000


def read_examples(value: Value, rules: Sequence[Rule], names: Names) -> tuple[Example, ...]:
    """Read every example.

    Args:
        value: The list of them.
        rules: All of the policy, by whose names and intents examples are understood.
        names: What else there is.
    """
    entries = value.entries()
    if len(entries) > _MOST:
        raise value.fault(f"needs at most {_MOST:,} examples")
    examples: dict[str, Example] = {}
    for entry in entries:
        example = _example(entry, rules, names)
        if example.name in examples:
            raise entry.fault(f"the name {example.name!r} is taken")
        examples[example.name] = example
    return tuple(examples.values())


def _example(value: Value, rules: Sequence[Rule], names: Names) -> Example:
    given = value.fields(("name", "expect"), ("text", "subject", *_MADE_UP, *_AROUND))
    with_text = "text" in given
    for key in _MADE_UP if with_text else ("subject",):
        if key in given:
            raise given[key].fault("either a text for the model, or intents, signals and language")
    asked = {intent for rule in rules for intent in rule.intents}
    return Example(
        name=given["name"].text(),
        context=_context(given),
        expect=_expectation(given["expect"], rules, names),
        subject=given["subject"].text() if "subject" in given else "",
        text=given["text"].prose(_MOST_CHARS) if with_text else None,
        prediction=None if with_text else _made_up(given, asked, names),
        line=value.line,
    )


def _made_up(given: Mapping[str, Value], asked: set[str], names: Names) -> Prediction:
    """Make the prediction that an example describes; what it does not name is not wanted."""
    intents = dict.fromkeys(sorted({*asked, OTHER}), 0.0)
    if "intents" in given:
        for _, place, probability in given["intents"].named():
            intents[read_label(place, names.intents, "intent")] = probability.number(0, 1)
    counted = [intent for intent, probability in intents.items() if probability >= MODEL_LIMIT]
    return Prediction(
        intents=intents,
        labels=tuple(sorted(counted, key=lambda intent: -intents[intent])),
        signals=_signals(given["signals"], names) if "signals" in given else {},
        model_version="made up",
        language=read_language(given["language"]) if "language" in given else "en",
        truncated=False,
    )


def _signals(value: Value, names: Names) -> dict[str, Signal]:
    signals: dict[str, Signal] = {}
    for _, place, label in value.named():
        head, labels = read_head(place, names)
        signals[head] = Signal(read_label(label, labels, f"label of {head}"), 1.0)
    return signals


def _context(given: Mapping[str, Value]) -> Context:
    sender = _sender(given["sender"]) if "sender" in given else {}
    email = sender.get("email")
    return Context(
        channel=read_channel(given["channel"]) if "channel" in given else "email",
        at=read_instant(given["at"]) if "at" in given else USUAL_AT,
        contact=_known(given.get("contact"), contact_of(email)),
        account=_known(given.get("account"), account_of(email)),
        sender=sender,
    )


def _sender(value: Value) -> dict[str, str]:
    """Read what is known of a sender; an address tells more of them, as it does of others."""
    given = {part: entry.text() for part, entry in value.fields((), SENDER_FIELDS).items()}
    told = fields_of(Sender(email=given.pop("email", None)), {})
    return {**told, **given}


def _known(value: Value | None, name: str | None) -> Known:
    """Read what is on record; who is known has written once before."""
    if value is None:
        return Known(name=name)
    given = value.fields((), ("known", "name", "messages", "score"))
    known = given["known"].flag() if "known" in given else "messages" in given
    messages = given["messages"].count(0, _MOST_MESSAGES) if "messages" in given else int(known)
    if known is not (messages > 0):
        raise given["messages"].fault("who is known has written before, and nobody else")
    return Known(
        name=given["name"].text() if "name" in given else name,
        messages=messages,
        score=given["score"].number(0, 100) if "score" in given else 0.0,
    )


def _expectation(value: Value, rules: Sequence[Rule], names: Names) -> dict[str, Any]:
    given = value.fields((), _EXPECTED)
    if not given:
        raise value.fault(f"needs at least one of {', '.join(_EXPECTED)}")
    known = {"rule": [rule.name for rule in rules], "pool": names.pools, "clock": names.clocks}
    read = {"event": read_event, "priority": read_priority, "endpoints": read_endpoints}
    expected: dict[str, Any] = {}
    for key, entry in given.items():
        if key in known:
            none = key != "rule" and not entry.is_list and entry.scalar() is None
            expected[key] = None if none else entry.one_of(known[key], key)
        else:
            expected[key] = read.get(key, Value.text)(entry)
    return expected

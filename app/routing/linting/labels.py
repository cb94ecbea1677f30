"""Labels that the model does not have, so that no message ever gets them."""

from collections.abc import Collection, Iterator, Mapping

from app.routing.document import nearest
from app.routing.linting.finding import Finding, error
from app.routing.policy import Example, Policy, Rule

_CODE = "unknown_label"
_MEND = "write a label of the model, or take it out"

_Signals = Mapping[str, Collection[str]]


def unknown_labels(
    policy: Policy, intents: Collection[str] | None, signals: _Signals | None
) -> Iterator[Finding]:
    """Find intents, signals and labels that are not the model's."""
    for rule in policy.rules:
        yield from _intents(rule.line, rule.name, rule.intents, intents)
        for head, labels in _asked(rule):
            yield from _signals(rule.line, rule.name, head, labels, signals)
    for example in policy.examples:
        yield from _intents(example.line, example.name, _made_up(example), intents)
        for head, label in _said(example):
            yield from _signals(example.line, example.name, head, (label,), signals)


def _asked(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    for condition in rule.conditions:
        kind, _, head = condition.field.partition(".")
        if kind == "signals":
            yield head, condition.wanted


def _made_up(example: Example) -> list[str]:
    if example.prediction is None:
        return []
    return [intent for intent, probability in example.prediction.intents.items() if probability]


def _said(example: Example) -> list[tuple[str, str]]:
    if example.prediction is None:
        return []
    return [(head, signal.label) for head, signal in example.prediction.signals.items()]


def _intents(
    line: int, name: str, asked: Collection[str], known: Collection[str] | None
) -> Iterator[Finding]:
    for intent in asked:
        if known is not None and intent not in known:
            yield error(
                line, _CODE, f"{name!r}: unknown intent {intent!r}{nearest(intent, known)}", _MEND
            )


def _signals(
    line: int, name: str, head: str, labels: Collection[str], known: _Signals | None
) -> Iterator[Finding]:
    if known is None:
        return
    if head not in known:
        yield error(line, _CODE, f"{name!r}: unknown signal {head!r}{nearest(head, known)}", _MEND)
        return
    for label in labels:
        if label not in known[head]:
            problem = f"{name!r}: unknown label of {head} {label!r}{nearest(label, known[head])}"
            yield error(line, _CODE, problem, _MEND)

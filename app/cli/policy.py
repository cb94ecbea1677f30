"""`inlet policy`: look a policy over, run its examples, and ask it about a message."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from app.cli.output import out, print_json, say, told_errors
from app.cli.policy_facts import known_endpoints, known_labels
from app.cli.policy_simulate import simulate
from app.domain import Channel, Decision
from app.errors import MessageRejected
from app.loading import load_classifier
from app.parts import utc_now
from app.routing.context import Context
from app.routing.decide import decide
from app.routing.examples import Outcome, run_examples
from app.routing.linting import Finding, Severity
from app.routing.linting import lint as findings_of
from app.routing.loading import SHIPPED, load_policy
from app.routing.policy import Example
from app.settings import Settings, load_settings
from models.classifier import IntentClassifier
from models.prediction import Prediction
from models.text.compose import compose_text

app = typer.Typer(help="The routing policy: lint, test, explain.", no_args_is_help=True)

_File = Annotated[
    Path | None, typer.Argument(help="default: INLET_POLICY, or else the shipped policy")
]
_Json = Annotated[bool, typer.Option("--json")]


@app.command()
def lint(file: _File = None, as_json: _Json = False) -> None:
    """Look for what a policy cannot mean; exit code 1 if there is an error."""
    with told_errors():
        settings = load_settings()
        path = file or settings.policy or SHIPPED
        policy, labels = load_policy(path, known_intents=None), known_labels(settings)
        findings = findings_of(
            policy,
            known_intents=labels.intents,
            known_signals=labels.signals,
            endpoints=known_endpoints(settings),
            on=utc_now().date(),
        )
    if as_json:
        print_json([{"file": str(path), **asdict(finding)} for finding in findings])
    else:
        _show_findings(path, findings)
    raise typer.Exit(int(any(one.severity is Severity.ERROR for one in findings)))


@app.command("test")
def run(file: _File = None, as_json: _Json = False) -> None:
    """Run the examples that a policy keeps; exit code 1 if one is decided otherwise."""
    with told_errors():
        settings = load_settings()
        path = file or settings.policy or SHIPPED
        outcomes = _outcomes(path, settings)
    if as_json:
        print_json([_as_dict(outcome) for outcome in outcomes])
    else:
        _show_outcomes(path, outcomes)
    raise typer.Exit(int(not all(outcome.passed for outcome in outcomes)))


@app.command()
def explain(
    text: Annotated[str, typer.Option(help="of the message")],
    file: _File = None,
    subject: Annotated[str, typer.Option(help="of the message")] = "",
    channel: Annotated[Channel, typer.Option(help="that it came by")] = Channel.EMAIL,
    as_json: _Json = False,
) -> None:
    """Say what a policy decides about a message that a stranger writes now, and why."""
    with told_errors():
        settings = load_settings()
        if not compose_text(subject, text):
            raise MessageRejected("the text is empty", code="empty_text")
        classifier = load_classifier(settings)
        manifest = classifier.manifest
        policy = load_policy(
            file or settings.policy,
            known_intents=manifest.intents.labels,
            known_signals=manifest.signals,
        )
        prediction = _predicted(classifier, subject, text, channel.value)
    decision = decide(prediction, Context(channel=channel.value, at=utc_now()), policy)
    if as_json:
        print_json(decision.as_dict())
    else:
        _show_decision(decision)


app.command()(simulate)  # after those that look at the policy alone


def _outcomes(path: Path, settings: Settings) -> list[Outcome]:
    """Run the examples; the model is loaded only where one of them has a text."""
    labels = known_labels(settings)
    policy = load_policy(path, known_intents=labels.intents, known_signals=labels.signals)
    if all(example.text is None for example in policy.examples):
        return run_examples(policy, _never_asked)
    classifier = load_classifier(settings)
    return run_examples(
        policy,
        lambda one: _predicted(classifier, one.subject, one.text or "", one.context.channel),
    )


def _predicted(classifier: IntentClassifier, subject: str, text: str, channel: str) -> Prediction:
    (prediction,) = classifier.predict([compose_text(subject, text)])
    return classifier.for_channel(prediction, channel)


def _never_asked(example: Example) -> Prediction:
    raise ValueError(f"example {example.name!r} has a text")


def _show_findings(path: Path, findings: Sequence[Finding]) -> None:
    for one in findings:
        style = "red" if one.severity is Severity.ERROR else "yellow"
        place, kind = f"{path}:{one.line}: ", f"{one.severity} [{one.code}] "
        out.print(Text.assemble(place, (kind, style), f"{one.problem}; {one.mend}"))
    errors = sum(one.severity is Severity.ERROR for one in findings)
    say(f"{path}: {errors} errors, {len(findings) - errors} warnings")


def _show_outcomes(path: Path, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        mark = ("ok  ", "green") if outcome.passed else ("FAIL", "red")
        place = "" if outcome.passed else f" ({path}:{outcome.example.line})"
        out.print(Text.assemble(mark, f" {outcome.example.name}{place}"))
        for one in outcome.differences:
            out.print(f"     {one.key} is {_shown(one.found)}, not {_shown(one.expected)}")
        for reason in () if outcome.passed else outcome.decision.reasons:
            out.print(f"     {reason}", style="dim")
    passed = sum(outcome.passed for outcome in outcomes)
    say(f"{path}: {passed} of {len(outcomes)} examples are decided as they say")


def _show_decision(decision: Decision) -> None:
    for key, value in decision.as_dict().items():
        if value and key not in ("reasons", "policy_sha256"):
            out.print(f"{key:<10} {_shown(value)}")
    for reason in decision.reasons:
        out.print(f"{'because':<10} {reason}")


def _shown(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _as_dict(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.example.name,
        "line": outcome.example.line,
        "passed": outcome.passed,
        "differences": [asdict(one) for one in outcome.differences],
        "decision": outcome.decision.as_dict(),
    }

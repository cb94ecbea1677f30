"""What a policy says that its author cannot have meant, beside what keeps it from loading."""

from collections.abc import Collection, Mapping
from datetime import date

from app.routing.linting.finding import Finding, Severity
from app.routing.linting.labels import unknown_labels
from app.routing.linting.order import rules_out_of_reach
from app.routing.linting.people import faults_of_people
from app.routing.linting.promises import faults_of_clocks, unknown_endpoints
from app.routing.linting.spare import unused_parts
from app.routing.linting.times import faults_of_calendars
from app.routing.policy import Policy

__all__ = ["Finding", "Severity", "lint"]


def lint(
    policy: Policy,
    *,
    known_intents: Collection[str] | None,
    known_signals: Mapping[str, Collection[str]] | None,
    endpoints: Collection[str] | None,
    on: date,
) -> list[Finding]:
    """Look for what is wrong with a policy that loads, in the order of its lines.

    Args:
        policy: As it was read, with any names for labels.
        known_intents: The model's; None: not looked at.
        known_signals: The labels of the model's other heads, by head; None: not looked at.
        endpoints: Names of those that are there; None: not looked at.
        on: The day on which people may have left and holidays may be over.
    """
    findings = [
        *unknown_labels(policy, known_intents, known_signals),
        *rules_out_of_reach(policy.rules),
        *faults_of_people(policy, on),
        *faults_of_clocks(policy, on),
        *faults_of_calendars(policy, on),
        *unused_parts(policy),
        *([] if endpoints is None else unknown_endpoints(policy, endpoints)),
    ]
    return sorted(findings, key=lambda finding: (finding.line, finding.code, finding.problem))

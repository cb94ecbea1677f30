"""One thing that a lint found."""

from dataclasses import dataclass
from enum import StrEnum

from app.routing.policy import Policy


class Severity(StrEnum):
    """Whether a policy should be served like this."""

    ERROR = "error"  # it does not do what it says
    WARNING = "warning"  # it may be meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is wrong, where, and how to mend it."""

    line: int
    code: str  # stable, for scripts
    severity: Severity
    problem: str
    mend: str


def error(line: int, code: str, problem: str, mend: str) -> Finding:
    """Make a finding that must be mended."""
    return Finding(line=line, code=code, severity=Severity.ERROR, problem=problem, mend=mend)


def warning(line: int, code: str, problem: str, mend: str) -> Finding:
    """Make a finding that somebody should look at."""
    return Finding(line=line, code=code, severity=Severity.WARNING, problem=problem, mend=mend)


def line_of(policy: Policy, part: str, name: str) -> int:
    """Give the line on which a named part stands; 1 for a policy that was not read from a file."""
    return policy.lines.get(f"{part}.{name}", 1)

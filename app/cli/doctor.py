"""`inlet doctor`: what is in order here and what is not, safe to paste into a ticket."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app.cli.checks import machine, network, service
from app.cli.checks.seen import Seen
from app.cli.output import out, print_json
from app.errors import AppError
from app.settings import Settings, load_settings
from models.errors import ModelError

Check = Callable[[Settings], Seen]

_CHECKS: Mapping[str, Check] = {
    "model": service.model,
    "threads": machine.threads,
    "policy": service.policy,
    "database": service.database,
    "clock": machine.clock,
    "disk": machine.disk,
    "endpoints": network.receivers,
    "keys": service.key,
    "proxy": network.proxy,
}
_INDENT = " " * 16  # of a mend: under the details


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to."""

    check: str
    ok: bool
    detail: str  # what was seen, or what is wrong
    mend: str = ""  # what to do, where the detail does not say so itself


def doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Check settings, model, database, machine and ways in and out; exit code 1 if one fails.

    A hint is in order as it is, and says what would be better.
    """
    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            _show(finding)
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def examine() -> list[Finding]:
    """Run every check; without settings there is nothing to check."""
    try:
        settings = load_settings()
    except AppError as error:
        return [Finding("settings", ok=False, detail=error.detail)]
    return [_settings_told(settings)] + [
        _checked(name, check, settings) for name, check in _CHECKS.items()
    ]


def _settings_told(settings: Settings) -> Finding:
    """Name what is set otherwise than it comes."""
    usual = Settings(data_dir=Path())  # its folder differs from any, and so is always told
    changed = settings.masked().items() - usual.masked().items()
    told = ", ".join(f"{name}={value}" for name, value in sorted(changed))
    return Finding("settings", ok=True, detail=told)


def _checked(name: str, check: Check, settings: Settings) -> Finding:
    """Run a check; its error is its finding."""
    try:
        seen = check(settings)
    except (AppError, ModelError, OSError) as error:
        return Finding(name, ok=False, detail=str(error))
    return Finding(name, ok=seen.ok, detail=seen.detail, mend=seen.mend)


def _show(finding: Finding) -> None:
    mark = ("hint", "yellow") if finding.mend else ("ok  ", "green")
    mark = mark if finding.ok else ("FAIL", "red")
    out.print(Text.assemble(mark, f" {finding.check:<10} {finding.detail}"))
    if finding.mend:
        out.print(f"{_INDENT}→ {finding.mend}", style="dim")

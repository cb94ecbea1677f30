"""`inlet doctor`: what is in order here and what is not, safe to paste into a ticket."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from app.api.same_site import is_loopback
from app.cli.output import out, print_json
from app.errors import AppError, EndpointRejected
from app.parts import guard_of, load_classifier, open_database_of, utc_now
from app.routing.loading import load_policy
from app.settings import Settings, load_settings
from app.storage import endpoints, keys, outbox
from models import registry
from models.artifact import Manifest, read_artifact
from models.errors import ModelError

_LOW_DISK_MB = 200
_BYTES_PER_MB = 1024**2


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to."""

    check: str
    ok: bool
    detail: str  # what was seen, or what is wrong and how to mend it


def doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Check settings, model, database, policy, endpoints and disk; exit code 1 if one fails."""
    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = ("ok  ", "green") if finding.ok else ("FAIL", "red")
            out.print(Text.assemble(mark, f" {finding.check:<10} {finding.detail}"))
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


def examine() -> list[Finding]:
    """Run every check; without settings there is nothing to check."""
    try:
        settings = load_settings()
    except AppError as error:
        return [Finding("settings", ok=False, detail=error.detail)]
    checks: dict[str, Callable[[Settings], str]] = {
        "model": _model,
        "policy": _policy,
        "database": _database,
        "endpoints": _endpoints,
        "keys": _keys,
        "disk": _disk,
    }
    usual = Settings(data_dir=Path())  # its folder differs from any, and so is always told
    changed = settings.masked().items() - usual.masked().items()
    told = ", ".join(f"{name}={value}" for name, value in sorted(changed))
    return [Finding("settings", ok=True, detail=told)] + [
        _checked(name, check, settings) for name, check in checks.items()
    ]


def _checked(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    """Run a check; its error is its finding."""
    try:
        return Finding(name, ok=True, detail=check(settings))
    except (AppError, ModelError, OSError) as error:
        return Finding(name, ok=False, detail=str(error))


def _model(settings: Settings) -> str:
    manifest = load_classifier(settings).manifest
    return f"version {manifest.version}, intents {', '.join(manifest.intents.labels)}"


def _policy(settings: Settings) -> str:
    manifest = _manifest(settings)
    policy = load_policy(
        settings.policy,
        known_intents=manifest.intents.labels if manifest else None,
        known_signals=manifest.signals if manifest else None,
    )
    told = f"{len(policy.rules)} rules, {settings.policy or 'the shipped one'}"
    if settings.public_url is None and any(rule.clock for rule in policy.every_rule):
        told += "; alerts have no links to take a message by: set INLET_PUBLIC_URL"
    return told


def _manifest(settings: Settings) -> Manifest | None:
    """The live model's facts; None where there is no model, which is a finding of its own."""
    try:
        return read_artifact(settings.artifacts / registry.live_version(settings.artifacts))[0]
    except (ModelError, OSError):
        return None


def _database(settings: Settings) -> str:
    with closing(open_database_of(settings)) as database, database.read() as conn:
        counts = outbox.counts(conn)
    version = f" {sqlite3.sqlite_version}" if database.dialect == "sqlite" else ""
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"{database.dialect}{version}, schema current, deliveries: {told}"


def _endpoints(settings: Settings) -> str:
    with closing(open_database_of(settings)) as database, database.read() as conn:
        found = endpoints.all_endpoints(conn)
    guard = guard_of(settings)
    for endpoint in found:
        try:
            guard.check_url(endpoint.url)
        except EndpointRejected as error:
            raise EndpointRejected(f"{endpoint.name}: {error.detail}", code=error.code) from error
    policy = load_policy(settings.policy, known_intents=None)
    wanted = {name for rule in (*policy.rules, policy.otherwise) for name in rule.endpoints}
    missing = sorted(wanted.difference(endpoint.name for endpoint in found))
    disabled = [endpoint.name for endpoint in found if not endpoint.enabled]
    return (
        f"{len(found)} there, every address may be called"
        + (f"; disabled: {', '.join(disabled)}" if disabled else "")
        + (f"; the policy names {', '.join(missing)}, not added yet" if missing else "")
    )


def _keys(settings: Settings) -> str:
    with closing(open_database_of(settings)) as database, database.read() as conn:
        guarded = keys.any_active(conn, utc_now())
    if guarded:
        return "calls need a key"
    state = "open to this machine" if is_loopback(settings.host) else "closed to every call"
    return f"no key: {state}; `inlet keys create`"


def _disk(settings: Settings) -> str:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    free_mb = shutil.disk_usage(settings.data_dir).free // _BYTES_PER_MB
    if free_mb < _LOW_DISK_MB:
        raise OSError(f"{free_mb} MB free in {settings.data_dir}; make room")
    return f"{free_mb} MB free"

"""What the service is made from: its model, its policy, its database, its keys."""

from contextlib import closing
from pathlib import Path

from app.api.same_site import is_loopback
from app.cli.checks.seen import Seen, together
from app.loading import load_classifier
from app.parts import open_database_of, utc_now
from app.routing.linting import Severity, lint
from app.routing.loading import load_policy
from app.routing.policy import Policy
from app.settings import Settings
from app.storage import keys, outbox
from app.storage.engine import file_of_url
from app.storage.facts import Facts, facts_of
from models import registry
from models.artifact import Manifest, read_artifact
from models.errors import ModelError

_LONG_LOG_MB = 256  # SQLite's is written into the file at 4 MB, unless a reader keeps it
_BYTES_PER_MB = 1024**2


def model(settings: Settings) -> Seen:
    """Load the live model."""
    manifest = load_classifier(settings).manifest
    return Seen(f"version {manifest.version}, intents {', '.join(manifest.intents.labels)}")


def policy(settings: Settings) -> Seen:
    """Read the policy and look it over."""
    manifest = _manifest(settings)
    found = load_policy(
        settings.policy,
        known_intents=manifest.intents.labels if manifest else None,
        known_signals=manifest.signals if manifest else None,
    )
    told = Seen(f"{len(found.rules)} rules, {settings.policy or 'the shipped one'}")
    return together(told, _lint_seen(found, manifest), _links_seen(settings, found))


def database(settings: Settings) -> Seen:
    """Open the database, and look at how it keeps what is committed."""
    with closing(open_database_of(settings)) as opened, opened.read() as conn:
        counts, facts = outbox.counts(conn), facts_of(conn)
        dialect = opened.dialect
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    said = Seen(f"{dialect} {facts.version}, schema current, deliveries: {told}")
    file = file_of_url(settings.effective_database_url)
    return together(said, server_seen(facts) if file is None else file_seen(facts, _log_mb(file)))


def key(settings: Settings) -> Seen:
    """Tell who may call."""
    with closing(open_database_of(settings)) as opened, opened.read() as conn:
        guarded = keys.any_active(conn, utc_now())
    if guarded:
        return Seen("calls need a key")
    state = "open to this machine" if is_loopback(settings.host) else "closed to every call"
    return Seen(f"no key: {state}", "`inlet keys create NAME`")


def file_seen(facts: Facts, log_mb: int) -> Seen:
    """Tell whether a SQLite file is written and searched as it should be."""
    parts = [Seen(f"journal {facts.journal}, {log_mb} MB of it")]
    if facts.journal != "wal":
        parts.append(Seen("", "its disk allows no journal in WAL mode: use another", ok=False))
    if log_mb > _LONG_LOG_MB:
        parts.append(Seen("", "a reader keeps the journal from being emptied: restart the service"))
    if not facts.full_text:
        mend = "run Inlet with a Python whose SQLite has FTS5"
        parts.append(Seen("no full-text search", mend, ok=False))
    return together(*parts)


def server_seen(facts: Facts) -> Seen:
    """Tell whether a PostgreSQL server keeps what it has taken."""
    if not facts.unsafe:
        return Seen("commits are durable")
    off = ", ".join(facts.unsafe)
    return Seen(f"a power cut loses messages: {off} is off", f"switch {off} on there", ok=False)


def _lint_seen(found: Policy, manifest: Manifest | None) -> Seen:
    """Count what `inlet policy lint` finds; endpoints have a check of their own."""
    findings = lint(
        found,
        known_intents=manifest.intents.labels if manifest else None,
        known_signals=manifest.signals if manifest else None,
        endpoints=None,
        on=utc_now().date(),
    )
    errors = sum(one.severity is Severity.ERROR for one in findings)
    if not findings:
        return Seen("lint finds nothing")
    told = f"lint finds {errors} errors and {len(findings) - errors} warnings"
    return Seen(told, "`inlet policy lint` shows them", ok=not errors)


def _links_seen(settings: Settings, found: Policy) -> Seen:
    if settings.public_url is None and any(rule.clock for rule in found.every_rule):
        return Seen("alerts have no links to take a message by", "set INLET_PUBLIC_URL")
    return Seen("")


def _manifest(settings: Settings) -> Manifest | None:
    """The live model's facts; None where there is no model, which is a finding of its own."""
    try:
        return read_artifact(settings.artifacts / registry.live_version(settings.artifacts))[0]
    except (ModelError, OSError):
        return None


def _log_mb(file: Path) -> int:
    log = file.with_name(file.name + "-wal")
    return log.stat().st_size // _BYTES_PER_MB if log.exists() else 0

"""What a backup is made of in this installation, and what PostgreSQL's own tools take."""

import shlex
from collections.abc import Mapping
from pathlib import Path

from app.cli.archive import About
from app.errors import ConfigError
from app.routing.loading import SHIPPED
from app.settings import Settings
from app.storage.engine import file_of_url
from app.storage.facts import libpq_url
from models import registry
from models.errors import ModelError

STAMP = "%Y%m%dT%H%M%SZ"  # of a time in a file's name


def sqlite_file(settings: Settings, *, to_type: str) -> Path:
    """Name the database's file.

    Args:
        settings: The operator's.
        to_type: The command that does the same for PostgreSQL.

    Raises:
        ConfigError: It is PostgreSQL's.
    """
    file = file_of_url(settings.effective_database_url)
    if file is None:
        raise ConfigError(
            f"PostgreSQL has tools of its own; type: {to_type} (the password by PGPASSWORD or "
            "~/.pgpass), and keep the file that INLET_POLICY names with it"
        )
    return file


def dump_line(settings: Settings, file: Path) -> str:
    """Write the command that backs a PostgreSQL database up."""
    options = ("--format=custom", "--no-owner", f"--file={file}")
    return shlex.join(["pg_dump", *options, f"--dbname={_libpq_url(settings)}"])


def restore_line(settings: Settings, file: Path) -> str:
    """Write the command that restores a PostgreSQL database."""
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
    return shlex.join(["pg_restore", *options, f"--dbname={_libpq_url(settings)}", str(file)])


def policy_of(settings: Settings) -> bytes:
    """Read the policy in force, as it stands."""
    return (settings.policy or SHIPPED).read_bytes()


def model_of(settings: Settings) -> str | None:
    """Name the live version; None where there is none."""
    try:
        return registry.live_version(settings.artifacts)
    except (ModelError, OSError):
        return None


def told(about: About) -> Mapping[str, object]:
    """Give a script what a backup says of itself."""
    names = ("made_at", "inlet", "model", "schema", "messages")
    return {name: getattr(about, name) for name in names}


def _libpq_url(settings: Settings) -> str:
    return libpq_url(settings.effective_database_url)

"""`inlet backup` and `inlet restore`."""

import hashlib
import shlex
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from app.cli.archive import (
    DATABASE,
    FORMAT,
    POLICY,
    About,
    read_backup,
    sha256_of,
    write_backup,
)
from app.cli.output import out, print_json, say, told_errors
from app.errors import ConfigError
from app.parts import utc_now
from app.routing.loading import SHIPPED
from app.settings import Settings, load_settings
from app.storage.copying import contents_of, copy_database, put_in_place
from app.storage.engine import file_of_url, open_database, sqlite_url
from app.storage.facts import libpq_url
from app.storage.migrations import migrate
from models import registry
from models.errors import ModelError

_STAMP = "%Y%m%dT%H%M%SZ"
_BYTES_PER_MB = 1024**2
_OF_THE_PLACE = ("INLET_DATA_DIR", "INLET_DATABASE_URL")  # a backup goes anywhere

_File = Annotated[Path, typer.Argument(help="the backup")]
_Json = Annotated[bool, typer.Option("--json")]


def backup(
    file: Annotated[Path, typer.Argument(help="to write, or a folder for one named by the time")],
    replace: Annotated[bool, typer.Option("--replace", help="write over a file")] = False,
    as_json: _Json = False,
) -> None:
    """Copy database and policy into one file, while the service runs; it holds secrets.

    PostgreSQL has tools of its own: the command to type is told.
    """
    with told_errors():
        settings, now = load_settings(), utc_now()
        source = _sqlite_file(settings, to_type=_dump_line(settings, file))
        if not source.exists():
            raise ConfigError(f"there is no database at {source}: nothing to back up")
        target = file / f"inlet-{now.strftime(_STAMP)}.zip" if file.is_dir() else file
        if not target.parent.is_dir():
            raise ConfigError(f"there is no folder {target.parent}: make it")
        if target.exists() and not replace:
            raise ConfigError(f"{target} is there already; give another name, or --replace")
        about = _backed_up(settings, target, now)
    size = target.stat().st_size
    if as_json:
        print_json({"file": str(target), "bytes": size, **_told(about)})
        return
    out.print(str(target))
    say(f"{about.messages} messages and the policy, {_shown_mb(size)}; secrets are in it too")


def restore(
    file: _File,
    replace: Annotated[
        bool, typer.Option("--replace", help="move the database that is there aside")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Make a backup the database of this installation; stop the service first.

    The policy and the model of the backup are told where others are in force; nothing is lost.
    """
    with told_errors():
        settings, now = load_settings(), utc_now()
        path = _sqlite_file(settings, to_type=_restore_line(settings, file))
        if path.exists() and not replace:
            raise ConfigError(f"there is a database at {path}; --replace moves it aside")
        restored = _restored(settings, path, file, now)
    if as_json:
        print_json(restored.as_dict())
    else:
        _show(settings, restored)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Restored:
    """What was put where."""

    about: About
    database: Path
    aside: Path | None  # where the one before is
    policy: Path | None  # where the backup's is, if another is in force
    pending: int  # deliveries that go out at the next start

    def as_dict(self) -> Mapping[str, object]:
        """Give it for a script."""
        return {
            "database": str(self.database),
            "aside": str(self.aside) if self.aside else None,
            "policy": str(self.policy) if self.policy else None,
            "pending": self.pending,
            **_told(self.about),
        }


def _backed_up(settings: Settings, target: Path, now: datetime) -> About:
    """Copy, look over what was copied, and pack it."""
    policy = _policy_of(settings)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".inlet-backup-") as folder:
        copy = Path(folder) / DATABASE
        # Not migrated: a backup before an upgrade is of what there is.
        with closing(open_database(settings.effective_database_url)) as database:
            copy_database(database, copy)
        contents = contents_of(copy)
        about = About(
            format=FORMAT,
            made_at=now.isoformat(timespec="seconds"),
            inlet=metadata.version("inlet"),
            model=_model_of(settings),
            schema=contents.schema,
            messages=contents.messages,
            settings=settings.masked(),
            sha256={POLICY: hashlib.sha256(policy).hexdigest(), DATABASE: sha256_of(copy)},
        )
        write_backup(target, about, database=copy, policy=policy)
    return about


def _restored(settings: Settings, path: Path, source: Path, now: datetime) -> _Restored:
    """Unpack beside the place, bring it up to this release, and only then move it there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".inlet-restore-") as folder:
        about, policy = read_backup(source, Path(folder))
        new = Path(folder) / DATABASE
        with closing(open_database(sqlite_url(new))) as database:
            migrate(database)
        pending = contents_of(new).pending
        aside = path.with_name(f"{path.name}.before-{now.strftime(_STAMP)}")
        moved = put_in_place(new, path, aside=aside)
    return _Restored(
        about=about,
        database=path,
        aside=aside if moved else None,
        policy=_kept_policy(
            settings, policy, path.with_name(f"policy-{now.strftime(_STAMP)}.yaml")
        ),
        pending=pending,
    )


def _kept_policy(settings: Settings, policy: bytes, path: Path) -> Path | None:
    """Write the policy of a backup beside its database; None where it is the one in force."""
    try:
        if _policy_of(settings) == policy:
            return None
    except OSError:
        pass  # its file is missing, and here is one
    path.write_bytes(policy)
    return path


def _show(settings: Settings, restored: _Restored) -> None:
    """Tell what is there now, and what is left to do."""
    about = restored.about
    out.print(f"{about.messages} messages of {about.made_at} are in {restored.database}")
    if restored.aside:
        say(f"what was there is in {restored.aside}")
    if restored.policy:
        say(f"another policy is in force: set INLET_POLICY to {restored.policy}, or keep yours")
    if about.model not in (None, _model_of(settings)):
        say(f"another model is live: `inlet models promote {about.model}`, or keep yours")
    if other := _other_settings(settings, about):
        say(f"set otherwise then: {other}")
    if restored.pending:
        say(
            f"{restored.pending} deliveries go out at the next start; receivers know by webhook-id "
            "what they have already"
        )


def _other_settings(settings: Settings, about: About) -> str:
    """Name what was set otherwise when the backup was made."""
    now = settings.masked()
    return ", ".join(
        f"{name}={value}"
        for name, value in sorted(about.settings.items())
        if now.get(name) not in (None, value) and name not in _OF_THE_PLACE
    )


def _sqlite_file(settings: Settings, *, to_type: str) -> Path:
    file = file_of_url(settings.effective_database_url)
    if file is None:
        raise ConfigError(
            f"PostgreSQL has tools of its own; type: {to_type} (the password by PGPASSWORD or "
            "~/.pgpass), and keep the file that INLET_POLICY names with it"
        )
    return file


def _dump_line(settings: Settings, file: Path) -> str:
    options = ("--format=custom", "--no-owner", f"--file={file}")
    return shlex.join(["pg_dump", *options, f"--dbname={_libpq_url(settings)}"])


def _restore_line(settings: Settings, file: Path) -> str:
    options = ("--clean", "--if-exists", "--no-owner", "--single-transaction")
    return shlex.join(["pg_restore", *options, f"--dbname={_libpq_url(settings)}", str(file)])


def _libpq_url(settings: Settings) -> str:
    return libpq_url(settings.effective_database_url)


def _policy_of(settings: Settings) -> bytes:
    return (settings.policy or SHIPPED).read_bytes()


def _model_of(settings: Settings) -> str | None:
    """Name the live version; None where there is none."""
    try:
        return registry.live_version(settings.artifacts)
    except (ModelError, OSError):
        return None


def _told(about: About) -> Mapping[str, object]:
    """Give a script what a backup says of itself."""
    names = ("made_at", "inlet", "model", "schema", "messages")
    return {name: getattr(about, name) for name in names}


def _shown_mb(size: int) -> str:
    return f"{size / _BYTES_PER_MB:.1f} MB"

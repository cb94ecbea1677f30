"""`inlet backup`."""

import hashlib
import tempfile
from contextlib import closing
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from app.cli.archive import DATABASE, FORMAT, POLICY, About, sha256_of, write_backup
from app.cli.installation import STAMP, dump_line, model_of, policy_of, sqlite_file, told
from app.cli.output import out, print_json, say, told_errors
from app.errors import ConfigError
from app.parts import utc_now
from app.settings import Settings, load_settings
from app.storage.copying import contents_of, copy_database
from app.storage.engine import open_database

_BYTES_PER_MB = 1024**2


def backup(
    file: Annotated[Path, typer.Argument(help="to write, or a folder for one named by the time")],
    replace: Annotated[bool, typer.Option("--replace", help="write over a file")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Copy database and policy into one file, while the service runs; it holds secrets.

    PostgreSQL has tools of its own: the command to type is told.
    """
    with told_errors():
        settings, now = load_settings(), utc_now()
        source = sqlite_file(settings, to_type=dump_line(settings, file))
        if not source.exists():
            raise ConfigError(f"there is no database at {source}: nothing to back up")
        target = file / f"inlet-{now.strftime(STAMP)}.zip" if file.is_dir() else file
        if not target.parent.is_dir():
            raise ConfigError(f"there is no folder {target.parent}: make it")
        if target.exists() and not replace:
            raise ConfigError(f"{target} is there already; give another name, or --replace")
        about = _backed_up(settings, target, now)
    size = target.stat().st_size
    if as_json:
        print_json({"file": str(target), "bytes": size, **told(about)})
        return
    out.print(str(target))
    say(f"{about.messages} messages and the policy, {_shown_mb(size)}; secrets are in it too")


def _backed_up(settings: Settings, target: Path, now: datetime) -> About:
    """Copy, look over what was copied, and pack it."""
    policy = policy_of(settings)
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
            model=model_of(settings),
            schema=contents.schema,
            messages=contents.messages,
            settings=settings.masked(),
            sha256={POLICY: hashlib.sha256(policy).hexdigest(), DATABASE: sha256_of(copy)},
        )
        write_backup(target, about, database=copy, policy=policy)
    return about


def _shown_mb(size: int) -> str:
    return f"{size / _BYTES_PER_MB:.1f} MB"

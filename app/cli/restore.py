"""`inlet restore`."""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.archive import DATABASE, About, read_backup
from app.cli.installation import STAMP, model_of, policy_of, restore_line, sqlite_file, told
from app.cli.output import out, print_json, say, told_errors
from app.errors import ConfigError
from app.parts import utc_now
from app.settings import Settings, load_settings
from app.storage import login_links, sessions
from app.storage.copying import contents_of, put_in_place
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate

_OF_THE_PLACE = ("INLET_DATA_DIR", "INLET_DATABASE_URL")  # a backup goes anywhere


def restore(
    file: Annotated[Path, typer.Argument(help="as `inlet backup` made it")],
    replace: Annotated[
        bool, typer.Option("--replace", help="move the database that is there aside")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Make a backup the database of this installation; stop the service first.

    The policy and the model of the backup are told where others are in force; nothing is lost.
    """
    with told_errors():
        settings, now = load_settings(), utc_now()
        path = sqlite_file(settings, to_type=restore_line(settings, file))
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
            **told(self.about),
        }


def _restored(settings: Settings, path: Path, source: Path, now: datetime) -> _Restored:
    """Unpack beside the place, bring it up to this release, and only then move it there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".inlet-restore-") as folder:
        about, policy = read_backup(source, Path(folder))
        new = Path(folder) / DATABASE
        with closing(open_database(sqlite_url(new))) as database:
            migrate(database)
            _sign_everybody_out(database, now)
        pending = contents_of(new).pending
        aside = path.with_name(f"{path.name}.before-{now.strftime(STAMP)}")
        moved = put_in_place(new, path, aside=aside)
    return _Restored(
        about=about,
        database=path,
        aside=aside if moved else None,
        policy=_kept_policy(settings, policy, path.with_name(f"policy-{now.strftime(STAMP)}.yaml")),
        pending=pending,
    )


def _sign_everybody_out(database: Database, now: datetime) -> None:
    """End what a backup knows of signing in: links that were used since, sessions that were ended.

    Keys that were revoked since are known again, too; nothing tells them from those that hold.
    """
    with database.write() as conn:
        login_links.forget_all(conn)
        sessions.end_all(conn, now)


def _kept_policy(settings: Settings, policy: bytes, path: Path) -> Path | None:
    """Write the policy of a backup beside its database; None where it is the one in force."""
    try:
        if policy_of(settings) == policy:
            return None
    except OSError:
        pass  # its file is missing, and here is one
    path.write_bytes(policy)
    return path


def _show(settings: Settings, restored: _Restored) -> None:
    """Tell what is there now, and what is left to do."""
    about = restored.about
    out.print(f"{about.messages} messages of {about.made_at} are in {restored.database}")
    say("everybody signs in anew; revoke again the API keys that were revoked since")
    if restored.aside:
        say(f"what was there is in {restored.aside}")
    if restored.policy:
        say(f"another policy is in force: set INLET_POLICY to {restored.policy}, or keep yours")
    if about.model not in (None, model_of(settings)):
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

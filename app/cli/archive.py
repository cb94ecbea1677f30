"""A backup as one file: a ZIP of the database, the policy, and what they were used with."""

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from app.errors import ConfigError
from app.storage.copying import sync_folder

FORMAT = 1  # of the file; another one is refused
DATABASE, POLICY, ABOUT = "inlet.db", "policy.yaml", "about.json"
_FAST = 1  # of deflate: three quarters of the gain for a fifth of the time
_SMALL = 4 * 1024**2  # bytes of what is read at once
_CHUNK = 1024**2
# What zipfile and zlib raise where a file is none of theirs, or was changed.
_SPOILT = (
    zipfile.BadZipFile,
    zlib.error,
    KeyError,
    EOFError,
    NotImplementedError,  # zipfile's word for a way of packing that it does not know
    RuntimeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a backup was made of."""

    format: int
    made_at: str  # ISO 8601, UTC
    inlet: str  # release
    model: str | None  # version that was live; None: there was none
    schema: str  # newest migration of the database
    messages: int
    settings: Mapping[str, str]  # variable -> value, without secrets
    sha256: Mapping[str, str]  # part -> digest


def sha256_of(path: Path) -> str:
    """Digest a file, as lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_backup(target: Path, about: About, *, database: Path, policy: bytes) -> None:
    """Write a backup whole or not at all, for its owner alone: the database holds secrets."""
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)
    try:
        with _created(part) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_FAST) as parts:
                parts.writestr(_entry(ABOUT), json.dumps(asdict(about), indent=1))
                parts.writestr(_entry(POLICY), policy)
                with database.open("rb") as source, parts.open(_entry(DATABASE), "w") as copy:
                    shutil.copyfileobj(source, copy, _CHUNK)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync_folder(target.parent)
    finally:
        part.unlink(missing_ok=True)


def read_backup(source: Path, folder: Path) -> tuple[About, bytes]:
    """Take a backup apart and check every part. Returns its facts and its policy.

    Args:
        source: As `write_backup` made it.
        folder: Where its database is put, as DATABASE.

    Raises:
        ConfigError: It is no backup, is spoilt, or was made by a newer release.
    """
    try:
        with zipfile.ZipFile(source) as parts:
            about = _about(_read(parts, ABOUT))
            policy = _read(parts, POLICY)
            database = folder / DATABASE
            with parts.open(DATABASE) as packed, _created(database) as file:
                shutil.copyfileobj(packed, file, _CHUNK)
    except _SPOILT as error:
        raise ConfigError(f"{source} is no backup of Inlet, or is spoilt") from error
    digests = {POLICY: hashlib.sha256(policy).hexdigest(), DATABASE: sha256_of(database)}
    if digests != about.sha256:
        raise ConfigError(f"{source} is spoilt: its parts are not those that were written")
    return about, policy


def _about(text: bytes) -> About:
    """Read the facts; what a newer release added is refused with its format."""
    try:
        found: Any = json.loads(text)
        if found["format"] != FORMAT:
            raise ConfigError("the backup was made by a newer release: install that one")
        return About(**found)
    except (TypeError, ValueError, KeyError) as error:
        raise ConfigError("what the backup says of itself cannot be read") from error


def _read(parts: zipfile.ZipFile, name: str) -> bytes:
    with parts.open(name) as part:
        text = part.read(_SMALL + 1)
    if len(text) > _SMALL:
        raise ConfigError(f"{name} in the backup is too large to be one")
    return text


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16  # as unzip makes it
    return entry


@contextmanager
def _created(path: Path) -> Iterator[IO[bytes]]:
    """Make a new file that its owner alone may read."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        yield file

"""Find a weight file in an installed package without importing the package; accept it by digest."""

import hashlib
from importlib import metadata
from pathlib import Path

from training.errors import BaseError


def packaged_file(package: str, name: str, *, install: str) -> Path:
    """Locate a data file of an installed distribution.

    Args:
        package: Name of the distribution.
        name: The file's path inside it.
        install: What to tell a user who lacks it.

    Raises:
        BaseError: The package or the file is not there.
    """
    try:
        files = metadata.files(package) or []
    except metadata.PackageNotFoundError:
        raise BaseError(f"the package {package} is not installed: {install}") from None
    for file in files:
        if str(file) == name:
            return Path(str(file.locate()))
    raise BaseError(f"{package} has no file {name}: {install}")


def checked_bytes(path: Path, sha256: str) -> bytes:
    """Read a file whose SHA-256 must be the one given.

    Raises:
        BaseError: It is another file than the one that was checked.
    """
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise BaseError(f"{path}: its SHA-256 is not the known one; nothing was read from it")
    return content

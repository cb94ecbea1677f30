"""The policy as a text that people change: read, and written so that what was there is kept."""

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.errors import Refused
from app.routing.document import MAX_BYTES
from app.routing.loading import SHIPPED

MOST_KEPT = 20  # texts from before; the oldest goes
_KEPT = re.compile(r"\.before-\d{8}T\d{12}Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyText:
    """A policy file as it stands."""

    name: str  # of the file, without its folder
    text: str
    sha256: str  # of its bytes
    is_shipped: bool  # nobody chose a file, and the shipped one never changes
    is_writable: bool


def read_text(path: Path | None) -> PolicyText:
    """Read the operator's policy, or the shipped one where there is none.

    Raises:
        Refused: `policy_unreadable`.
    """
    file = (path or SHIPPED).resolve()  # a link stays a link: what it leads to is written
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise Refused("the policy file cannot be read", code="policy_unreadable") from error
    return PolicyText(
        name=(path or SHIPPED).name,
        text=text,
        sha256=hashlib.sha256(content).hexdigest(),
        is_shipped=path is None,
        is_writable=path is not None and _may_write(file),
    )


def write_text(path: Path, text: str, *, now: datetime) -> Path:
    """Put a text in the place of the policy in one step; gives where the one before is kept.

    Raises:
        Refused: `policy_read_only`.
    """
    file = path.resolve()
    kept = file.with_name(f"{file.name}.before-{now:%Y%m%dT%H%M%S%f}Z")
    building = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        shutil.copy2(file, kept)
        with building.open("wb") as opened:
            opened.write(text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        shutil.copymode(file, building)
        building.replace(file)
    except OSError as error:
        for left in (building, kept):
            with contextlib.suppress(OSError):
                left.unlink()
        raise Refused(
            "the policy file cannot be written by this service: change it where it stands",
            code="policy_read_only",
        ) from error
    _forget_oldest(file)
    return kept


def _may_write(file: Path) -> bool:
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def _forget_oldest(file: Path) -> None:
    """Remove the oldest of the texts that were kept, where there are too many."""
    beside = sorted(
        one
        for one in file.parent.glob(f"{file.name}.before-*")
        if _KEPT.fullmatch(one.name.removeprefix(file.name))
    )
    for old in beside[:-MOST_KEPT]:
        with contextlib.suppress(OSError):
            old.unlink()

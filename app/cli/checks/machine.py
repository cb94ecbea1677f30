"""The machine: its clock, its cores, its disk."""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from app.cli.checks.seen import Seen, together
from app.parts import open_database_of, utc_now
from app.settings import Settings
from app.storage.engine import file_of_url
from app.storage.facts import clock_of, newest_at

_OFF = timedelta(seconds=5)  # signatures are taken within 5 min, and a lease has 30 s to spare
_LOW_DISK_MB = 200
_BYTES_PER_MB = 1024**2
_SLOW_SYNC_MS = 30.0  # of a commit, which 30 messages a second wait for one after another
_SYNCS, _SYNCS_S = 9, 1.0  # tried, and the time for all of them
_PAGE = bytes(4_096)
_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # Linux, control groups version 2
_MOUNTS = Path("/proc/self/mounts")
_NETWORK = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_MEMORY = frozenset({"ramfs", "tmpfs"})


def clock(settings: Settings) -> Seen:
    """Hold our clock against the database's, a file's and the newest message's."""
    with closing(open_database_of(settings)) as database, database.read() as conn:
        asked, theirs = utc_now(), clock_of(conn)
        newest = newest_at(conn)
    others = {"the database": (asked, theirs)} if theirs else {}
    others["the disk"] = _file_clock(_folder(settings))
    return together(clocks_seen(others), stored_seen(utc_now(), newest))


def threads(settings: Settings) -> Seen:
    """Hold the model's threads against the cores that this process may use."""
    quota = _QUOTA.read_text(encoding="ascii") if _QUOTA.exists() else ""
    return threads_seen(settings.threads, _cores(), quota)


def disk(settings: Settings) -> Seen:
    """Measure room, and how long a write takes to be on the disk."""
    folder = _folder(settings)
    free_mb = shutil.disk_usage(folder).free // _BYTES_PER_MB
    mounts = _MOUNTS.read_text(encoding="utf-8") if _MOUNTS.exists() else ""
    return together(
        room_seen(free_mb),
        sync_seen(_sync_ms(folder)),
        kind_seen(file_system_of(folder.resolve(), mounts)),
    )


def clocks_seen(clocks: Mapping[str, tuple[datetime, datetime]]) -> Seen:
    """Tell which clocks go otherwise than ours.

    Args:
        clocks: By whose: what ours said when theirs was asked, and what theirs said.
    """
    off = {
        name: theirs - ours
        for name, (ours, theirs) in clocks.items()
        if not -_OFF <= theirs - ours <= _OFF
    }
    if not off:
        return Seen(f"as {' and '.join(clocks)} has it")
    told = ", ".join(f"{name} is {_shown(by)} our clock" for name, by in off.items())
    mend = "let every machine set its clock by the network: `timedatectl set-ntp true`"
    return Seen(told, mend, ok=False)


def stored_seen(now: datetime, newest: datetime | None) -> Seen:
    """Tell whether a message was stored later than it is now."""
    if newest is None or newest - now <= _OFF:
        return Seen("")
    return Seen(
        f"the newest message is {_shown(newest - now)} our clock",
        "set the clock of this machine right: what waits until then goes out only then",
        ok=False,
    )


def threads_seen(wanted: int, cores: int, quota: str) -> Seen:
    """Tell whether the threads fit the cores.

    Args:
        wanted: INLET_THREADS; 0: one for each core.
        cores: That the process may run on.
        quota: Text of cpu.max, microseconds in each period or `max`; empty: there is none.
    """
    allowed, _, period = quota.partition(" ")
    share = int(allowed) / int(period) if allowed.isdecimal() else float(cores)
    fit = max(1, min(cores, round(share)))
    detail = f"{wanted or cores} for {cores} cores"
    if share < cores:
        detail += f", of which this container may use {share:.1f}"
    if (wanted or cores) <= fit:
        return Seen(detail)
    return Seen(detail, f"more threads than cores wait for each other: INLET_THREADS={fit}")


def room_seen(free_mb: int) -> Seen:
    """Tell how much more can be stored."""
    if free_mb >= _LOW_DISK_MB:
        return Seen(f"{free_mb} MB free")
    return Seen(f"{free_mb} MB free", "make room, or set INLET_DATA_DIR to a larger disk", ok=False)


def sync_seen(sync_ms: float) -> Seen:
    """Tell how long each commit waits for the disk."""
    detail = f"a write is on the disk in {sync_ms:.1f} ms"
    if sync_ms <= _SLOW_SYNC_MS:
        return Seen(detail)
    return Seen(detail, "every message waits for one: set INLET_DATA_DIR to a faster disk")


def kind_seen(file_system: str) -> Seen:
    """Tell whether a file system keeps what SQLite writes."""
    if file_system in _NETWORK:
        return Seen(
            f"it is a network's ({file_system}), where SQLite loses data",
            "set INLET_DATA_DIR to a disk of this machine, or use PostgreSQL",
            ok=False,
        )
    if file_system in _MEMORY:
        return Seen(
            f"it is memory ({file_system}), gone at the next start",
            "set INLET_DATA_DIR to a folder on a disk",
        )
    return Seen("")


def file_system_of(folder: Path, mounts: str) -> str:
    """Name the kind of file system that a folder is on.

    Args:
        folder: Absolute.
        mounts: Text of /proc/mounts; of two on one place the later one covers the first.
    """
    found = ""
    depth = -1
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        point = Path(place.replace("\\040", " "))
        if len(point.parts) >= depth and folder.is_relative_to(point):
            found, depth = kind, len(point.parts)
    return found


def _folder(settings: Settings) -> Path:
    """Where the database is; beside PostgreSQL, the folder that is ours all the same."""
    file = file_of_url(settings.effective_database_url)
    folder = settings.data_dir if file is None else file.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _file_clock(folder: Path) -> tuple[datetime, datetime]:
    """Ask the file system: a network's has its own clock. Returns ours and its."""
    with tempfile.TemporaryFile(dir=folder) as file:
        asked = utc_now()
        file.write(_PAGE)
        file.flush()
        return asked, datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


def _sync_ms(folder: Path) -> float:
    """Measure what a small write takes to be on the disk; the median of a few, for a second."""
    took_ms: list[float] = []
    give_up_at = time.monotonic() + _SYNCS_S
    with tempfile.TemporaryFile(dir=folder) as file:
        while len(took_ms) < _SYNCS and (not took_ms or time.monotonic() < give_up_at):
            started_s = time.perf_counter()
            file.write(_PAGE)
            file.flush()
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - started_s) * 1_000)
    return median(took_ms)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Linux; a process may be held to some of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _shown(by: timedelta) -> str:
    seconds = round(by.total_seconds())
    return f"{abs(seconds)} s {'ahead of' if seconds > 0 else 'behind'}"

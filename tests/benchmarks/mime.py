"""How the mail parser bears real, damaged and hostile mails.

python -m tests.benchmarks.mime --fixtures ../shared/data/fixtures/mime [--json]

Reads all mails of a folder, seeded mutated copies of them, and the hostile mails that
tests/hostile_mail.py makes. Times are of the processor, so that a busy machine changes little.
"""

import argparse
import email
import json
import random
import resource
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from email.errors import FirstHeaderLineIsContinuationDefect, MissingHeaderBodySeparatorDefect
from email.message import Message
from email.policy import compat32
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.inbound.mime.mail import read_mail
from tests.hostile_mail import hostile_mails

COPIES = 2_000
SEED = 20_261_126
AIM_P99_MS, AIM_SLOWEST_MS = 100.0, 5_000.0  # RELIABILITY.md, P20
_MIB = 1024  # KiB, in which Linux counts
_CONFUSED = (MissingHeaderBodySeparatorDefect, FirstHeaderLineIsContinuationDefect)
_NAMES = (b"utf-8", b"iso-8859-1", b"x-none", b"utf-7", b"gb2312", b"utf-16", b"")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What came of one mail."""

    name: str
    size: int
    outcome: str  # status and flags, or the exception that must not be
    milliseconds: float
    lost_text: bool  # it has text, says the standard library, and we gave none


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The figures of a set of mails."""

    name: str
    mails: int
    crashes: int
    failed: int
    slowest: str
    slowest_ms: float
    p99_ms: float
    without_text: tuple[str, ...]


def read(name: str, raw: bytes, *, with_oracle: bool) -> Reading:
    """Read one mail, and look whether its text arrived."""
    started = time.process_time()
    try:
        mail = read_mail(raw)
        outcome = " ".join((mail.status.value, *mail.flags))
        text = mail.text
    except Exception as error:  # noqa: BLE001  this is what is counted
        traceback.print_exc()
        outcome, text = f"CRASH {type(error).__name__}", ""
    milliseconds = 1_000 * (time.process_time() - started)
    return Reading(
        name=name,
        size=len(raw),
        outcome=outcome,
        milliseconds=round(milliseconds, 1),
        lost_text=with_oracle and not text.strip() and has_text(raw),
    )


def has_text(raw: bytes) -> bool:
    """Whether the standard library finds text in a mail that is not a file; our judge.

    It ends the headers at the first damaged one and takes the rest of them for text: where it
    says so itself, it is no judge.
    """
    try:
        parts = list(email.message_from_bytes(raw, policy=compat32).walk())
        return any(_says_something(part) for part in parts)
    except Exception:  # noqa: BLE001  it raises on some mails, and then judges nothing
        return False


def _says_something(part: Message) -> bool:
    is_text = part.get_content_type() in ("text/plain", "text/html")
    if any(isinstance(defect, _CONFUSED) for defect in part.defects):
        return False
    if not is_text or part.get_filename() or part.get_content_disposition() == "attachment":
        return False
    data = part.get_payload(decode=True)
    text = data.decode("latin-1") if isinstance(data, bytes) else ""
    if part.get_content_type() == "text/html":
        text = _without_tags(text)
    return any(character.isalnum() for character in text)


def _without_tags(html: str) -> str:
    """Drop tags, comments and styles crudely; this only judges whether anything is left."""
    for opening, closing in (("<!--", "-->"), ("<style", "</style>"), ("<", ">")):
        pieces = html.split(opening)
        html = pieces[0] + "".join(piece.partition(closing)[2] for piece in pieces[1:])
    return html


def mutated(mails: Sequence[bytes], copies: int, seed: int) -> Iterator[bytes]:
    """Damage copies of mails in the ways that transport, bugs and attackers do."""
    chance = random.Random(seed)
    for number in range(copies):
        raw = mails[number % len(mails)]
        for _ in range(chance.randint(1, 4)):
            raw = chance.choice(_DAMAGES)(raw, chance)
        yield raw


def _flip(raw: bytes, chance: random.Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(min(chance.randint(1, 30), len(raw))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _cut(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    return raw[:start] + raw[start + chance.randint(1, 400) :]


def _end(raw: bytes, chance: random.Random) -> bytes:
    return raw[: chance.randrange(len(raw) // 2, len(raw) + 1)]


def _repeat(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    piece = raw[start : start + chance.randint(1, 400)]
    return raw[:start] + piece * chance.randint(2, 50) + raw[start:]


def _swap_lines(raw: bytes, chance: random.Random) -> bytes:
    lines = raw.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _rename_charset(raw: bytes, chance: random.Random) -> bytes:
    return raw.replace(b"charset=", b"charset=" + chance.choice(_NAMES) + b"; x=")


def _break_boundary(raw: bytes, chance: random.Random) -> bytes:
    return raw.replace(b"boundary=", b"boundary=" + chance.choice((b"x", b'"', b"; ", b"*0*=")))


def _end_lines(raw: bytes, chance: random.Random) -> bytes:
    return raw.replace(b"\r\n", b"\n").replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n")))


_DAMAGES = (_flip, _cut, _end, _repeat, _swap_lines, _rename_charset, _break_boundary, _end_lines)


def summary(name: str, readings: Sequence[Reading]) -> Summary:
    """Give the figures of a set."""
    slowest = max(readings, key=lambda reading: reading.milliseconds)
    times = sorted(reading.milliseconds for reading in readings)
    return Summary(
        name=name,
        mails=len(readings),
        crashes=sum(reading.outcome.startswith("CRASH") for reading in readings),
        failed=sum(reading.outcome.startswith("failed") for reading in readings),
        slowest=slowest.name,
        slowest_ms=slowest.milliseconds,
        p99_ms=times[min(len(times) - 1, int(0.99 * len(times)))],
        without_text=tuple(reading.name for reading in readings if reading.lost_text),
    )


def measure(folder: Path, copies: int, seed: int) -> dict[str, list[Reading]]:
    """Read all three sets."""
    paths = sorted(folder.rglob("*.eml"))
    raws = [path.read_bytes() for path in paths]
    names = [str(path.relative_to(folder)) for path in paths]
    damaged = enumerate(mutated(raws, copies, seed))
    return {
        "fixtures": _all(zip(names, raws, strict=True), with_oracle=True),
        "mutated": _all(((f"{n} of {names[n % len(names)]}", raw) for n, raw in damaged),
                        with_oracle=True),
        # No judge: the standard library needs minutes for some of these.
        "hostile": _all(((name, make()) for name, make in hostile_mails()), with_oracle=False),
    }  # fmt: skip


def _all(mails: Iterable[tuple[str, bytes]], *, with_oracle: bool) -> list[Reading]:
    return [read(name, raw, with_oracle=with_oracle) for name, raw in mails]


def show(sets: dict[str, list[Reading]], figures: Sequence[Summary], memory_mb: int) -> None:
    """Print the tables for a person."""
    console = Console()
    table = Table("hostile mail", "bytes", "outcome", "ms")
    for reading in sets["hostile"]:
        size, spent = f"{reading.size:,}", f"{reading.milliseconds:.1f}"
        table.add_row(reading.name, size, reading.outcome, spent)
    console.print(table)
    rows = Table("set", "mails", "crashes", "failed", "slowest ms", "p99 ms", "gave no text")
    for found in figures:
        counts = (found.mails, found.crashes, found.failed, found.slowest_ms, found.p99_ms,
                  len(found.without_text))  # fmt: skip
        rows.add_row(found.name, *map(str, counts))
    console.print(rows)
    for found in figures:
        console.print(f"slowest of {found.name}: {found.slowest}")
    console.print(f"most memory: {memory_mb} MiB")
    for found in figures:
        for name in found.without_text:
            console.print(f"gave no text: {name}", style="red")


def main() -> int:
    """Run as the command line says; 1 where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--copies", type=int, default=COPIES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sets = measure(given.fixtures, given.copies, given.seed)
    figures = [summary(name, readings) for name, readings in sets.items()]
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _MIB
    if given.json:
        hostile = [asdict(reading) for reading in sets["hostile"]]
        told = {"sets": [asdict(found) for found in figures], "hostile": hostile,
                "memory_mib": memory_mb}  # fmt: skip
        print(json.dumps(told))  # noqa: T201
    else:
        show(sets, figures, memory_mb)
    return 1 if any(_breaks(found) for found in figures) else 0


def _breaks(found: Summary) -> bool:
    is_slow = found.slowest_ms > AIM_SLOWEST_MS
    return bool(found.crashes) or is_slow


if __name__ == "__main__":
    sys.exit(main())

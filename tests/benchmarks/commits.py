"""What joining the commits of messages brings on SQLite: `python -m tests.benchmarks.commits`.

Messages are decided on and stored with an alert each, by 1, 8 and 32 threads at a time; what the
model would say is made up. Once every message is a transaction of its own, once those that wait
are one; the two take turns. Again with some milliseconds more to a commit, as slower disks need.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, event

from app.domain import Channel, Message, Sender
from app.intake import Intake
from app.replies.telling import Telling
from app.routing.policy import Policy, Rule
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from app.storing import Store
from tests.benchmarks.stock import keep_endpoint
from tests.support_predict import submit_by_word

THREADS = (1, 8, 32)
SLOWER_MS = (0, 5)  # that each commit takes beside what this disk needs
ROUNDS = 5  # of which the median counts
MESSAGES = 320  # of a round
_ROUTED = {"intents": {"pricing": None}, "route": "sales", "endpoints": ("sales",)}
_POLICY = Policy(
    rules=(Rule(name="buys", event_type="lead.detected", **_ROUTED),),
    otherwise=Rule(
        name="rest", intents={}, route="inbox", endpoints=(), event_type="message.routed"
    ),
    sha256="",
)
_T = TypeVar("_T")


class Alone:
    """A database that makes a transaction of every write."""

    def __init__(self, database: Database) -> None:
        self.read, self.write = database.read, database.write

    def write_in_group(self, work: Callable[[Connection], _T]) -> _T:
        """Do it in one of its own."""
        with self.write() as conn:
            return work(conn)


@dataclass(frozen=True, kw_only=True)
class Found:
    """Messages a second, the median of the rounds."""

    slower_ms: int
    threads: int
    alone_per_s: float
    group_per_s: float
    gain: float  # median of the rounds' ratios


@contextmanager
def _opened(path: Path, slower_ms: int) -> Iterator[Database]:
    with closing(open_database(sqlite_url(path))) as database:
        migrate(database)
        with database.write() as conn:
            keep_endpoint(conn, "sales", "http://127.0.0.1:9/")
        if slower_ms:
            event.listen(database._writer, "commit", lambda _: time.sleep(slower_ms / 1e3))
        yield database


def _intake(database: Database | Alone) -> Intake:
    def now() -> datetime:
        return datetime.now(UTC)

    return Intake(
        database=database,
        submit=submit_by_word,
        for_channel=lambda prediction, channel: prediction,
        policy=lambda: _POLICY,
        store=Store(
            database=database, now=now, telling=Telling(personal_data=True, links=lambda *_: None)
        ),
        now=now,
        predict_timeout_s=5.0,
        personal_data=True,
        on_enqueued=lambda: None,
    )


def _per_s(intake: Intake, *, threads: int, first: int) -> float:
    with ThreadPoolExecutor(threads) as pool:
        begun = time.perf_counter()
        for _ in pool.map(intake.accept, map(_message, range(first, first + MESSAGES))):
            pass
        return MESSAGES / (time.perf_counter() - begun)


def _message(number: int) -> Message:
    return Message(
        id=f"msg_{number:026}",
        channel=Channel.EMAIL,
        text=f"What is the price for {number} people?",
        subject="A question",
        sender=Sender(f"person{number}@company{number}.com", None),
        source="api",
        external_id=f"commits-{number}",
        thread_id=None,
        received_at=datetime.now(UTC),
        created_at=datetime.now(UTC),
    )


def measured(folder: Path, slower_ms: int) -> Iterator[Found]:
    """Compare on two new databases."""
    with (
        _opened(folder / f"alone{slower_ms}.db", slower_ms) as alone,
        _opened(folder / f"group{slower_ms}.db", slower_ms) as group,
    ):
        both = [_intake(Alone(alone)), _intake(group)]
        first = 0
        for threads in THREADS:
            pairs = []
            for _ in range(ROUNDS + 1):
                pairs.append([_per_s(one, threads=threads, first=first) for one in both])
                first += MESSAGES
            pairs = pairs[1:]
            yield Found(
                slower_ms=slower_ms,
                threads=threads,
                alone_per_s=round(median(pair[0] for pair in pairs), 1),
                group_per_s=round(median(pair[1] for pair in pairs), 1),
                gain=round(median(pair[1] / pair[0] for pair in pairs), 2),
            )


def main(as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False) -> None:
    """Measure on this disk, and as if it were slower."""
    with tempfile.TemporaryDirectory(prefix="inlet-commits-") as name:
        found = [one for slower_ms in SLOWER_MS for one in measured(Path(name), slower_ms)]
    if as_json:
        print(json.dumps([asdict(one) for one in found]))  # noqa: T201
        return
    table = Table("ms more a commit", "threads", "alone /s", "in groups /s", "gain")
    for one in found:
        table.add_row(*map(str, asdict(one).values()))
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)

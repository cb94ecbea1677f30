"""How fast lists of the inbox are: python -m tests.benchmarks.inbox [--rows 1000000] [--json].

Every list by none, one or two filters, with every value that they can have, from its beginning and
from its middle; by three filters and by all of them; counts, searches and what is new. On SQLite;
with --postgresql on a server of its own. --folder keeps SQLite's file, and uses it again.
"""

import argparse
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app.domain import Channel, InboxState
from app.storage import inbox, inbox_search
from app.storage.engine import Connection, Database, open_database, sqlite_url
from app.storage.inbox import Cursor, Filters
from app.storage.migrations import migrate
from tests.benchmarks.inbox_fill import NOW, OWNERS, fill, rare_word
from tests.benchmarks.serve import messages
from tests.postgresql_server import PostgreSQLServer

CHOICES: dict[str, list[Any]] = {
    "route": ["sales", "success", "support", "inbox", "automated", "nowhere"],
    "channel": list(Channel),
    "intent": ["pricing", "churn_risk", "support", "other", inbox.NO_INTENT],
    "owner": [*itertools.chain(*OWNERS.values()), "nobody"],
    "states": [(state,) for state in InboxState] + [(InboxState.OPEN, InboxState.WAITING)],
}
MIDDLE = Cursor(NOW - timedelta(days=180), 0)
_TEXTS = 5_000
_SAFE = {"shared_buffers": "512MB", "autovacuum": "off"}

Work = Callable[[Connection], int]


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one kind of question costs."""

    what: str
    asked: int  # different questions, each asked twice; the second counts
    median_ms: float
    p95_ms: float
    worst_ms: float
    cpu_ms: float  # the most that one took of this thread; SQLite works in it, PostgreSQL does not
    first_ms: float  # the worst of the first times, nothing of it being in memory perhaps
    worst: str  # which question took the most of this thread


def questions(rows: int) -> Iterator[tuple[str, str, Work]]:
    """Give what is asked: its kind, itself, and the work."""
    for count in range(4):
        for names in itertools.combinations(CHOICES, count):
            yield from _lists(" + ".join(names) or "everything", names, count)
    yield from _lists("all five", tuple(CHOICES), 5)
    for wanted in ({}, {"route": "sales"}, {"intent": "support"}, {"owner": "ana"}):
        filters = Filters(**wanted)
        yield "counts", str(wanted), lambda conn, f=filters: len(inbox.counts(conn, f))
    words = ["the ", "we ", "price", "pri", "demo team ", "the we you ", "a ", "zzzz", "support "]
    for word in (*words, rare_word(rows // 2), f"{rare_word(rows // 3)} the "):
        for wanted in ({}, {"route": "sales"}, {"owner": "nobody"}, {"intent": "churn_risk"}):
            name = "search, filtered" if wanted else "search"
            yield name, f"{word!r} {wanted}", _searched(word, Filters(**wanted))
    seen = inbox.Seen(upto=rows, lately=frozenset(range(rows - inbox.OVERLAP, rows + 1)))
    before = inbox.Seen(upto=rows - 20, lately=frozenset(range(rows - 2_000, rows - 20)))
    for name, one in (("nothing", seen), ("20", before)):
        yield "what is new", name, lambda conn, s=one: len(inbox.since(conn, s)[0])


def _lists(kind: str, names: tuple[str, ...], count: int) -> Iterator[tuple[str, str, Work]]:
    values = [CHOICES[name] if count < 3 else CHOICES[name][:3] for name in names]
    for chosen in itertools.product(*values):
        wanted = dict(zip(names, chosen, strict=True))
        for after in (None, MIDDLE):
            where = "from the middle" if after else "newest"
            yield kind, f"{wanted} {where}", _paged(Filters(**wanted), after)


def _paged(filters: Filters, after: Cursor | None) -> Work:
    return lambda conn: len(inbox.page(conn, filters, after=after))


def _searched(text: str, filters: Filters) -> Work:
    return lambda conn: len(inbox_search.search(conn, text, filters).rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one question cost."""

    question: str
    ms: float
    cpu_ms: float
    first_ms: float


def measured(database: Database, rows: int) -> list[Row]:
    """Ask everything twice."""
    found: dict[str, list[Asked]] = {}
    for kind, question, work in questions(rows):
        first_ms, _ = _ask(database, work)
        ms, cpu_ms = _ask(database, work)
        one = Asked(question=question, ms=ms, cpu_ms=cpu_ms, first_ms=first_ms)
        found.setdefault(kind, []).append(one)
    return [_row(kind, some) for kind, some in found.items()]


def _row(kind: str, found: list[Asked]) -> Row:
    sorted_ms = sorted(one.ms for one in found)
    worst = max(found, key=lambda one: one.cpu_ms)
    return Row(
        what=kind,
        asked=len(found),
        median_ms=round(statistics.median(sorted_ms), 1),
        p95_ms=round(sorted_ms[int(len(sorted_ms) * 0.95)], 1),
        worst_ms=round(sorted_ms[-1], 1),
        cpu_ms=round(worst.cpu_ms, 1),
        first_ms=round(max(one.first_ms for one in found), 1),
        worst=worst.question,
    )


def _ask(database: Database, work: Work) -> tuple[float, float]:
    """Give the milliseconds that passed, and those that this thread worked."""
    began_s, worked_s = time.perf_counter(), time.thread_time()
    with database.read() as conn:
        work(conn)
    return (time.perf_counter() - began_s) * 1_000, (time.thread_time() - worked_s) * 1_000


def _filled(url: str, rows: int, console: Console) -> None:
    with closing(open_database(url)) as database:
        migrate(database)
        with database.read() as conn:
            if inbox.page(conn, Filters(), limit=1):
                return
        began_s = time.monotonic()
        fill(database, rows, [example.text for example in messages()[:_TEXTS]])
        console.print(f"{rows:,} rows after {time.monotonic() - began_s:.0f} s")


def _url(given: argparse.Namespace, stack: ExitStack) -> str:
    if given.postgresql:
        server = PostgreSQLServer(_SAFE)
        stack.callback(server.remove)
        return str(server.url(server.create_database()))
    if given.folder:
        return sqlite_url(given.folder / f"inbox-{given.rows}.db")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inlet-inbox-")))
    return sqlite_url(folder / "inlet.db")


def show(found: list[Row], console: Console) -> None:
    """Print a line for each kind."""
    table = Table("list", "asked", "median ms", "p95 ms", "worst ms", "CPU ms", "first ms")
    for row in found:
        times = (row.median_ms, row.p95_ms, row.worst_ms, row.cpu_ms, row.first_ms)
        table.add_row(row.what, *map(str, (row.asked, *times)))
    console.print(table)
    for row in found:
        console.print(f"{row.what}: most work for {row.worst}", soft_wrap=True, markup=False)


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own")
    parser.add_argument("--folder", type=Path, help="where SQLite's file is kept")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        url = _url(given, stack)
        _filled(url, given.rows, Console(stderr=True))
        with closing(open_database(url)) as database:
            found = measured(database, given.rows)
    if given.json:
        print(json.dumps([asdict(row) for row in found]))  # noqa: T201
    else:
        show(found, Console())
    return 0


if __name__ == "__main__":
    sys.exit(main())

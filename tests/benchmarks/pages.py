"""How heavy and how fast pages are: python -m tests.benchmarks.pages [--rows 100000] [--json].

A service runs on a database that holds so many messages already, and a few that came in by its API.
Of every page: the bytes of its first load, with every file and every answer that it asks for, as
they are sent; how long its text takes the first time and then. On SQLite; with --postgresql on a
server of its own. --folder keeps SQLite's file, and uses it again.
"""

import argparse
import asyncio
import gzip
import html
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from app.dashboard.sessions import Sessions
from app.domain import DeliveryStatus, Role
from app.logs import configure_logs
from app.parts import utc_now
from app.storage import inbox, outbox
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from tests.benchmarks.inbox_fill import fill
from tests.benchmarks.serve import messages
from tests.benchmarks.serve_load import Line, get, post
from tests.benchmarks.serve_process import Server, free_port
from tests.benchmarks.stock import keep_endpoint
from tests.benchmarks.stored_receiver import CountingReceiver
from tests.postgresql_server import PostgreSQLServer
from tests.support_service import COMMAND, environ_of

AIM_KB = 60.0  # of a page's first load, compressed; a thousand bytes each
AIM_MS = 200.0  # for the first page
FIRST = "inbox"
SENT = (  # the last one is the message that is looked at
    "Hi, the password reset mail never arrives. I checked spam too.",
    "Could somebody show my team the product next Tuesday?",
    "What would 220 seats come to for a year, and is SSO in that or extra? We decide on Friday."
    "\n\n-- \nAda Lovelace\nHead of Engines\nExample Ltd\n+44 20 7946 0000\n\n"
    "On Mon, Nov 23, 2026 at 9:00 Bo <bo@x.example> wrote:\n> How many of you are there?\n",
)
ROUTES = ("sales", "success", "support", "inbox")  # endpoints that the shipped policy names
PAGES = {
    "login": "/login",
    "inbox": "/inbox",
    "inbox, one state": "/inbox?state=waiting",
    "inbox, a search": "/inbox?q=price",
    "message": "/messages/{message}",
    "contact": "/contacts/ada@example.com",
    "account": "/accounts/example.com",
    "account with every message": "/accounts/company.example",
    "deliveries": "/deliveries",
    "delivery": "/deliveries/{delivery}",
    "numbers": "/numbers",
    "model": "/model",
    "settings": "/settings",
    "endpoints": "/settings/endpoints",
}
_NOBODY = ("login",)  # pages of those who are not signed in
_ASKS = re.compile(
    r'(?:href|src)="(/static/[^"]+)"|data-source="([^"]+)"'
    r'|hx-get="([^"]+)" hx-trigger="load"'
)
_TEXTS = 5_000
_DRAIN_S = 60.0
_PAUSE_S = 0.1
_KB = 1_000
_GZIP = b"\x1f\x8b"
_SAFE = {"shared_buffers": "512MB", "autovacuum": "off"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one page costs."""

    page: str
    text_kb: float  # of the page itself, compressed
    files: int  # that it asks for
    load_kb: float  # of all, compressed
    first_ms: float  # of its text; since the service started, nobody had asked for it
    median_ms: float
    p95_ms: float
    worst_ms: float


def asked_by(page: str) -> set[str]:
    """List what a page asks for by itself when a browser opens it, each once."""
    found = (next(filter(None, groups)) for groups in _ASKS.findall(page))
    return {html.unescape(address) for address in found}


def measured(server: Server, database: Database, times: int) -> list[Row]:
    """Let messages come in, and look at every page."""
    sent = _sent(server)
    _drain(database)
    cookie = Sessions(database, now=utc_now).begin(name="Ana", role=Role.ADMIN)
    ids = {"message": sent["id"], "delivery": sent["deliveries"][0]["id"]}
    return [
        asyncio.run(
            _row(name, server.port, path.format(**ids), "" if name in _NOBODY else cookie, times)
        )
        for name, path in PAGES.items()
    ]


def _sent(server: Server) -> Mapping[str, Any]:
    """Post the messages; gives the answer to the last one."""
    answers = list(asyncio.run(_posted(server.port)))
    if any(status != 201 for status, _ in answers):
        raise SystemExit(f"the service took not every message: {answers}")
    return dict(json.loads(answers[-1][1]))


async def _posted(port: int) -> Sequence[tuple[int, bytes]]:
    line, sender = Line(port), {"email": "ada@example.com", "name": "Ada Lovelace"}
    with closing(line):
        requests = [post("/v1/messages", {"text": text, "sender": sender}) for text in SENT]
        answers = [await line.ask(request) for request in requests]
    return [(status, body) for status, _, body in answers]


def _drain(database: Database) -> None:
    """Wait until everything is delivered."""
    end_s = time.monotonic() + _DRAIN_S
    while time.monotonic() < end_s:
        with database.read() as conn:
            if not outbox.counts(conn)[DeliveryStatus.PENDING]:
                return
        time.sleep(_PAUSE_S)


async def _row(name: str, port: int, path: str, cookie: str, times: int) -> Row:
    line = Line(port)
    with closing(line):
        first_ms, raw = await _asked(line, path, cookie)
        took_ms = sorted([(await _asked(line, path, cookie))[0] for _ in range(times)])
        others = [
            len((await _asked(line, address, cookie))[1])
            for address in sorted(asked_by(_text(raw)))
        ]
    return Row(
        page=name,
        text_kb=round(len(raw) / _KB, 1),
        files=len(others),
        load_kb=round((len(raw) + sum(others)) / _KB, 1),
        first_ms=round(first_ms, 1),
        median_ms=round(statistics.median(took_ms), 1),
        p95_ms=round(took_ms[int(len(took_ms) * 0.95)], 1),
        worst_ms=round(took_ms[-1], 1),
    )


async def _asked(line: Line, path: str, cookie: str) -> tuple[float, bytes]:
    """Ask as a browser does; gives the milliseconds until the answer was read, and its body."""
    began_s = time.perf_counter()
    status, _, body = await line.ask(_request(path, cookie))
    took_ms = (time.perf_counter() - began_s) * 1_000
    if status != 200:
        raise SystemExit(f"{path} answers {status}")
    return took_ms, body


def _request(path: str, cookie: str) -> bytes:
    plain = get(path).removesuffix(b"\r\n")
    session = f"Cookie: inlet_session={cookie}\r\n" if cookie else ""
    return plain + f"Accept-Encoding: gzip\r\nAccept-Language: en\r\n{session}\r\n".encode()


def _text(raw: bytes) -> str:
    return (gzip.decompress(raw) if raw[:2] == _GZIP else raw).decode()


def _filled(database: Database, rows: int, console: Console) -> None:
    migrate(database)
    with database.read() as conn:
        if inbox.page(conn, inbox.Filters(), limit=1):
            return
    began_s = time.monotonic()
    fill(database, rows, [example.text for example in messages()[:_TEXTS]])
    console.print(f"{rows:,} messages after {time.monotonic() - began_s:.0f} s")


def run(url: str, folder: Path, given: argparse.Namespace) -> list[Row]:
    """Fill a database, start a service on it, and measure."""
    with closing(open_database(url)) as database, CountingReceiver() as receiver:
        _filled(database, given.rows, Console(stderr=True))
        with database.write() as conn:
            for name in ROUTES:
                keep_endpoint(conn, name, f"http://127.0.0.1:{receiver.port}/{name}")
        with _service(url, folder) as server:
            server.wait_until_it_answers(get("/readyz"), lambda _: True)
            return measured(server, database, given.times)


def _service(url: str, folder: Path) -> Server:
    port = free_port()
    environ = environ_of(
        folder,
        database_url=url,
        log_level="warning",
        egress_allow_cidrs="127.0.0.0/8",
        egress_allow_http="true",
    )
    command = [*COMMAND, "serve", "--port", str(port)]
    return Server(command, environ=environ, folder=folder, port=port)


def _url(given: argparse.Namespace, folder: Path, stack: ExitStack) -> str:
    if given.postgresql:
        server = PostgreSQLServer(_SAFE)
        stack.callback(server.remove)
        return str(server.url(server.create_database()))
    return sqlite_url((given.folder or folder) / f"pages-{given.rows}.db")


def missed(found: Sequence[Row]) -> Iterator[str]:
    """Say which aims are missed."""
    for row in found:
        if row.load_kb >= AIM_KB:
            yield f"{row.page}: {row.load_kb} kB, not below {AIM_KB:.0f}"
        if row.page == FIRST and max(row.first_ms, row.p95_ms) >= AIM_MS:
            yield f"{row.page}: {max(row.first_ms, row.p95_ms)} ms, not below {AIM_MS:.0f}"


def show(found: Sequence[Row], console: Console) -> None:
    """Print a line for each page."""
    heads = ("page", "text kB", "files", "all kB", "first ms", "median ms", "p95 ms", "worst ms")
    table = Table(*heads)
    for row in found:
        table.add_row(*map(str, asdict(row).values()))
    console.print(table)


def main() -> int:
    """Measure, and say which aims are missed; exit code 1 where one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=50, help="each page is asked for")
    parser.add_argument("--postgresql", action="store_true", help="on a server of its own")
    parser.add_argument("--folder", type=Path, help="where SQLite's file is kept")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    configure_logs("warning")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="inlet-pages-")))
        found = run(_url(given, folder, stack), folder, given)
    if given.json:
        print(json.dumps([asdict(row) for row in found]))  # noqa: T201
    else:
        show(found, Console())
    problems = list(missed(found))
    for problem in problems:
        Console(stderr=True).print(f"missed: {problem}", style="bold red")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

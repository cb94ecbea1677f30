"""How long policies are tried, and senders looked up: python -m tests.benchmarks.simulate [--json].

Fills a throwaway database (SQLite; any other by --url, which must be empty) with messages of 30
days, replays them through a policy in a process of its own, and looks up senders of all kinds.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import insert

from app.contexts import context_of
from app.domain import Channel, Message, Sender, new_id
from app.routing.context import Context
from app.routing.decide import decide
from app.routing.loading import load_policy
from app.routing.people import account_of
from app.routing.policy import Policy
from app.simulating import simulate
from app.storage import tables
from app.storage.engine import Database, open_database, sqlite_url
from app.storage.migrations import migrate
from models.prediction import Prediction, Signal

MESSAGES = 100_000
OF_ONE_ACCOUNT = 1_000
LOOK_UPS = 300
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAYS = 30
_CHUNK = 5_000
_BYTES_PER_MB = 1_000_000
_POLICY = """\
version: 1
rules:
  - name: a customer may leave
    intents: {churn_risk: 0.5}
    route: success
    endpoints: [success]
    event: churn.detected
    priority: urgent
    once: {of: account, every: 7d}
  - name: a company that is close
    intents: {demo_request: 0.5, pricing: 0.5}
    when: {account: {known: true, score: ">= 60"}, sender: {domain: ["*.com", "*.de"]}}
    route: sales
    endpoints: [sales, managers]
    event: lead.detected
    priority: high
  - name: wants to buy
    intents: {demo_request: 0.6, pricing: 0.6}
    when: {signals: {urgency: [normal, high]}, channel: [email, chat]}
    route: sales
    endpoints: [sales]
    event: lead.detected
  - name: needs help
    intents: {support: model}
    route: support
    endpoints: [support]
    event: message.routed
otherwise: {route: inbox, endpoints: [inbox], event: message.routed}
"""
_INTENTS = ("demo_request", "pricing", "support", "churn_risk", "other")


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What a replay took; sizes in MB of a million bytes."""

    messages: int
    changed: int
    seconds: float
    cpu_seconds: float
    resident_before_mb: float  # with everything imported and the database open
    peak_mb: float


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """How long it takes to know a sender."""

    stored: int  # messages
    of_account: int  # of them, the sender's company's
    fastest_us: float
    median_us: float


def fill(database: Database, count: int, *, of_one: int) -> None:
    """Store messages of people at many companies, and of one company that writes a lot."""
    rows = _rows(count, of_one)
    for _ in range(0, count, _CHUNK):
        with database.write() as conn:
            conn.execute(insert(tables.messages), list(islice(rows, _CHUNK)))


def replay(url: str, policy: Path) -> Replay:
    """Try a policy; call it in a fresh process, whose peak is then the replay's."""
    with closing(open_database(url)) as database:
        loaded = load_policy(policy, known_intents=_INTENTS)
        before_mb = _peak_mb()
        began, spent = time.perf_counter(), time.process_time()
        found = simulate(database, loaded, since=NOW - timedelta(days=DAYS), until=NOW)
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - spent
    return Replay(
        messages=found.replayed,
        changed=found.changed,
        seconds=round(seconds, 1),
        cpu_seconds=round(cpu_seconds, 1),
        resident_before_mb=before_mb,
        peak_mb=_peak_mb(),
    )


def look_up(database: Database, stored: int, email: str) -> LookUp:
    """Look a sender up again and again."""
    message = _message(new_id("msg", NOW), email)
    spent: list[float] = []
    for _ in range(LOOK_UPS):
        began = time.perf_counter()
        with database.read() as conn:
            found = context_of(conn, message, None, now=NOW)
        spent.append((time.perf_counter() - began) * 1e6)
    return LookUp(
        stored=stored,
        of_account=found.account.messages,
        fastest_us=round(min(spent)),
        median_us=round(statistics.median(spent)),
    )


def measure(folder: Path, url: str | None, count: int) -> tuple[Replay, list[LookUp]]:
    """Fill databases and measure on them."""
    policy = folder / "policy.yaml"
    policy.write_text(_POLICY)
    found: list[LookUp] = []
    few, many = sqlite_url(folder / "few.db"), url or sqlite_url(folder / "many.db")
    for address, stored, of_one in ((few, 100, 50), (many, count, OF_ONE_ACCOUNT)):
        with closing(open_database(address)) as database:
            migrate(database)
            fill(database, stored, of_one=of_one)
            emails = ("p1@acme.com", "someone@stranger.com", "p7@c7.com")
            found += [look_up(database, stored, email) for email in emails]
    command = [sys.executable, "-m", "tests.benchmarks.simulate", "--replay", many, str(policy)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Replay(**json.loads(told)), found


def _rows(count: int, of_one: int) -> Iterator[dict[str, Any]]:
    draw, shipped = random.Random(7), load_policy(None, known_intents=None)
    for number in range(count):
        at = NOW - timedelta(days=DAYS) * (1 - number / count)
        if number % (count // of_one) == 0:
            email = f"p{number % 10}@acme.com"
        elif number % 3 == 0:
            email = f"p{draw.randrange(count // 4)}@gmail.com"
        else:
            company = draw.randrange(max(1, count // 10))
            email = f"p{company + draw.randrange(3)}@c{company}.com"
        yield _row(_message(new_id("msg", at), email, at), _said(draw), shipped)


def _row(message: Message, said: Prediction, policy: Policy) -> dict[str, Any]:
    context = Context(channel=message.channel.value, at=message.received_at)
    own = ("id", "channel", "subject", "text", "thread_id", "source", "external_id")
    return {
        **{name: getattr(message, name) for name in (*own, "received_at", "created_at")},
        "sender_email": message.sender.email,
        "sender_name": message.sender.name,
        "prediction": said.as_dict(),
        "decision": decide(said, context, policy).as_dict(),
        "facts": None,
        "contact": message.sender.email,
        "account": account_of(message.sender.email),
        "promised": 1,
    }


def _message(message_id: str, email: str, at: datetime = NOW) -> Message:
    return Message(
        id=message_id,
        channel=Channel.EMAIL,
        subject="A question about your product",
        text="We have a question about what you offer. " * 25,
        sender=Sender(email, "Somebody"),
        thread_id=None,
        source="api",
        external_id=None,
        received_at=at,
        created_at=at,
    )


def _said(draw: random.Random) -> Prediction:
    wanted = draw.choices(_INTENTS, weights=(10, 15, 30, 5, 40))[0]
    intents = {intent: round(draw.uniform(0, 0.3), 4) for intent in _INTENTS}
    intents[wanted] = round(draw.uniform(0.3, 1.0), 4)
    heads = {
        "intent_type": ("informational", "transactional"),
        "urgency": ("low", "normal", "high"),
        "sentiment": ("negative", "neutral", "positive"),
        "buyer_role": ("executive", "it_manager", "unknown"),
        "engagement": ("guided", "unspecified"),
    }
    return Prediction(
        intents=intents,
        labels=(wanted,) if intents[wanted] > 0.5 else (),
        signals={
            head: Signal(draw.choice(labels), round(draw.random(), 4))
            for head, labels in heads.items()
        },
        model_version="benchmark",
        language="en",
        truncated=False,
    )


def _peak_mb() -> float:
    """Read the peak of this program alone: what getrusage tells may be its parent's."""
    status = Path("/proc/self/status").read_text()
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return round(int(kilobytes) * 1024 / _BYTES_PER_MB, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--url", help="of an empty database; default: a SQLite file")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--replay", nargs=2, metavar=("URL", "POLICY"), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure and show."""
    given = _arguments()
    if given.replay:
        url, policy = given.replay
        print(json.dumps(asdict(replay(url, Path(policy)))))  # noqa: T201  for our parent
        return
    with tempfile.TemporaryDirectory(prefix="inlet-simulate-") as folder:
        replayed, found = measure(Path(folder), given.url, given.messages)
    if given.json:
        told = {"replay": asdict(replayed), "look_ups": [asdict(one) for one in found]}
        print(json.dumps(told, indent=2))  # noqa: T201  for scripts
        return
    console = Console()
    console.print(replayed)
    for one in found:
        console.print(one)


if __name__ == "__main__":
    main()

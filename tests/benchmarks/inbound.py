"""How the running service takes what providers send: recorded, and hostile.

python -m tests.benchmarks.inbound --requests FILE [--mime FOLDER] [--only PART] [--json]

Starts the real service with keys of our own and replays each recorded request twice (proofs that
can pass no more are made anew), then posts the hostile forms of RELIABILITY.md 3.3, some hostile
mails of 3.4 and, where a folder is given, its mails. Amazon's certificate comes from a file; all
else is as an operator runs it. Exits with 1 where a promise is broken.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.attacks import MAILS, attack, post_mails
from tests.benchmarks.door import Answered, Door, Row, code_of, ids_of
from tests.benchmarks.replay import (
    Recorded,
    count_stored,
    differences,
    read_requests,
    told_anew,
)
from tests.hostile_mail import hostile_mails
from tests.support_offline import FOLDER
from tests.support_proofs import Proofs, Sent
from tests.support_service import Inlet, environ_of

COMMAND = (sys.executable, "-c", "from tests.support_offline import run; run()")
PARTS = ("recorded", "forms", "mails")
_MANY, _SHOWN = 100, 5  # of more rows than this, the broken and the slowest are shown


@contextmanager
def running(folder: Path, proofs: Proofs, settings: Mapping[str, object]) -> Iterator[Door]:
    """Run the service in a folder."""
    environ = environ_of(folder, port=0, **settings) | {FOLDER: str(folder)}
    (folder / "certificate.pem").write_bytes(proofs.certificate())
    (folder / "fetched.txt").touch()
    with Inlet("serve", environ=environ, folder=folder, command=COMMAND) as service:
        door = Door(service)
        proofs.base_url = door.url
        try:
            yield door
        finally:
            door.close()
        if service.stop() != 0:
            raise SystemExit(f"the service did not end well:\n{service.said()[-5_000:]}")


def replay(door: Door, proofs: Proofs, requests: Sequence[Recorded]) -> list[Row]:
    """Post each request twice, and its mail a third time; then look what is stored."""
    answers = [(door.post(one.sent), door.post(one.sent)) for one in requests]
    anew = [told_anew(one, proofs) for one in requests]
    third = [sent and door.post(sent).status for sent in anew]
    door.wait_until_read()
    rows = []
    for one, both, sent, status in zip(requests, answers, anew, third, strict=True):
        row = _replayed(door, one, both)
        if sent is not None and (status != both[0].status or not _is_same(door, one, sent)):
            row = replace(row, wrong=(*row.wrong, "stored anew by another request"))
        rows.append(row)
    return rows


def _replayed(door: Door, one: Recorded, both: tuple[Answered, Answered]) -> Row:
    found = door.kept(one.sent)
    kept, stored = count_stored(found)
    outcome = found[0]["status"] if found else ""
    wrong = [f"answered {one_answer.status}" for one_answer in both
             if one_answer.status not in one.statuses][:1]  # fmt: skip
    if outcome != one.outcome:
        wrong.append(f"became {outcome or 'nothing'}, not {one.outcome or 'nothing'}")
    if kept > 1 or stored != len(one.messages) * (outcome == "read"):
        wrong.append(f"{kept} arrivals, {stored} messages")
    for wanted, message_id in zip(one.messages, ids_of(found), strict=False):
        wrong += differences(wanted, door.message(message_id))
    return Row(
        name=one.test,
        status=", ".join(str(answer.status) for answer in both),
        milliseconds=max(answer.milliseconds for answer in both),
        outcome=f"{outcome} {code_of(found)}{stored}".strip(),
        reading_ms=door.reading_ms(found),
        wrong=tuple(wrong),
        note=one.note if wrong or one.outcome == "waiting" else "",
    )


def _is_same(door: Door, one: Recorded, sent: Sent) -> bool:
    """Whether a mail told by another request became the same message."""
    first, again = door.kept(one.sent), door.kept(sent)
    return bool(again) and ids_of(first) == ids_of(again)


def measure(given: argparse.Namespace, folder: Path) -> tuple[dict[str, list[Row]], dict[str, Any]]:
    """Run everything that is asked for."""
    proofs, tables = Proofs(), dict[str, list[Row]]()
    artifacts = os.environ.get("INLET_ARTIFACTS")
    settings = {**proofs.settings(), **({"artifacts": artifacts} if artifacts else {})}
    requests = read_requests(given.requests, proofs)
    with running(folder, proofs, settings) as door:
        if "recorded" in given.only:
            tables["recorded"] = replay(door, proofs, [one for one in requests if one.with_key])
        if "forms" in given.only:
            tables["forms"] = list(attack(door, proofs, folder / "fetched.txt"))
        if "mails" in given.only:
            made = [(name, make()) for name, make in hostile_mails() if name in MAILS]
            tables["mails"] = post_mails(door, made)
        if given.mime is not None:
            paths = sorted(given.mime.rglob("*.eml"))
            tables["mime"] = post_mails(door, [(path.name, path.read_bytes()) for path in paths])
        figures = _figures(door)
    if "recorded" in given.only:
        closed = {name: value for name, value in settings.items() if not name.endswith("_secret")}
        other = folder / "closed"
        other.mkdir()
        with running(other, proofs, closed) as door:
            closed_to = [one for one in requests if not one.with_key]
            tables["recorded"] += replay(door, proofs, closed_to)
    return tables, figures


def _figures(door: Door) -> dict[str, Any]:
    errors = [event for event in door.events() if event.get("level") in ("error", "critical")]
    return {
        "errors_in_log": [str(event.get("event"))[:200] for event in errors],
        "log_lines": sum(1 for _ in door.events()),
        "memory_mib": door.memory_mib(),
    }


def show(tables: Mapping[str, Sequence[Row]], figures: Mapping[str, Any]) -> None:
    """Print the tables for a person."""
    console = Console(width=160)
    for name, rows in tables.items():
        table = Table(name, "status", "ms", "CPU ms", "became", "reading ms", "as wanted")
        slowest = sorted(rows, key=lambda row: -(row.reading_ms or 0.0))[:_SHOWN]
        shown = rows if len(rows) <= _MANY else [r for r in rows if r.is_broken or r in slowest]
        for row in shown:
            verdict = "; ".join((*row.wrong, row.note)).strip("; ") or "yes"
            figures_ms = (_shown(row.milliseconds), _shown(row.cpu_ms))
            became = (row.outcome, _shown(row.reading_ms))
            style = "bold red" if row.is_broken else None
            table.add_row(row.name, row.status, *figures_ms, *became, verdict, style=style)
        console.print(table)
        broken = sum(row.is_broken for row in rows)
        noted = sum(bool(row.wrong) and not row.is_broken for row in rows)
        failing = sum(status.startswith("5") for row in rows for status in row.status.split(", "))
        console.print(f"{name}: {len(rows)} requests, {broken} not as wanted, {noted} explained, "
                      f"{failing} answered 5xx\n")  # fmt: skip
    console.print(figures)


def _shown(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.0f}"


def main() -> int:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--mime", type=Path, help="a folder of .eml files, posted too")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="inlet-inbound-") as folder:
        tables, figures = measure(given, Path(folder))
    if given.json:
        told = {name: [asdict(row) for row in rows] for name, rows in tables.items()}
        print(json.dumps({**told, "figures": figures}))  # noqa: T201
    else:
        show(tables, figures)
    is_broken = any(row.is_broken for rows in tables.values() for row in rows)
    return 1 if is_broken or figures["errors_in_log"] else 0


if __name__ == "__main__":
    sys.exit(main())

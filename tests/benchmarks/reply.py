"""How well and how fast mails are split: python -m tests.benchmarks.reply --pairs FILE [--json].

Counts exact answers on pairs of mails and replies, after folding white space, and measures the
time on 1 MB of hostile text and on twice as much. The pairs are other people's (talon's and
Crisp's): they are measured on and never copied. talon calls the signature a part of the reply, so
"with its signature" stands beside "newest text alone".
"""

import argparse
import json
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.text.reply import Reply, split_reply

AIM_EXACT = 56  # of 60 pairs
AIM_RATIO = 2.6  # of the time on twice as much text
AIM_S = 0.5  # on 1 MB
MEGABYTE = 1_000_000  # characters
_ROUNDS = 20  # of the timing of ordinary mails
_TRIES = 3  # of a hostile text; the best counts
_SMALLEST_S = 0.01  # below, a ratio says nothing

HOSTILE: Mapping[str, str] = {  # name -> what is repeated
    "near-misses of On … wrote:": "On Mon, Apr 2, 2012 at 6:26 PM, Ann wrote\nto me: it\n",
    "On … wrote: without end": "On Mon, Apr 2, 2012 at 6:26 PM Ann <ann@example.com> wrote:\n",
    "On, and never wrote": "On Mon, Apr 2, 2012 at 6:26 PM ",
    "only > lines": "> we need a demo\n",
    "only >": ">",
    "no line ends": "we need a demo ",
    "one letter a line": "a\n",
    "alternating quote and text": "> when?\nnow\n",
    "quoted history": "On 3 May 2024 at 10:00, Ann <ann@example.com> wrote:\n> yes\n> no\n\n",
    "blank lines": "\n",
    "lines of blanks": "        \n",
    "blanks": " ",
    "-- lines": "-- \n",
    "rules": "____________\n",
    "header lines": "From: Ann <ann@example.com>\nTo: us\n",
    "header lines with text between": "From: Ann\nx\nx\nx\n",
    "original messages": "-----Original Message-----\n",
    "forwards in forwards": "---------- Forwarded message ---------\nFrom: A <a@b.de>\nTo: x\n\n",
    "footers": "Sent from my iPhone\n",
    "closings": "Kind regards,\nAnn Smith\n\n",
    "small print": "This message is confidential. If you received it in error, delete it.\n\n",
    "open brackets": "<",
    "colons": "On 2024-01-01 10:00 a@b.c:\n",
    "carriage returns": "\r",
    "letters that unfold": "\ufdfa",
    "marks": "e\u0301\u0301\u0301\u0301",
}


@dataclass(frozen=True, kw_only=True)
class Exactness:
    """Exact answers of one source of pairs."""

    source: str
    pairs: int
    exact: int  # newest text alone
    exact_with_signature: int  # newest text, or it and its signature
    missed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """Seconds on 1 MB of a text, and how many times as many on twice as much."""

    name: str
    seconds: float
    ratio: float | None  # None where both are too short to compare


@dataclass(frozen=True, kw_only=True)
class Measured:
    """All figures of a run."""

    exactness: tuple[Exactness, ...]
    ms_per_mail: float  # median
    ms_worst_mail: float
    hostile: tuple[Hostile, ...]


def read_pairs(path: Path) -> list[dict[str, str]]:
    """Read pairs: one JSON object a line with source, name, input and expected_reply."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def exactness(pairs: Sequence[Mapping[str, str]]) -> Iterator[Exactness]:
    """Count, source by source."""
    for source in sorted({pair["source"] for pair in pairs}):
        own = [pair for pair in pairs if pair["source"] == source]
        kinds = [(pair["name"], _kind(split_reply(pair["input"]), pair)) for pair in own]
        counts = Counter(kind for _, kind in kinds)
        yield Exactness(
            source=source,
            pairs=len(own),
            exact=counts["exact"],
            exact_with_signature=counts["exact"] + counts["signed"],
            missed=tuple(name for name, kind in kinds if kind != "exact"),
        )


def _kind(reply: Reply, pair: Mapping[str, str]) -> str:
    """Tell an exact answer, one that is exact with its signature, and a missed one."""
    expected = pair["expected_reply"].split()
    if reply.newest.split() == expected:
        return "exact"
    return "signed" if (reply.newest + "\n" + reply.signature).split() == expected else "missed"


def ms_of(mails: Sequence[str]) -> list[float]:
    """Measure the best of several rounds of each mail, in ms."""
    return [min(_seconds(mail) for _ in range(_ROUNDS)) * 1_000 for mail in mails]


def hostile() -> Iterator[Hostile]:
    """Measure every hostile text at 1 MB and at 2 MB."""
    for name, unit in HOSTILE.items():
        once, twice = (
            min(_seconds(unit * (size // len(unit))) for _ in range(_TRIES))
            for size in (MEGABYTE, 2 * MEGABYTE)
        )
        ratio = round(twice / once, 2) if twice > _SMALLEST_S else None
        yield Hostile(name=name, seconds=round(once, 4), ratio=ratio)


def _seconds(mail: str) -> float:
    started = time.process_time()
    split_reply(mail)
    return time.process_time() - started


def measure(path: Path) -> Measured:
    """Measure everything."""
    pairs = read_pairs(path)
    times_ms = ms_of([pair["input"] for pair in pairs])
    return Measured(
        exactness=tuple(exactness(pairs)),
        ms_per_mail=round(statistics.median(times_ms), 3),
        ms_worst_mail=round(max(times_ms), 3),
        hostile=tuple(hostile()),
    )


def missed(measured: Measured) -> list[str]:
    """The aims that are missed."""
    exact = sum(source.exact for source in measured.exactness)
    found = [] if exact >= AIM_EXACT else [f"{exact} exact, {AIM_EXACT} wanted"]
    for text in measured.hostile:
        if text.seconds > AIM_S or (text.ratio or 0.0) > AIM_RATIO:
            found.append(f"{text.name}: {text.seconds} s, ratio {text.ratio}")
    return found


def show(measured: Measured, console: Console) -> None:
    """Print the figures as tables."""
    table = Table("source", "pairs", "exact", "with its signature", "missed")
    for row in measured.exactness:
        counts = (str(row.pairs), str(row.exact), str(row.exact_with_signature))
        table.add_row(row.source, *counts, ", ".join(row.missed))
    console.print(table)
    console.print(f"{measured.ms_per_mail} ms a mail, the slowest {measured.ms_worst_mail} ms")
    table = Table("1 MB of", "seconds", "twice as much takes")
    for text in measured.hostile:
        table.add_row(text.name, str(text.seconds), "-" if text.ratio is None else f"{text.ratio}×")
    console.print(table)


def main() -> int:
    """Measure, and say which aims are missed; exit code 1 where one is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, required=True, help="JSONL, as described above")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    measured = measure(given.pairs)
    if given.json:
        print(json.dumps(asdict(measured), ensure_ascii=False))  # noqa: T201
    else:
        show(measured, Console())
    for aim in missed(measured):
        Console(stderr=True).print(f"missed: {aim}", style="bold red")
    return 1 if missed(measured) else 0


if __name__ == "__main__":
    sys.exit(main())

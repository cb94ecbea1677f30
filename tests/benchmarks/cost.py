"""What a message costs by its length, and a file by its rows: python -m tests.benchmarks.cost.

In this process the live model reads texts of 16 to 512 tokens, one and sixteen at a time, on one
core: everything from the text to the prediction. Then `inlet classify` reads the test part from a
JSONL file, on one core and on all of them; what it takes to start is measured on one row and taken
off. Nothing goes over HTTP; that is what tests.benchmarks.serve measures.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from models import registry
from models.artifact import TOKENIZER
from models.classifier import IntentClassifier
from models.tokenization import parse_tokenizer
from tests.benchmarks.serve import messages
from training.dataset import Example

LENGTHS = (16, 32, 64, 128, 256, 512)  # tokens
AT_ONCE = (1, 16)  # messages of one call
ROUNDS = 5  # of which the median counts
_TOGETHER = 64  # texts of each round and length


def texts_of(examples: Sequence[Example], tokens: int) -> list[str]:
    """Make texts of a number of tokens out of the messages, one after the other."""
    folder = registry.SHIPPED / registry.live_version(registry.SHIPPED)
    tokenizer = parse_tokenizer((folder / TOKENIZER).read_bytes())
    whole = "\n".join(example.composed for example in examples)
    offsets = tokenizer.encode(whole, add_special_tokens=False).offsets
    room = tokens - 2  # for the special tokens
    cuts = [offsets[i : i + room] for i in range(0, room * _TOGETHER, room)]
    return [whole[cut[0][0] : cut[-1][1]] for cut in cuts]


def by_length(examples: Sequence[Example]) -> list[dict[str, float]]:
    """Time one core on texts of each length, which take turns."""
    with cores(1):
        classifier = registry.load(
            registry.SHIPPED, registry.live_version(registry.SHIPPED), threads=1
        )
        texts = {tokens: texts_of(examples, tokens) for tokens in LENGTHS}
        rounds = [_round(classifier, texts) for _ in range(ROUNDS + 1)][1:]
    return [
        {"tokens": tokens}
        | {f"ms_at_{n}": round(median(one[tokens, n] for one in rounds), 3) for n in AT_ONCE}
        for tokens in LENGTHS
    ]


def _round(
    classifier: IntentClassifier, texts: dict[int, list[str]]
) -> dict[tuple[int, int], float]:
    """Milliseconds a message, by length and messages of a call."""
    found = {}
    for tokens, some in texts.items():
        for at_once in AT_ONCE:
            begun = time.perf_counter()
            for start in range(0, len(some), at_once):
                classifier.predict(some[start : start + at_once])
            found[tokens, at_once] = (time.perf_counter() - begun) * 1e3 / len(some)
    return found


def offline(examples: Sequence[Example], folder: Path, at_once: int) -> dict[str, float]:
    """Time `inlet classify` on a file of the messages, on some cores."""
    rows = [{"subject": e.subject, "text": e.text} for e in examples]
    one, every = (
        _write(folder / "one.jsonl", rows[:1]),
        _write(folder / "every.jsonl", rows),
    )
    with cores(at_once):
        start_s = min(_classify_s(one) for _ in range(3))
        took_s = _classify_s(every)
    per_s = (len(rows) - 1) / (took_s - start_s)
    return {
        "cores": at_once,
        "rows": len(rows),
        "start_s": round(start_s, 2),
        "seconds": round(took_s, 2),
        "rows_per_s_and_core": round(per_s / at_once, 1),
    }


def _write(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _classify_s(source: Path) -> float:
    command = [sys.executable, "-c", "from app.cli import run; run()", "classify"]
    begun = time.perf_counter()
    subprocess.run(
        [*command, str(source), str(source.with_suffix(".out.jsonl"))],
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=1800,
    )
    return time.perf_counter() - begun


@contextmanager
def cores(count: int) -> Iterator[None]:
    """Hold this process, and what it starts, to some of its cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def main(
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure both."""
    examples, every = messages(), len(os.sched_getaffinity(0))
    lengths = by_length(examples)
    with tempfile.TemporaryDirectory(prefix="inlet-cost-") as name:
        files = [offline(examples, Path(name), n) for n in sorted({1, every})]
    if as_json:
        print(json.dumps({"lengths": lengths, "files": files}))  # noqa: T201
        return
    for rows in (lengths, files):
        table = Table(*rows[0])
        for row in rows:
            table.add_row(*map(str, row.values()))
        Console().print(table)


if __name__ == "__main__":
    typer.run(main)

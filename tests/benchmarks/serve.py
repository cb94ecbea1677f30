"""Inlet beside other servers of the same weights: python -m tests.benchmarks.serve.

    python -m tests.benchmarks.serve --seconds 30 \\
        --infinity-python /…/infinity/bin/python --litserve-python /…/litserve/bin/python

Each server is started alone, warmed up and driven over HTTP, one message a request, by 1, 8 and 64
clients that ask again as soon as they are answered; then at random moments with half the best rate
it had. Inlet is then asked as often as each other one was at half. The messages are the test part
of data/, in one order for all. The others get what Inlet makes of a message, cleaned and composed,
read up to 512 tokens of it, and compute neither the wide part nor the calibration: a little less
work. F1 is measured on the messages that all answered.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from models import registry
from models.artifact import TOKENIZER
from models.tokenization import parse_tokenizer
from tests.benchmarks.serve_contenders import (
    Contender,
    Folders,
    environ_beside,
    infinities,
    inlet,
    lit,
    plain,
)
from tests.benchmarks.serve_drive import CLIENTS, Plan, Result, run
from tests.benchmarks.serve_table import Facts, as_json, show
from tests.benchmarks.serve_weights import MESSAGES, disagreement, write_network
from training.dataset import Example, default_sources, read_dataset, split

FLOAT32, INT8 = "model.onnx", "model_quantized.onnx"  # names by which infinity finds them
SERVERS = ("inlet", "plain", "infinity", "litserve")
_SEED = 0
_EXPORT_S = 600
_SHOWN = 2_000  # characters


def messages() -> list[Example]:
    """Give the test part of the data in the order in which every server gets it."""
    examples = list(split(read_dataset(default_sources()).examples).test)
    random.Random(_SEED).shuffle(examples)
    return examples


def write_folders(folder: Path) -> Folders:
    """Write the released weights as each server reads them."""
    version = registry.live_version(registry.SHIPPED)
    artifact = registry.SHIPPED / version
    folders = Folders(network=folder / "net", float32=folder / "onnx", int8=folder / "int8")
    for one in (folders.network, folders.float32, folders.int8):
        one.mkdir()
    manifest = registry.load(registry.SHIPPED, version).manifest
    write_network(artifact, manifest, folders.network)
    for one in (folders.float32, folders.int8):
        for name in ("config.json", TOKENIZER, "tokenizer_config.json"):
            (one / name).write_bytes((folders.network / name).read_bytes())
    return folders


def write_graphs(folders: Folders, python: Path) -> None:
    """Export for the optimised engine, with the versions that will read it.

    Raises:
        SystemExit: The environment cannot do it; says what it said.
    """
    files: list[str | Path] = [
        "--float32",
        folders.float32 / FLOAT32,
        "--int8",
        folders.int8 / INT8,
    ]
    program = ["-m", "tests.benchmarks.serve_onnx", "--network", str(folders.network)]
    ended = subprocess.run(
        [python, *program, *files],
        env=environ_beside(folders.network),
        capture_output=True,
        text=True,
        timeout=_EXPORT_S,
    )
    if ended.returncode:
        raise SystemExit(f"{python} cannot write the graphs:\n{ended.stderr[-_SHOWN:]}")


def lengths(examples: Sequence[Example]) -> tuple[float, float]:
    """Tell how long the messages are on average: characters, tokens."""
    artifact = registry.SHIPPED / registry.live_version(registry.SHIPPED)
    tokenizer = parse_tokenizer((artifact / TOKENIZER).read_bytes())
    texts = [example.composed for example in examples]
    tokens = sum(len(one.ids) for one in tokenizer.encode_batch(texts))
    return round(sum(map(len, texts)) / len(texts), 1), round(tokens / len(texts), 1)


def _measure(given: argparse.Namespace, examples: Sequence[Example]) -> tuple[Facts, Result]:
    tell = Console(stderr=True).print
    plan = Plan(seconds=given.seconds, warm_up_s=given.warm_up, clients=tuple(given.clients))
    with tempfile.TemporaryDirectory(prefix="inlet-serve-") as name:
        folders = write_folders(Path(name))
        texts = [example.composed for example in examples[:MESSAGES]]
        artifact = registry.SHIPPED / registry.live_version(registry.SHIPPED)
        worst, mean = disagreement(artifact, folders.network, texts)
        tell(f"torch and the released graph differ by {worst:.3f} at most, {mean:.3f} on average")
        result = run(_chosen(given, folders, Path(name)), plan, Path(name), examples, tell)
    chars, tokens = lengths(examples)
    facts = Facts(
        seconds=plan.seconds,
        messages=len(examples),
        mean_chars=chars,
        mean_tokens=tokens,
        logits_apart=round(worst, 4),
        logits_apart_mean=round(mean, 4),
    )
    return facts, result


def _chosen(given: argparse.Namespace, folders: Folders, folder: Path) -> list[Contender]:
    """Give the servers that were asked for, Inlet first; graphs are written where they are read."""
    chosen: dict[str, list[Contender]] = {
        "inlet": [inlet(folder)],
        "plain": [plain(folders)],
        "infinity": infinities(folders, given.infinity_python),
        "litserve": [lit(folders, given.litserve_python)],
    }
    if "infinity" in given.only and given.infinity_python.exists():
        write_graphs(folders, given.infinity_python)
    return [one for name in SERVERS if name in given.only for one in chosen[name]]


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    nowhere = Path("/no-environment-named")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each load")
    parser.add_argument("--warm-up", type=float, default=5.0, help="seconds before each load")
    parser.add_argument("--clients", type=int, nargs="+", default=list(CLIENTS))
    parser.add_argument("--only", nargs="+", choices=SERVERS, default=list(SERVERS))
    parser.add_argument("--infinity-python", type=Path, default=nowhere)
    parser.add_argument("--litserve-python", type=Path, default=nowhere)
    parser.add_argument("--json", action="store_true")
    return parser


def main() -> int:
    """Run as the command line says."""
    given = _options().parse_args()
    facts, result = _measure(given, messages())
    if given.json:
        print(as_json(facts, result))  # noqa: T201
    else:
        show(facts, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())

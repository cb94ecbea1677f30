"""What a forward pass costs beside bare products: `python -m tests.benchmarks.forward`.

Gives the shipped network windows of 16 to 512 tokens, one and sixteen for each core, and beside
each of them the same multiply-adds with weights as bare matrix products: int8 by ONNX Runtime,
bfloat16 by torch. The three take turns, so that other work on the machine hits them alike.
"""

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Annotated

import numpy as np
import onnx
import onnxruntime as ort
import torch
import typer
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console
from rich.table import Table

from models import registry
from models.artifact import NETWORK
from models.network import load_network

LENGTHS = (16, 32, 64, 128, 256, 512)  # tokens
BATCHES = (1, 16)  # windows for each core
CORES = (1, 2)
LONGEST_ROUND_S = 1.0  # of one of the three; short passes are repeated up to a fifth of it
SHARES = (25, 50, 75)  # percentiles


def product_shapes(model):
    """Count the int8 weight matrices of a graph by shape, (in, out); tables are none."""
    tables = {node.input[0] for node in model.graph.node if node.op_type == "Gather"}
    return Counter(
        tuple(weight.dims)
        for weight in model.graph.initializer
        if weight.data_type == TensorProto.INT8
        and len(weight.dims) == 2
        and weight.name not in tables
    )


def int8_products(shapes, rows):
    """Every product of a network on unsigned rows and signed weights, without what is between."""
    chance = np.random.default_rng(1)
    runs = [
        (
            _product_session(chance.integers(-127, 128, shape, dtype=np.int8)),
            chance.integers(0, 256, (rows, shape[0]), dtype=np.uint8),
            count,
        )
        for shape, count in shapes.items()
    ]

    def run():
        for session, values, count in runs:
            for _ in range(count):
                session.run(None, {"x": values})

    return run


def _product_session(weight):
    node = helper.make_node("MatMulInteger", ["x", "w", "zero"], ["y"])
    fixed = [
        numpy_helper.from_array(weight, "w"),
        numpy_helper.from_array(np.array(128, np.uint8), "zero"),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.UINT8, ["rows", weight.shape[0]])
    y = helper.make_tensor_value_info("y", TensorProto.INT32, ["rows", weight.shape[1]])
    graph = helper.make_graph([node], "product", [x], [y], fixed)
    opset = [helper.make_opsetid("", 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=10)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def bf16_products(shapes, rows):
    """The same in bfloat16."""
    torch.set_num_threads(1)
    runs = [
        (
            torch.randn(rows, shape[0], dtype=torch.bfloat16),
            torch.randn(shape, dtype=torch.bfloat16),
            count,
        )
        for shape, count in shapes.items()
    ]

    def run():
        for values, weight, count in runs:
            for _ in range(count):
                torch.mm(values, weight)

    return run


def on_cores(make, cores, pool):
    """Let each of some cores do its own at the same time."""
    works = [make() for _ in range(cores)]
    return lambda: list(pool.map(lambda work: work(), works))


def seconds_of(work, times):
    """Seconds of one run, of some after each other."""
    begun = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - begun) / times


def interleaved(works, rounds):
    """Let some works take turns. Seconds, of shape (rounds, works)."""
    longest = max(seconds_of(work, 2) for work in works)
    times = max(1, int(0.2 * LONGEST_ROUND_S / longest))
    rounds = rounds if longest < LONGEST_ROUND_S else max(3, rounds // 3)
    return np.array([[seconds_of(work, times) for work in works] for _ in range(rounds)])


def measure_one(model, shapes, cores, batch, length, rounds):
    """Measure windows of one length, so many for each core."""
    chance = np.random.default_rng(length)
    windows = chance.integers(5, 20_000, (cores * batch, length)).tolist()
    rows = batch * length
    with ThreadPoolExecutor(cores) as pool:
        works = (
            partial(load_network(model, threads=cores), windows),
            on_cores(partial(int8_products, shapes, rows), cores, pool),
            on_cores(partial(bf16_products, shapes, rows), cores, pool),
        )
        seconds = interleaved(works, rounds)
    multiply_adds = cores * rows * sum(k * n * count for (k, n), count in shapes.items())
    forward, int8, bf16 = np.median(seconds, axis=0)
    share = np.percentile(seconds[:, 1] / seconds[:, 0], SHARES)
    return {
        "cores": cores,
        "batch": batch,
        "tokens": length,
        "ms_per_message": 1e3 * float(forward) / (cores * batch),
        "int8_ms_per_message": 1e3 * float(int8) / (cores * batch),
        "bf16_ms_per_message": 1e3 * float(bf16) / (cores * batch),
        "int8_giga_multiply_adds_per_s": float(multiply_adds / int8) / 1e9,
        "bf16_giga_multiply_adds_per_s": float(multiply_adds / bf16) / 1e9,
        "share_of_int8": dict(zip(map(str, SHARES), share.tolist(), strict=True)),
    }


def table_of(found):
    """A row for each length."""
    table = Table(title="ms a message, and the share of the bare int8 rate (25 to 75 %)")
    for name in ("cores", "windows a core", "tokens", "forward", "int8", "bf16", "share"):
        table.add_column(name, justify="right")
    for one in found:
        low, middle, high = (one["share_of_int8"][str(p)] for p in SHARES)
        table.add_row(
            *(str(one[name]) for name in ("cores", "batch", "tokens")),
            *(f"{one[name]:.2f}" for name in ("ms_per_message", "int8_ms_per_message")),
            f"{one['bf16_ms_per_message']:.2f}",
            f"{middle:.2f} ({low:.2f} to {high:.2f})",
        )
    return table


def main(
    rounds: Annotated[int, typer.Option(min=3, help="of each; they take turns")] = 9,
    network: Annotated[str, typer.Option(help="an ONNX file; default: the shipped one")] = "",
    cores: Annotated[list[int] | None, typer.Option(help="to measure on; default 1 and 2")] = None,
    tokens: Annotated[list[int] | None, typer.Option(help="lengths; default 16 to 512")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Measure the forward pass beside bare matrix products."""
    path = network or registry.SHIPPED / registry.live_version(registry.SHIPPED) / NETWORK
    model = onnx.load(path)
    found = [
        measure_one(model.SerializeToString(), product_shapes(model), count, batch, length, rounds)
        for count in cores or CORES
        for batch in BATCHES
        for length in tokens or LENGTHS
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        Console().print(table_of(found))


if __name__ == "__main__":
    typer.run(main)

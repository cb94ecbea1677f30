"""Token ids to logits by ONNX Runtime; the service needs no torch."""

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np
import onnxruntime as ort

from models.types import Floats, Ints, Network

# Padded tokens of one forward pass: what passes between two operators then stays in the cache of
# a core. Passes of 2,048 took a third longer for the same messages (training/LOG.md).
MAX_BATCH_TOKENS = 512
_Work = TypeVar("_Work")
_Done = TypeVar("_Done")


def load_network(model: bytes, *, threads: int) -> Network:
    """Make the function from windows of token ids to logits per head.

    Several passes of one thread each do more in a second than one pass of several threads, which
    wait for each other behind every operator; so windows are shared out among the cores.

    Args:
        model: A serialised ONNX graph with inputs `input_ids` and `attention_mask`, shape
            (windows, tokens), and one output a head, shape (windows, labels).
        threads: Passes at a time, whoever calls; 0 takes one for each core.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings about the graph are for its maker
    # All weights stand in the model itself: what it names outside is looked for where nothing is.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # It would keep a second copy of the model to move to another device, which never happens here.
    vars(session).pop("_model_bytes", None)
    heads = [output.name for output in session.get_outputs()]

    at_once = threads or _cores()
    pool = ThreadPoolExecutor(at_once, "network")

    def network(ids: Sequence[Sequence[int]]) -> Mapping[str, Floats]:
        order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))  # little padding
        batches = _batches(order, ids, at_once)
        work = [[ids[i] for i in one] for one in batches]
        parts = in_turns(pool, partial(_forward, session), work, at_once=at_once)
        rows = [np.concatenate(part) for part in zip(*parts, strict=True)]
        back = np.argsort(np.asarray(order), kind="stable")
        return {head: row[back] for head, row in zip(heads, rows, strict=True)}

    return network


def in_turns(
    pool: Executor, run: Callable[[_Work], _Done], work: Sequence[_Work], *, at_once: int
) -> list[_Done]:
    """Run some work in a pool that others use as well, and give what came of it in its order.

    No more of one call waits in the pool than runs at a time: behind a text of many windows, a
    short one would else wait for all of them.
    """
    done: list[_Done] = []
    ahead: deque[Future[_Done]] = deque()
    for one in work:
        if len(ahead) == at_once:
            done.append(ahead.popleft().result())
        ahead.append(pool.submit(run, one))
    return done + [future.result() for future in ahead]


def _cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux; a process may be held to some of them
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _batches(order: Sequence[int], ids: Sequence[Sequence[int]], at_once: int) -> list[list[int]]:
    """Cut windows, longest first, into batches of at most MAX_BATCH_TOKENS padded tokens.

    Few windows are cut smaller, so that each of the passes that go at once has its share.
    """
    limit = min(MAX_BATCH_TOKENS, -(-sum(map(len, ids)) // at_once))
    batches: list[list[int]] = [[]]
    for i in order:
        if batches[-1] and (len(batches[-1]) + 1) * len(ids[batches[-1][0]]) > limit:
            batches.append([])
        batches[-1].append(i)
    return batches


def _forward(session: ort.InferenceSession, ids: Sequence[Sequence[int]]) -> list[Floats]:
    """Run one padded batch. Each output has shape (windows, labels)."""
    input_ids, attention_mask = pad(ids)
    outputs: list[Floats] = session.run(
        None, {"input_ids": input_ids, "attention_mask": attention_mask}
    )
    return outputs


def pad(ids: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Pad windows to the longest. Returns ids and mask, each of shape (windows, tokens)."""
    longest = max(map(len, ids))
    input_ids = np.zeros((len(ids), longest), dtype=np.int64)  # masked, so the value is free
    attention_mask = np.zeros_like(input_ids)
    for row, window in enumerate(ids):
        input_ids[row, : len(window)] = window
        attention_mask[row, : len(window)] = 1
    return input_ids, attention_mask

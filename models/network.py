"""Token ids to logits by ONNX Runtime; the service needs no torch."""

import os
from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime as ort

from models.types import Floats, Ints, Network

MAX_BATCH_TOKENS = 2_048  # padded tokens of one forward pass: bounds memory, fills the cores


def load_network(model: bytes, *, threads: int) -> Network:
    """Make the function from windows of token ids to logits per head.

    Args:
        model: A serialised ONNX graph with inputs `input_ids` and `attention_mask`, shape
            (windows, tokens), and one output a head, shape (windows, labels).
        threads: Of one forward pass; 0 takes one for each core.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings about the graph are for its maker
    # Spinning threads make the first token faster and everything beside the model slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # All weights stand in the model itself: what it names outside is looked for where nothing is.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", os.devnull
    )
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # It would keep a second copy of the model to move to another device, which never happens here.
    vars(session).pop("_model_bytes", None)
    heads = [output.name for output in session.get_outputs()]

    def network(ids: Sequence[Sequence[int]]) -> Mapping[str, Floats]:
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))  # little padding
        parts = [_forward(session, [ids[i] for i in chosen]) for chosen in _batches(order, ids)]
        rows = [np.concatenate(part) for part in zip(*parts, strict=True)]
        back = np.argsort(np.asarray(order), kind="stable")
        return {head: row[back] for head, row in zip(heads, rows, strict=True)}

    return network


def _batches(order: Sequence[int], ids: Sequence[Sequence[int]]) -> list[list[int]]:
    """Cut windows, shortest first, into batches of at most MAX_BATCH_TOKENS padded tokens."""
    batches: list[list[int]] = [[]]
    for i in order:
        if batches[-1] and (len(batches[-1]) + 1) * len(ids[i]) > MAX_BATCH_TOKENS:
            batches.append([])
        batches[-1].append(i)
    return batches


def _forward(session: ort.InferenceSession, ids: Sequence[Sequence[int]]) -> list[Floats]:
    """Run one padded batch. Each output has shape (windows, labels)."""
    input_ids, attention_mask = pad(ids)
    options = ort.RunOptions()
    # What a large batch took is given back after it, instead of being held for ever.
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    outputs: list[Floats] = session.run(
        None, {"input_ids": input_ids, "attention_mask": attention_mask}, options
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

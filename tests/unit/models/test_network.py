import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.network import MAX_BATCH_TOKENS, in_turns, load_network, pad


def a_model(nodes, *outputs, initializers=()):
    """A graph over the inputs that every network has."""
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["windows", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    graph = helper.make_graph(nodes, "test", inputs, list(outputs), list(initializers))
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10
    ).SerializeToString()


def output(name, width=1):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["windows", width])


def constant(name, values, dtype=np.int64):
    return numpy_helper.from_array(np.array(values, dtype=dtype), name)


def summing_by(threads):
    """Two heads: the sum of a window's ids, and the number of its tokens."""
    nodes = [
        helper.make_node("Mul", ["input_ids", "attention_mask"], ["seen"]),
        helper.make_node("ReduceSum", ["seen", "last"], ["sum"], keepdims=1),
        helper.make_node("ReduceSum", ["attention_mask", "last"], ["count"], keepdims=1),
        helper.make_node("Cast", ["sum"], ["intents"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["count"], ["urgency"], to=TensorProto.FLOAT),
    ]
    model = a_model(
        nodes, output("intents"), output("urgency"), initializers=[constant("last", [1])]
    )
    return load_network(model, threads=threads)


@pytest.fixture(scope="module")
def summing():
    return summing_by(threads=1)


def weighing_by(threads):
    """One head: the number of elements in the padded batch that a window came in."""
    nodes = [
        helper.make_node("Size", ["input_ids"], ["size"]),
        helper.make_node("ReduceSum", ["attention_mask", "last"], ["count"], keepdims=1),
        helper.make_node("Mul", ["count", "none"], ["zero"]),
        helper.make_node("Add", ["zero", "size"], ["sizes"]),
        helper.make_node("Cast", ["sizes"], ["intents"], to=TensorProto.FLOAT),
    ]
    fixed = [constant("last", [1]), constant("none", [0])]
    return load_network(a_model(nodes, output("intents"), initializers=fixed), threads=threads)


@pytest.fixture(scope="module")
def weighing():
    return weighing_by(threads=1)


def test_windows_are_answered_in_the_order_given(summing):
    order = np.random.default_rng(1)
    windows = [[int(n)] * int(length) for n, length in order.integers(1, 90, size=(300, 2))]

    logits = summing(windows)

    assert logits["intents"].ravel().tolist() == [float(sum(ids)) for ids in windows]
    assert logits["urgency"].ravel().tolist() == [float(len(ids)) for ids in windows]
    assert logits["intents"].dtype == np.float32


def test_heads_are_named_as_the_graph_names_its_outputs(summing):
    assert list(summing([[1, 2]])) == ["intents", "urgency"]


def test_a_batch_holds_no_more_padded_tokens_than_it_may(weighing):
    order = np.random.default_rng(2)
    windows = [[1] * int(length) for length in order.integers(1, 513, size=400)]

    sizes = weighing(windows)["intents"]

    assert MAX_BATCH_TOKENS / 2 < sizes.max() <= MAX_BATCH_TOKENS


def test_short_windows_are_not_padded_to_the_long_ones(weighing):
    long = MAX_BATCH_TOKENS // 8
    windows = [[1] * long] * 8 + [[1, 2]] * 8

    sizes = weighing(windows)["intents"].ravel()

    assert sizes.tolist() == [8.0 * long] * 8 + [8 * 2.0] * 8


def test_a_window_longer_than_a_batch_may_be_goes_alone(weighing):
    sizes = weighing([[1], [1] * (MAX_BATCH_TOKENS + 1)])["intents"].ravel()

    assert sizes.tolist() == [1.0, MAX_BATCH_TOKENS + 1.0]


def test_few_windows_are_shared_out_among_the_threads():
    sizes = weighing_by(threads=2)([[1] * 30] * 6)["intents"].ravel()

    assert sizes.tolist() == [3.0 * 30] * 6


def test_many_callers_at_once_get_their_own_answers_from_a_few_threads():
    network = summing_by(threads=3)
    order = np.random.default_rng(3)
    calls = [
        [[int(n)] * int(length) for n, length in order.integers(1, 200, size=(size, 2))]
        for size in order.integers(1, 60, size=80)
    ]

    with ThreadPoolExecutor(16) as callers:
        answers = list(callers.map(network, calls))

    sums = [answer["intents"].ravel().tolist() for answer in answers]
    assert sums == [[float(sum(ids)) for ids in windows] for windows in calls]


def test_threads_that_are_not_counted_are_those_of_the_cores():
    cores = len(os.sched_getaffinity(0))

    sizes = weighing_by(threads=0)([[1] * 30] * 4 * cores)["intents"].ravel()

    assert sizes.tolist() == [4.0 * 30] * 4 * cores


def test_padding_is_masked():
    ids, mask = pad([[5, 6, 7], [8]])

    assert ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]
    assert ids.dtype == mask.dtype == np.int64


@pytest.mark.parametrize("place", ["inside the working directory", "above it", "absolute"])
def test_weights_outside_of_the_model_are_never_read(tmp_path, monkeypatch, place):
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    location = {"inside the working directory": "weights", "above it": "../weights"}.get(
        place, str(tmp_path / "weights")
    )
    np.arange(500, dtype=np.float32).tofile(location)
    table = TensorProto(name="table", data_type=TensorProto.FLOAT, dims=[500, 1])
    table.data_location = TensorProto.EXTERNAL
    table.external_data.append(onnx.StringStringEntryProto(key="location", value=location))
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("ReduceSum", ["rows", "middle"], ["intents"], keepdims=0),
    ]
    model = a_model(nodes, output("intents"), initializers=[table, constant("middle", [1])])

    with pytest.raises(Exception, match="External data path") as refused:
        load_network(model, threads=1)

    assert os.devnull in str(refused.value) or "not allowed" in str(refused.value)


def test_operators_that_onnx_runtime_does_not_bring_are_refused():
    own = [helper.make_node("Run", ["input_ids"], ["intents"], domain="com.example.own")]
    graph = onnx.ModelProto.FromString(a_model(own, output("intents")))
    graph.opset_import.append(helper.make_opsetid("com.example.own", 1))

    with pytest.raises(Exception, match=r"com\.example\.own:Run"):
        load_network(graph.SerializeToString(), threads=1)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_who_comes_after_a_long_text_waits_for_no_more_than_runs_already(at_once):
    ran, begun, go_on = [], threading.Semaphore(0), threading.Semaphore(0)

    def run(name):
        begun.release()
        assert go_on.acquire(timeout=10)
        ran.append(name)
        return name.upper()

    with ThreadPoolExecutor(at_once) as pool, ThreadPoolExecutor(2) as callers:
        long = callers.submit(in_turns, pool, run, [f"long {n}" for n in range(9)], at_once=at_once)
        for _ in range(at_once):
            assert begun.acquire(timeout=10)
        short = callers.submit(in_turns, pool, run, ["short"], at_once=at_once)
        while not pool._work_queue.qsize():  # until it stands in the queue
            time.sleep(0.001)
        go_on.release(10)

        assert short.result(timeout=10) == ["SHORT"]
        assert long.result(timeout=10) == [f"LONG {n}" for n in range(9)]
    assert ran.index("short") <= 2 * at_once


def test_what_fails_in_a_pool_is_told_to_who_asked():
    with ThreadPoolExecutor(2) as pool, pytest.raises(ZeroDivisionError):
        in_turns(pool, lambda n: 1 // n, [1, 0, 1, 1, 1], at_once=2)

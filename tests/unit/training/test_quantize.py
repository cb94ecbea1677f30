import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from support_model import untrained_export

from models.network import load_network
from training.quantize import quantize
from training.ranges import channel_ranges

WIDTH, OUT, ROWS = 64, 48, 3_000


def values(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))


def a_model(nodes, inputs, outputs, **weights):
    initializers = [numpy_helper.from_array(array, name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "test", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def a_product(weight):
    """x @ weight"""
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    return a_model([node], [values("x", "rows", WIDTH)], [values("y", "rows", OUT)], w=weight)


def run(model, **inputs):
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, inputs)[0]


def weights_of(model):
    return {w.name: numpy_helper.to_array(w) for w in model.graph.initializer}


@pytest.fixture
def order():
    return np.random.default_rng(1)


@pytest.fixture
def weight(order):
    return order.normal(0, 0.1, (WIDTH, OUT)).astype(np.float32)


def largest(x):
    """The ranges that a run over these rows would find."""
    return {"x": np.abs(x).max(axis=0)}


def relative_error(model, x, weight):
    exact = x @ weight
    return np.abs(run(model, x=x) - exact).mean() / np.abs(exact).mean()


def test_a_product_is_nearly_what_it_was(order, weight):
    x = order.normal(0, 1, (200, WIDTH)).astype(np.float32)

    quantized = quantize(a_product(weight), largest(x))

    assert relative_error(quantized, x, weight) < 0.015
    assert {w.dtype for w in weights_of(quantized).values() if w.ndim == 2} == {np.dtype("int8")}


def test_channels_that_stand_out_do_not_take_all_the_levels(order, weight):
    x = order.normal(0, 1, (200, WIDTH)).astype(np.float32)
    x[:, [3, 17]] *= 40.0

    even = {"x": np.ones(WIDTH, np.float32) * np.abs(weight).max(axis=1)}
    plain, smoothed = (quantize(a_product(weight), ranges) for ranges in (even, largest(x)))

    # what the other channels say is what is at stake
    x[:, [3, 17]] = 40.0
    rest = (x * (np.arange(WIDTH) != 3) * (np.arange(WIDTH) != 17)) @ weight
    offset = x[:, [3, 17]] @ weight[[3, 17]]
    lost, kept = (np.abs(run(m, x=x) - offset - rest).mean() for m in (plain, smoothed))
    assert kept < 0.35 * lost


def test_a_row_gets_the_same_answer_in_any_company(order, weight):
    x = order.normal(0, 1, (50, WIDTH)).astype(np.float32)
    x *= (10.0 ** order.uniform(-3, 3, (50, 1))).astype(np.float32)  # tiny rows beside huge ones

    quantized = quantize(a_product(weight), largest(x))

    together = run(quantized, x=x)
    alone = np.concatenate([run(quantized, x=x[i : i + 1]) for i in range(50)])
    size = np.abs(together).max(axis=1, keepdims=True)
    assert (np.abs(together - alone) / size).max() < 1e-6
    assert (np.abs(together - x @ weight) / size).max() < 0.05


def test_rows_and_weights_of_nothing_but_zeros_stay_zero(weight):
    weight[:, 5], weight[7, :] = 0.0, 0.0
    x = np.zeros((3, WIDTH), np.float32)
    x[1] = 1.0

    answers = run(quantize(a_product(weight), {"x": np.zeros(WIDTH, np.float32)}), x=x)

    assert np.isfinite(answers).all()
    assert np.abs(answers[[0, 2]]).max() == 0.0
    assert np.abs(answers[:, 5]).max() == 0.0


def test_products_that_read_the_same_rows_share_their_scales(order):
    left, right = (order.normal(0, 0.1, (WIDTH, OUT)).astype(np.float32) for _ in range(2))
    nodes = [
        helper.make_node("MatMul", ["x", "left"], ["a"]),
        helper.make_node("MatMul", ["x", "right"], ["b"]),
        helper.make_node("Sub", ["a", "b"], ["y"]),
    ]
    inputs, outputs = [values("x", "rows", WIDTH)], [values("y", "rows", OUT)]
    x = order.normal(0, 1, (100, WIDTH)).astype(np.float32)

    quantized = quantize(a_model(nodes, inputs, outputs, left=left, right=right), largest(x))

    assert relative_error(quantized, x, left - right) < 0.015
    assert [node.op_type for node in quantized.graph.node].count("ReduceMax") == 1


def looked_up(rows):
    """table[ids]"""
    table = np.random.default_rng(2).normal(0, 1, (rows, WIDTH)).astype(np.float32)
    table *= np.linspace(0.01, 10, rows, dtype=np.float32)[:, None]
    ids = helper.make_tensor_value_info("ids", TensorProto.INT64, ["rows"])
    node = helper.make_node("Gather", ["table", "ids"], ["y"])
    return table, a_model([node], [ids], [values("y", "rows", WIDTH)], table=table)


def test_a_large_table_keeps_every_row_to_a_127th_of_its_largest_value():
    table, model = looked_up(ROWS)

    rows = run(quantize(model, {}), ids=np.arange(ROWS))

    assert (np.abs(rows - table) / np.abs(table).max(axis=1, keepdims=True)).max() < 0.51 / 127
    assert len(quantize(model, {}).SerializeToString()) < 0.3 * len(model.SerializeToString())


def test_a_small_table_and_products_without_weights_stay_as_they_are():
    _table, small = looked_up(1_000)
    node = helper.make_node("MatMul", ["x", "z"], ["y"])
    inputs = [values("x", "rows", WIDTH), values("z", WIDTH, OUT)]
    free = a_model([node], inputs, [values("y", "rows", OUT)])

    for model in (small, free):
        kept = quantize(model, {}).graph.node
        assert [n.op_type for n in kept] == [n.op_type for n in model.graph.node]


def test_the_float_model_is_left_as_it_was(order, weight):
    model = a_product(weight)
    before = model.SerializeToString()

    quantize(model, {"x": np.ones(WIDTH, np.float32)})

    assert model.SerializeToString() == before


# The whole network


@pytest.fixture(scope="module")
def networks():
    _network, model, ids = untrained_export()
    quantized = quantize(model, channel_ranges(model, ids))
    return model, quantized, ids


def test_the_quantized_network_says_nearly_the_same(networks):
    model, quantized, ids = networks

    exact, near = (load_network(m.SerializeToString(), threads=1)(ids) for m in (model, quantized))

    for name, rows in exact.items():
        assert np.abs(near[name] - rows).max() < 0.05 * np.abs(rows).max(), name


def test_a_window_gets_the_same_logits_in_any_company(networks):
    _model, quantized, ids = networks
    network = load_network(quantized.SerializeToString(), threads=1)

    together = network(ids)

    alone = [network([one]) for one in ids]
    for name, rows in together.items():
        assert np.abs(rows - np.concatenate([one[name] for one in alone])).max() <= 1e-5, name


def test_only_standard_operators_and_no_unused_weight_are_left(networks):
    model, quantized, _ids = networks

    onnx.checker.check_model(quantized)
    assert [(opset.domain, opset.version) for opset in quantized.opset_import] == [("", 20)]
    read = {name for node in quantized.graph.node for name in node.input}
    products = [node for node in model.graph.node if node.op_type == "MatMul"]
    matrices = {node.input[1] for node in products} & set(weights_of(model))
    assert len(matrices) >= 6  # four of attention, two of the feed-forward part
    assert not matrices & set(weights_of(quantized))
    assert {name for name in weights_of(quantized) if name in weights_of(model)} <= read


def test_onnx_runtime_runs_each_product_as_one_operator_of_integers(networks, tmp_path):
    _model, quantized, _ids = networks
    options = ort.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3  # it warns that the file is for this machine

    ort.InferenceSession(quantized.SerializeToString(), options, ["CPUExecutionProvider"])

    found = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert found.count("MatMulIntegerToFloat") == 6
    assert "DequantizeLinear" not in found


def test_ranges_are_the_largest_magnitudes_over_all_windows(order, weight):
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["ids", "mask"], ["x"]),
        helper.make_node("MatMul", ["x", "w"], ["y"]),
    ]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["windows", WIDTH])
        for name in ("input_ids", "attention_mask")
    ]
    model = a_model(nodes, inputs, [values("y", "windows", OUT)], w=weight)
    ids = order.integers(-9, 9, size=(20, WIDTH))
    before = model.SerializeToString()

    ranges = channel_ranges(model, ids.tolist())

    assert {name: found.tolist() for name, found in ranges.items()} == {
        "x": np.abs(ids).max(axis=0).tolist()
    }
    assert model.SerializeToString() == before

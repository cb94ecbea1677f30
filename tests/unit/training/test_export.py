import logging

import numpy as np
import onnx
import pytest
from onnx import TensorProto
from support_model import untrained_export

from models.network import load_network
from training.errors import ExportError
from training.export import TOLERANCE, disagreement
from training.loop import score


def test_torch_and_onnx_say_the_same():
    network, model, ids = untrained_export()

    assert disagreement(network, model, ids) <= TOLERANCE == 1e-4


def test_each_head_is_an_output_of_its_name_in_order():
    _network, model, ids = untrained_export()

    logits = load_network(model.SerializeToString(), threads=1)(ids)

    assert list(logits) == ["urgency", "intents"]
    assert {name: rows.shape for name, rows in logits.items()} == {
        "urgency": (len(ids), 3),
        "intents": (len(ids), 5),
    }


@pytest.mark.parametrize(("windows", "tokens"), [(1, 1), (1, 32), (3, 2), (17, 31)])
def test_any_number_of_windows_of_any_length_will_do(windows, tokens):
    network, model, _ids = untrained_export()
    ids = np.random.default_rng(1).integers(4, 60, size=(windows, tokens)).tolist()

    logits = load_network(model.SerializeToString(), threads=1)(ids)

    for name, rows in score(network, ids).items():
        assert np.abs(logits[name] - rows).max() <= TOLERANCE


def test_the_graph_needs_nothing_but_itself_and_the_standard_operators():
    _network, model, _ids = untrained_export()

    onnx.checker.check_model(model)
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 20)]
    assert {node.domain for node in model.graph.node} <= {"", "ai.onnx"}
    assert not [w for w in model.graph.initializer if w.data_location == TensorProto.EXTERNAL]
    assert [put.name for put in model.graph.input] == ["input_ids", "attention_mask"]


def test_a_graph_that_says_something_else_is_refused():
    network, model, ids = untrained_export()
    other = onnx.ModelProto.FromString(model.SerializeToString())
    bias = next(w for w in other.graph.initializer if list(w.dims) == [3])
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(3, 0.01, np.float32), bias.name))

    with pytest.raises(ExportError, match="torch and ONNX differ by"):
        disagreement(network, other, ids)


def test_a_network_that_training_broke_is_refused():
    network, model, ids = untrained_export()
    other = onnx.ModelProto.FromString(model.SerializeToString())
    bias = next(w for w in other.graph.initializer if list(w.dims) == [3])
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(3, np.nan, np.float32), bias.name))

    with pytest.raises(ExportError, match="differ by nan"):
        disagreement(network, other, ids)


def test_after_an_export_the_program_logs_as_before():
    untrained_export()

    assert logging.root.manager.disable == logging.NOTSET

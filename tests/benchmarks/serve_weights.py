"""The released int8 network turned back into float32 weights, as transformers store them.

The checkpoint of the training is not kept. `training.quantize` rounded each weight to int8; here
the rounded values are written out in float32, so that torch computes with the very weights that
are served. What is left of a difference is the rounding of activations, which torch does not do.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from safetensors.numpy import save_file

from models.artifact import NETWORK, TOKENIZER, Manifest
from models.network import load_network
from models.tokenization import parse_tokenizer
from models.types import Floats

MAX_TOKENS = 512  # that the positions of the encoder allow
TOLERANCE = 0.5  # of a logit, from activations of 8 bits in twelve layers; see `disagreement`
MEAN_TOLERANCE = 0.1
MESSAGES = 50
Arrays = Mapping[str, NDArray[np.generic]]


def network_weights(model: onnx.ModelProto) -> dict[str, Floats]:
    """Name each float32 weight as MeanPooledClassifier does; linear layers are (out, in)."""
    arrays = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    weights = {_renamed(n): a for n, a in arrays.items() if n.endswith((".weight", ".bias"))}
    weights |= dict(_products(model.graph, arrays))
    table = arrays["embedding_t"].astype(np.float32) * arrays["embedding_ts"]
    weights["bert.embeddings.word_embeddings.weight"] = table
    heads = [output.name for output in model.graph.output]
    for part in ("weight", "bias"):
        rows = [weights.pop(f"layers.{number}.{part}") for number in range(len(heads))]
        weights[f"classifier.{part}"] = np.concatenate(rows)
    return {name: np.ascontiguousarray(array, np.float32) for name, array in weights.items()}


def _products(graph: onnx.GraphProto, arrays: Arrays) -> Iterator[tuple[str, Floats]]:
    """Undo `training.quantize` of each matrix product; its bias, added next, tells its name."""
    for node in graph.node:
        biases = [name for name in node.input if name.endswith(".bias")]
        products = [name for name in node.input if f"{name}_w" in arrays]
        if node.op_type == "Add" and biases and products:
            (product,), (bias,) = products, biases
            matrix = arrays[f"{product}_w"].astype(np.float32) * arrays[f"{product}_ws"]
            smoothing = arrays[f"{_source(graph, product)}_smoothing"]  # stored as 1 / smoothing
            yield _renamed(bias).removesuffix("bias") + "weight", (matrix * smoothing[:, None]).T


def _source(graph: onnx.GraphProto, product: str) -> str:
    """Name the quantised activation that a product reads."""
    found = (n.input[0] for n in graph.node if n.output[0] == f"{product}_f")
    return str(next(found)).removesuffix("_float")


def _renamed(name: str) -> str:
    """Turn the name in IntentNetwork into that in MeanPooledClassifier."""
    return "bert." + name.removeprefix("encoder.") if name.startswith("encoder.") else name


def write_network(artifact: Path, manifest: Manifest, folder: Path) -> None:
    """Write a folder that transformers and sentence-transformers load.

    The heads stand in it twice: as the classifier, and as a dense layer behind the mean, so that a
    server of embeddings answers with all logits side by side.
    """
    weights = network_weights(onnx.load(artifact / NETWORK))
    labels = [f"{head.name}:{label}" for head in manifest.heads for label in head.labels]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    _write_json(folder / "config.json", bert_config(weights, labels))
    (folder / TOKENIZER).write_bytes((artifact / TOKENIZER).read_bytes())
    _write_json(folder / "tokenizer_config.json", _TOKENIZER_CONFIG)
    _write_sentence_transformer(folder, weights)


def bert_config(weights: Mapping[str, Floats], labels: Sequence[str]) -> dict[str, object]:
    """Describe the encoder, as far as its weights tell; the rest is BERT's own."""
    vocabulary, width = weights["bert.embeddings.word_embeddings.weight"].shape
    inner = weights["bert.encoder.layer.0.intermediate.dense.bias"]
    layers = {name.split(".")[3] for name in weights if name.startswith("bert.encoder.layer.")}
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "vocab_size": vocabulary,
        "hidden_size": width,
        "num_hidden_layers": len(layers),
        "num_attention_heads": width // 32,  # as in MiniLM, of which the encoder is made
        "intermediate_size": len(inner),
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": len(weights["bert.embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(weights["bert.embeddings.token_type_embeddings.weight"]),
        "pad_token_id": 1,
        "id2label": {str(number): label for number, label in enumerate(labels)},
        "label2id": {label: number for number, label in enumerate(labels)},
        "problem_type": "multi_label_classification",
    }


_TOKENIZER_CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": MAX_TOKENS,
    "model_input_names": ["input_ids", "attention_mask"],
    "bos_token": "<s>",
    "eos_token": "</s>",
    "cls_token": "<s>",
    "sep_token": "</s>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
}


def _write_sentence_transformer(folder: Path, weights: Mapping[str, Floats]) -> None:
    """Say how the token vectors become one vector: their mean, then the heads."""
    kind = "sentence_transformers.models."
    steps = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Dense", "Dense")]
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": kind + name}
        for number, (path, name) in enumerate(steps)
    ]
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": MAX_TOKENS})
    labels, width = weights["classifier.weight"].shape
    pooling = {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True}
    _write_json(folder / "1_Pooling" / "config.json", pooling)
    dense = {
        "in_features": width,
        "out_features": labels,
        "bias": True,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    _write_json(folder / "2_Dense" / "config.json", dense)
    layer = {f"linear.{part}": weights[f"classifier.{part}"] for part in ("weight", "bias")}
    save_file(layer, folder / "2_Dense" / "model.safetensors", metadata={"format": "pt"})


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def disagreement(artifact: Path, folder: Path, texts: Sequence[str]) -> tuple[float, float]:
    """Compare the logits of torch with those of the released graph: largest and mean difference.

    Raises:
        SystemExit: They differ by more than the activations' rounding explains.
    """
    import torch  # not needed by those who only read the weights

    from tests.benchmarks.serve_network import read_network

    tokenizer = parse_tokenizer((artifact / TOKENIZER).read_bytes())
    tokenizer.enable_truncation(MAX_TOKENS)
    ids = [one.ids for one in tokenizer.encode_batch(list(texts))]
    served = load_network((artifact / NETWORK).read_bytes(), threads=0)(ids)
    released = np.concatenate([*served.values()], axis=1)
    model, _ = read_network(folder)
    with torch.inference_mode():
        rows = [model(torch.tensor([i]), torch.ones(1, len(i))).logits[0].numpy() for i in ids]
    apart = np.abs(np.stack(rows) - released)
    worst, mean = float(apart.max()), float(apart.mean())
    if not (worst <= TOLERANCE and mean <= MEAN_TOLERANCE):
        raise SystemExit(f"logits differ by up to {worst:.3f}, {mean:.3f} on average: not the same")
    return worst, mean

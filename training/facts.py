"""What a manifest remembers of its making: base, data, configuration, libraries."""

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from training.base.encoder import Base
from training.config import TrainConfig

_LIBRARIES = ("torch", "transformers", "tokenizers", "onnx", "onnxruntime", "scikit-learn")
_OF_A_STUDENT = ("teacher", "layers")


def facts_of(
    data: Mapping[str, Any], config: TrainConfig, base: Base, *, finished: bool
) -> dict[str, Any]:
    """Collect what lets a reader make the artifact again.

    Args:
        data: Facts about the messages, among them their digest; no text.
        config: The resolved configuration.
        base: What was fine-tuned.
        finished: False where Ctrl-C ended training early.
    """
    return {
        "base": {"name": base.name, "source": base.source, "sha256": base.sha256},
        "data": dict(data),
        "config": _settings(config),
        "finished": finished,
        "libraries": {name: metadata.version(name) for name in _LIBRARIES},
        "python": platform.python_version(),
    }


def _settings(config: TrainConfig) -> dict[str, Any]:
    """Name what was set; a teacher by its digest, and what only a student has with a teacher."""
    settings = asdict(config)
    if config.teacher:
        digest = hashlib.sha256(Path(config.teacher).read_bytes()).hexdigest()
        return settings | {"teacher": f"sha256:{digest}"}
    return {name: value for name, value in settings.items() if name not in _OF_A_STUDENT}

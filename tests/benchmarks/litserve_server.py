"""LitServe with the same network and batches: python -m tests.benchmarks.litserve_server.

Runs in an environment of its own, with litserve, torch and transformers.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import litserve
import torch

from tests.benchmarks.serve_network import read_network

MAX_BATCH, BATCH_TIMEOUT_S = 32, 0.01
_TIMEOUT_S = 60


class Classifier(litserve.LitAPI):  # type: ignore[misc]  # installed elsewhere
    """Pads what waits into one batch, and answers probabilities by label."""

    def __init__(self, folder: Path) -> None:
        super().__init__(max_batch_size=MAX_BATCH, batch_timeout=BATCH_TIMEOUT_S)
        self._folder = folder

    def setup(self, device: str) -> None:
        self._model, self._tokenizer = read_network(self._folder)

    def decode_request(self, request: dict[str, Any]) -> str:
        return str(request["text"])

    def predict(self, texts: Sequence[str]) -> list[list[float]]:
        batch = self._tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(batch["input_ids"], batch["attention_mask"]).logits
        rows: list[list[float]] = logits.sigmoid().tolist()
        return rows

    def encode_response(self, row: Sequence[float]) -> dict[str, float]:
        return dict(zip(self._model.config.id2label.values(), row, strict=True))


def main() -> None:
    """Run as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    api = Classifier(given.folder)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, timeout=_TIMEOUT_S)
    server.run(host="127.0.0.1", port=given.port, log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    main()

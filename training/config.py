"""How a training run goes; every flag takes its default from here."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """The resolved values go into the manifest."""

    base: str = "e5"  # e5, minilm, a folder, or a hub id
    vocabulary: int = 50_000  # pieces kept of e5's 250,002: the model must stay below 48 MB
    contrast_epochs: int = 2  # before; see training.contrast; 0 leaves it out
    contrast_rate: float = 1e-4  # of the encoder in them, at its peak
    epochs: int = 3
    batch_size: int = 16  # messages
    learning_rate: float = 1.5e-4  # of the encoder, at its peak
    head_learning_rate: float = 2e-3  # of the heads, which start from nothing
    layer_decay: float = 0.95  # of the rate, from each encoder layer to the one below it
    warmup_ratio: float = 0.1  # share of the steps that lead up to the peak
    weight_decay: float = 0.01
    dropout: float = 0.1  # between encoder and heads
    signal_weight: float = 0.3  # loss of each single-choice head; that of intents weighs 1
    averaged_ratio: float = 0.4  # of the steps, the last ones, whose weights are averaged
    max_length: int = 128  # tokens of one window
    seed: int = 7
    teacher: str = ""  # weights of a deeper network to learn from; see training.distil
    layers: int = 6  # of the network that learns from a teacher
    # Promised of each intent's threshold, as a lower bound; sales is paged on the first two.
    precision: Mapping[str, float] = field(
        default_factory=lambda: {"*": 0.8, "demo_request": 0.85, "pricing": 0.9}
    )

"""How a training run goes; every flag takes its default from here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """The resolved values go into the manifest."""

    base: str = "e5"  # e5, minilm, a folder, or a hub id
    vocabulary: int = 58_000  # pieces kept of e5's 250,002: the model must stay below 48 MB
    epochs: int = 8
    batch_size: int = 16  # messages
    learning_rate: float = 1.5e-4  # of the encoder, at its peak
    head_learning_rate: float = 2e-3  # of the heads, which start from nothing
    warmup_ratio: float = 0.1  # share of the steps that lead up to the peak
    weight_decay: float = 0.01
    dropout: float = 0.1  # between encoder and heads
    signal_weight: float = 0.3  # loss of each single-choice head; that of intents weighs 1
    max_length: int = 256  # tokens of one window
    seed: int = 7
    precision: float = 0.8  # promised (a lower bound) of each intent's threshold

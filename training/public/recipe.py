"""How our network is trained on a public task; never chosen on its test part."""

from dataclasses import dataclass, replace

from training.config import TrainConfig
from training.public.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A warm-up by contrast, fine-tuning by `training.loop.fit`, and how answers are joined."""

    # the warm-up
    contrast_epochs: int = 6  # 0 leaves it out
    labels_a_batch: int = 77
    messages_a_label: int = 2  # in a batch
    temperature: float = 0.05  # of cosines
    contrast_rate: float = 1e-4  # peak learning rate
    # fine-tuning
    tune_epochs: int = 0  # 0 leaves it out
    batch_size: int = 32
    tune_rate: float = 5e-5  # peak learning rate of the encoder
    head_rate: float = 1e-3  # and of the head, which starts from the probe
    smoothing: float = 0.1  # of the targets
    averaged_ratio: float = 0.3  # of the last steps, whose weights are averaged
    # joining
    probe_weight: float = 1.0  # of a linear probe
    neighbour_weight: float = 0.5  # of what near training messages say
    neighbour_temperature: float = 0.03  # of cosines
    head_weight: float = 0.0  # of the fine-tuned head
    wide_weight: float = 0.0  # of the wide part, on pieces of words
    energy_weight: float = 0.1  # of the logits' energy, beside distance, in strangeness
    members: int = 1  # networks whose answers are averaged, each from a seed of its own
    # all over
    layer_decay: float = 0.9
    dropout: float = 0.1
    max_length: int = 96  # tokens that are read of a message: hardly one is longer

    def config(self, *, base: str, seed: int) -> TrainConfig:
        """Say in the product's terms how fine-tuning goes."""
        return replace(
            TrainConfig(),
            base=base,
            epochs=self.tune_epochs,
            batch_size=self.batch_size,
            learning_rate=self.tune_rate,
            head_learning_rate=self.head_rate,
            layer_decay=self.layer_decay,
            dropout=self.dropout,
            max_length=self.max_length,
            seed=seed,
        )


_FEW = Recipe()
_MANY = Recipe(contrast_epochs=3, tune_epochs=8, tune_rate=1e-4, head_weight=1.0)
_MANY_LABELS = Recipe(contrast_epochs=2, tune_epochs=2, labels_a_batch=75, head_weight=1.0)
_SEVERAL = Recipe(tune_epochs=10, head_weight=1.0)
_LABELS = 100  # from here on a label has few look-alikes: half the epochs lose nothing


def recipe_for(task: Task) -> Recipe:
    """Choose by what the task is: several labels a message, some messages a label, or many."""
    if task.kind == "multi":
        return _SEVERAL
    if task.few:
        return _FEW
    return _MANY_LABELS if len(task.head.labels) > _LABELS else _MANY

"""Our own method on a public task: the product's base, network and loop, as a recipe says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.labels import INTENTS
from models.types import Floats
from training.base.load import load_base
from training.config import TrainConfig
from training.loop import Progress, score
from training.public.answers import Answers
from training.public.recipe import Recipe
from training.public.stages import Run, data_of, learn, new_network, reader
from training.public.tasks import Task
from training.vectors import vectors_of
from training.wide import fit_wide


@dataclass(frozen=True, slots=True)
class Learner:
    """Trains networks on a task, one a member, and joins what they say."""

    base: str
    recipe: Recipe
    seed: int
    on_step: Progress

    def __call__(self, task: Task, texts: Sequence[str]) -> Answers:
        """Train on a task, and answer about texts."""
        wide = self._wide(task, texts)
        said = [
            self._member(task, texts, self.seed + member, wide)
            for member in range(self.recipe.members)
        ]
        return Answers(
            np.mean([answers.logits for answers in said], axis=0, dtype=np.float32),
            np.mean([answers.strangeness for answers in said], axis=0, dtype=np.float32),
        )

    def _wide(self, task: Task, texts: Sequence[str]) -> Floats | None:
        """Let the wide part answer, which is the same for each member."""
        if not self.recipe.wide_weight:
            return None
        return fit_wide([task.head], task.train, seed=self.seed).logits(texts)[INTENTS]

    def _member(self, task: Task, texts: Sequence[str], seed: int, wide: Floats | None) -> Answers:
        """Train one network, and answer."""
        base = load_base(self.base, vocabulary=TrainConfig().vocabulary)
        read = reader(base, self.recipe.max_length)
        network = new_network(base, task, self.recipe, seed)
        readout = learn(network, data_of(task, read), task, self.recipe, self._run(seed))
        asked = read(texts)
        tuned = score(network, asked)[INTENTS] if self.recipe.tune_epochs else None
        return readout.answers(vectors_of(network, asked), tuned, wide)

    def _run(self, seed: int) -> Run:
        return Run(self.recipe.config(base=self.base, seed=seed), self.on_step)

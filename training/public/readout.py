"""Read labels off vectors: by a linear probe, and by what the nearest training messages hold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.labels import Head
from models.types import Floats
from training.linear import Linear, fit_linear
from training.public.answers import Answers, log_softmax
from training.public.recipe import Recipe
from training.public.tasks import OUT_OF_SCOPE, Task

PROBE_SCALE = 5.0  # of vectors of length one; with it the product's regularisation fits them
# The threshold under which F1 is best is half the F1 it reaches: here that is about 0.7.
# Source: Lipton et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1", theorem 1.
THRESHOLD = 0.35
_LEAST = 1e-4  # probability that a vote can give
_NEAREST = 5  # training messages whose likeness says that a message is no stranger


@dataclass(frozen=True, slots=True)
class Readout:
    """What training messages say of others, by their vectors."""

    head: Head
    probe: Linear
    known: Floats  # vectors of the training messages: (messages, width)
    targets: Floats  # (messages, labels)
    recipe: Recipe

    def answers(
        self, rows: Floats, tuned: Floats | None = None, wide: Floats | None = None
    ) -> Answers:
        """Say what vectors hold.

        Args:
            rows: Shape: (texts, width).
            tuned: Logits of the fine-tuned head, where there is one. Shape: (texts, labels).
            wide: Logits of the wide part, where there is one. Shape: (texts, labels).
        """
        recipe, cosines = self.recipe, rows @ self.known.T
        probed = self.probe.logits(rows * PROBE_SCALE)
        said = [(recipe.probe_weight, probed), (recipe.neighbour_weight, self._neighbours(cosines))]
        if tuned is not None:
            said.append((recipe.head_weight, tuned))
        if wide is not None:
            said.append((recipe.wide_weight, wide))
        logits = joined(self.head, [(weight, part) for weight, part in said if weight])
        strangeness = self._strangeness(cosines, probed if tuned is None else tuned)
        return Answers(logits, strangeness)

    def _neighbours(self, cosines: Floats) -> Floats:
        """Let training messages vote by their nearness. Shape: (texts, labels)."""
        far = cosines - cosines.max(axis=1, keepdims=True)
        near = np.exp(far / self.recipe.neighbour_temperature)
        votes = near @ self.targets / near.sum(axis=1, keepdims=True)
        likely = np.clip(votes, _LEAST, 1.0 - _LEAST)
        return likely_logits(self.head, likely)

    def _strangeness(self, cosines: Floats, logits: Floats) -> Floats:
        """Add up distance and energy; against the logit of strangers where they have a label.

        Source:
            Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors"; Liu et
            al. 2020, "Energy-based Out-of-distribution Detection", section 3.1.
        """
        usual, strange = self._places(strange=False), self._places(strange=True)
        own = self.targets[:, usual].any(axis=1)
        nearest = np.sort(cosines[:, own], axis=1)[:, -_NEAREST:].mean(axis=1)
        energy = logits[:, strange].sum(axis=1) - np.log(np.exp(logits[:, usual]).sum(axis=1))
        return np.asarray(1.0 - nearest + self.recipe.energy_weight * energy, dtype=np.float32)

    def _places(self, *, strange: bool) -> list[int]:
        """Labels of strangers, or all others."""
        return [i for i, label in enumerate(self.head.labels) if (label == OUT_OF_SCOPE) == strange]


def fit_readout(task: Task, rows: Floats, targets: Floats, recipe: Recipe, *, seed: int) -> Readout:
    """Fit a probe on the training messages' vectors. Shapes: (messages, width or labels)."""
    probe = fit_linear(task.head, rows * PROBE_SCALE, task.train, seed=seed)
    return Readout(task.head, probe, rows, targets, recipe)


def joined(head: Head, said: Sequence[tuple[float, Floats]]) -> Floats:
    """Join what several say of the same texts, by their weights.

    Args:
        head: Of one label a text: log-probabilities are added. Of several: logits are averaged,
            and shifted so that a label over 0.0 is given.
        said: Weights and logits. Each of shape (texts, labels).
    """
    if head.kind == "single":
        terms = [weight * log_softmax(logits) for weight, logits in said]
        return np.asarray(sum(terms), dtype=np.float32)
    total = sum(weight for weight, _ in said)
    mean = sum(weight * logits for weight, logits in said) / total
    return np.asarray(mean - np.log(THRESHOLD / (1.0 - THRESHOLD)), dtype=np.float32)


def likely_logits(head: Head, likely: Floats) -> Floats:
    """Turn probabilities into logits. Shape: (texts, labels)."""
    logits = np.log(likely / (1.0 - likely)) if head.kind == "multi" else np.log(likely)
    return np.asarray(logits, dtype=np.float32)

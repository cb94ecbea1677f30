"""What a method says of messages, and the figures that follow from it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from sklearn.metrics import roc_auc_score

from models.types import Floats
from training.dataset import Example
from training.metrics import head_targets
from training.public.tasks import OUT_OF_SCOPE, Task

KEPT_RATIO = 0.95  # of the validation messages in scope must stay under the threshold


@dataclass(frozen=True, slots=True)
class Answers:
    """What a method says of some texts."""

    logits: Floats  # (texts, labels); of a task of several labels, a label over 0.0 is given
    strangeness: Floats  # (texts,): the higher, the less the text belongs to any label

    def of(self, start: int, end: int) -> "Answers":
        """Take the answers about some of the texts."""
        return Answers(self.logits[start:end], self.strangeness[start:end])


Method: TypeAlias = Callable[[Task, Sequence[str]], Answers]


def measure(task: Task, method: Method) -> dict[str, float]:
    """Train on a task and test on it. Figures in percent, but for the area under the curve."""
    parts = (task.validation, task.test, task.strangers)
    said = method(task, [example.composed for part in parts for example in part])
    first, second = len(task.validation), len(task.validation) + len(task.test)
    test = said.of(first, second)
    if task.kind == "multi":
        return several_label_figures(test.logits > 0.0, _targets(task, task.test) > 0.0)
    figures = {"accuracy": accuracy(task, test)}
    if task.strangers:
        known, strange = said.of(0, first), said.of(second, second + len(task.strangers))
        figures |= out_of_scope_figures(task, known, test, strange)
    return figures


def accuracy(task: Task, said: Answers) -> float:
    """Tell how often the most probable label is right, in percent."""
    right = said.logits.argmax(axis=1) == _targets(task, task.test).argmax(axis=1)
    return 100.0 * float(right.mean())


def several_label_figures(given: np.ndarray, held: np.ndarray) -> dict[str, float]:
    """Tell F1 over all labels and messages together, and how often a message is right as a whole.

    Args:
        given: Shape: (messages, labels).
        held: Shape: (messages, labels).
    """
    f1 = 2.0 * (given & held).sum() / max(1, given.sum() + held.sum())
    whole = (given == held).all(axis=1).mean()
    return {"micro_f1": 100.0 * float(f1), "exact_match": 100.0 * float(whole)}


def out_of_scope_figures(
    task: Task, known: Answers, test: Answers, strange: Answers
) -> dict[str, float]:
    """Tell how well messages in scope are told from those that are not.

    Where messages out of scope were trained on, a message is refused that has their label;
    elsewhere, one that is stranger than 95 % of the validation messages, all of them in scope.

    Args:
        task: Its test messages are in scope.
        known: About validation messages, which are in scope.
        test: About the test messages.
        strange: About messages out of scope.
    """
    if OUT_OF_SCOPE in task.head.labels:
        place = task.head.labels.index(OUT_OF_SCOPE)
        refused, kept = (said.logits.argmax(axis=1) == place for said in (strange, test))
    else:
        limit = np.quantile(known.strangeness, KEPT_RATIO)
        refused, kept = strange.strangeness > limit, test.strangeness > limit
    scores = np.concatenate([test.strangeness, strange.strangeness])
    strangers = np.arange(len(scores)) >= len(test.strangeness)
    return {
        "out_of_scope_recall": 100.0 * float(refused.mean()),
        "in_scope_refused": 100.0 * float(kept.mean()),
        "auroc": float(roc_auc_score(strangers, scores)),
    }


def _targets(task: Task, examples: Sequence[Example]) -> Floats:
    """1.0 where a label holds. Shape: (examples, labels)."""
    targets: Floats = head_targets(task.head, examples)[1]
    return targets


def log_softmax(logits: Floats) -> Floats:
    """Turn logits into log-probabilities. Shape: (texts, labels)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    normal: Floats = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normal

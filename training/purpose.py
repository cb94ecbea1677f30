"""What a model is for, and where it ends: said alike by the model card and by the report."""

from collections.abc import Iterator, Mapping
from typing import Any

from training.metrics.comparison import at, figure

INTENDED = (
    "Sorting inbound business messages (e-mail, chat, forms) by what the sender wants, so that a "
    "person sees those first that matter. Every answer carries a probability; below an intent's "
    "threshold the model abstains, and the message should go where a person reads everything.",
    "Not intended: deciding anything about a person (credit, employment, access), judging a "
    "sender's character, spam or security filtering, or acting without a person where a wrong "
    "answer does harm.",
)
_LIMITS = (
    "The test messages were written like the training messages; yours may differ. Measure on your "
    "own with python -m training.evaluate --data FILE --all-rows, and train on your own.",
    "A message is judged alone: neither the thread nor the sender's history is seen.",
    "A sender can write a message so that it is misread; do not let an intent alone release money "
    "or access.",
)


def limits(metrics: Mapping[str, Any], decider: str) -> Iterator[str]:
    """Name what the model cannot do, and what its test says about where it is weak or unknown.

    Args:
        metrics: `Evaluation.as_dict()`.
        decider: The head that decides.
    """
    yield from _LIMITS
    languages = {
        name.removeprefix("language="): at(part, "heads", decider, "rows")
        for name, part in metrics["slices"].items()
        if name.startswith("language=")
    }
    if languages:
        counts = ", ".join(f"{name} {count:,}" for name, count in languages.items())
        yield (
            f"Measured in these languages (test messages of each): {counts}. "
            "In any other, nothing is known."
        )
    accuracies = {n: m["accuracy"] for n, m in metrics["heads"].items() if "accuracy" in m}
    if len(accuracies) > 1:
        weakest = min(accuracies, key=accuracies.__getitem__)
        yield f"The least certain head is {weakest}: accuracy {figure(accuracies[weakest])}."

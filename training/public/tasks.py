"""Public tasks as values: which messages are trained on, which are asked, what is measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from models.labels import INTENTS, Head, HeadKind
from training.dataset import Example

OUT_OF_SCOPE = (
    "out_of_scope"  # the label of rows that belong to no intent, where they are trained on
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One training set with its test set; the validation part is neither trained on nor tested."""

    name: str
    kind: HeadKind = "single"
    fold: int | None = None  # of a cross-validation
    train: tuple[Example, ...]
    validation: tuple[Example, ...] = ()
    test: tuple[Example, ...]
    strangers: tuple[Example, ...] = ()  # test messages that belong to no intent
    head: Head = field(init=False)

    def __post_init__(self) -> None:
        labels = {label for row in (*self.train, *self.test) for label in row.labels[INTENTS]}
        object.__setattr__(self, "head", Head(INTENTS, tuple(sorted(labels)), self.kind))

    @property
    def few(self) -> bool:
        """Whether there are only some messages a label."""
        return len(self.train) <= 15 * len(self.head.labels)


def example_of(name: str, text: str, labels: Sequence[str]) -> Example:
    """Make a labelled message of a text."""
    return Example(
        id=name,
        subject="",
        text=text,
        channel=None,
        language=None,
        labels={INTENTS: tuple(labels)},
    )

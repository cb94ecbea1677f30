"""What disguise costs: the twelve perturbations of RELIABILITY.md, section 3.8 (promise P25)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.prediction import Prediction
from training.dataset import Example
from training.probes.filler import after_disclaimer, end_of_long_text
from training.probes.perturb import DISGUISES, Perturb
from training.probes.serving import (
    Probed,
    false_alarms,
    high_cases,
    high_hits,
    intents_macro_f1,
)
from training.probes.shares import Drop, Share, drop_of

AIM_POINTS = 2.0  # of high-intent recall that a perturbation may cost
SHORT_WORDS = 40  # of messages that are hidden in a long text
_END, _DISCLAIMER = "T11 end of 5,000 tokens", "T12 after 400 tokens of disclaimer"
_DISCLAIMED = 3  # times as many messages behind a disclaimer as at the end of a long text
NAMES = (*DISGUISES, _END, _DISCLAIMER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How some messages are served."""

    recall: Share  # of the high intents, by the served rule
    false_alarms: Share  # messages of `other` that are given a high intent
    macro_f1: float | None  # over all intents, where the classifier must answer

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "recall": self.recall.as_dict(),
            "false_alarms": self.false_alarms.as_dict(),
            "macro_f1": self.macro_f1,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Perturbed:
    """The same messages plain and under one perturbation."""

    name: str
    messages: int
    plain: Served
    perturbed: Served
    drop: Drop | None  # of the recall; None where no message has a high intent

    @property
    def holds(self) -> bool:
        """Whether the perturbation costs no more than is promised."""
        return self.drop is None or round(self.drop.points, 2) <= AIM_POINTS

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "messages": self.messages,
            "plain": self.plain.as_dict(),
            "perturbed": self.perturbed.as_dict(),
            "drop": None if self.drop is None else self.drop.as_dict(),
            "holds": self.holds,
        }


@dataclass(frozen=True, slots=True)
class Robustness:
    """Every perturbation."""

    perturbations: tuple[Perturbed, ...]

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return {
            "aim_points": AIM_POINTS,
            "perturbations": {found.name: found.as_dict() for found in self.perturbations},
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """One perturbation and the messages it is tried on."""

    name: str
    perturb: Perturb
    examples: tuple[Example, ...]


def trials(
    test: Sequence[Example], *, messages: int, long_messages: int, seed: int
) -> tuple[Trial, ...]:
    """Choose the messages of each perturbation: fewer where they become long.

    Args:
        test: Messages that the classifier was not trained on.
        messages: At most, under a perturbation that leaves the length as it is.
        long_messages: At most, of up to 40 words, at the end of 5,000 tokens; three times as many
            behind a disclaimer.
        seed: Of the choice.
    """
    mixed = random.Random(seed).sample(list(test), len(test))
    short = [example for example in mixed if len(example.composed.split()) <= SHORT_WORDS]
    return (
        *(Trial(name, disguise, tuple(mixed[:messages])) for name, disguise in DISGUISES.items()),
        Trial(_END, end_of_long_text, tuple(short[:long_messages])),
        Trial(_DISCLAIMER, after_disclaimer, tuple(mixed[: _DISCLAIMED * long_messages])),
    )


def work_of(some: Sequence[Trial]) -> int:
    """Count the messages that `measure_robustness` will classify."""
    return len(_all_of(some)) + sum(len(trial.examples) for trial in some)


def measure_robustness(probed: Probed, some: Sequence[Trial], *, seed: int) -> Robustness:
    """Serve messages plain and under each perturbation, and compare what is found in them.

    What is perturbed is the text as a person sees it, with transport noise already undone.
    """
    examples = _all_of(some)
    answers = probed.predict(examples, [example.composed for example in examples])
    plain = {example.id: answer for example, answer in zip(examples, answers, strict=True)}
    return Robustness(tuple(_perturbed(probed, trial, plain, seed) for trial in some))


def _all_of(some: Sequence[Trial]) -> list[Example]:
    """Every message of any trial, once."""
    return list({example.id: example for trial in some for example in trial.examples}.values())


def _perturbed(probed: Probed, trial: Trial, plain: dict[str, Prediction], seed: int) -> Perturbed:
    """Measure one perturbation."""
    examples = trial.examples
    before = [plain[example.id] for example in examples]
    texts = [
        trial.perturb(example.composed, random.Random(f"{seed} {trial.name} {example.id}"))
        for example in examples
    ]
    after = probed.predict(examples, texts)
    drop = drop_of(
        high_hits(examples, before), high_hits(examples, after), high_cases(examples), seed=seed
    )
    return Perturbed(
        name=trial.name,
        messages=len(examples),
        plain=_served(examples, before),
        perturbed=_served(examples, after),
        drop=drop,
    )


def _served(examples: Sequence[Example], answers: Sequence[Prediction]) -> Served:
    """Measure one way in which messages were written."""
    hits, cases = high_hits(examples, answers), high_cases(examples)
    return Served(
        recall=Share(int(hits.sum()), int(cases.sum())),
        false_alarms=false_alarms(examples, answers),
        macro_f1=intents_macro_f1(examples, answers),
    )

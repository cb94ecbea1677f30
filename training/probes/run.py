"""Choose the messages of every probe, and run them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

from models.labels import INTENTS
from training.dataset import Example
from training.probes import fairness, long_text, robustness
from training.probes.serving import HIGH_INTENTS, Classifier, Probed, Tick

ROBUSTNESS, LONG_TEXT, FAIRNESS = KINDS = ("robustness", "long_text", "fairness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How many messages each probe takes at most.

    Together they cost some two million tokens: about four minutes of two cores.
    """

    disguised: int = 400  # under each of T1 to T10
    long_ends: int = 30  # under T11; three times as many under T12
    hidden: int = 60  # at each place of a long text
    fillers: int = 10  # long texts without a message
    named: int = 120  # rewritten for each group

    def at_most(self, most: int | None) -> "Sizes":
        """Take no more than some messages for anything."""
        bounds = {field.name: getattr(self, field.name) for field in fields(self)}
        return Sizes(**{name: min(size, most or size) for name, size in bounds.items()})


class Result(Protocol):
    """What a probe found."""

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """A probe whose messages are chosen."""

    kind: str
    work: int  # messages that will be classified
    measure: Callable[[Probed], Result]


def prepare(
    test: Sequence[Example], *, seed: int, sizes: Sizes | None = None, only: Sequence[str] = KINDS
) -> list[Probe]:
    """Choose the messages of the probes named; rows that lack the intents are left out."""
    usable = [example for example in test if INTENTS in example.labels]
    makers = {ROBUSTNESS: _robustness, LONG_TEXT: _long_text, FAIRNESS: _fairness}
    return [makers[kind](usable, sizes or Sizes(), seed) for kind in KINDS if kind in only]


def run_probes(
    classifier: Classifier,
    test: Sequence[Example],
    seed: int,
    *,
    sizes: Sizes | None = None,
    tick: Tick = lambda _: None,
) -> Mapping[str, Any]:
    """Measure robustness, long texts and fairness; gives JSON by kind of probe.

    Args:
        classifier: Whatever predicts and serves.
        test: Messages that it was not trained on.
        seed: Of every choice made.
        sizes: Bounds of the work; the defaults take about four minutes of two cores.
        tick: Told how many messages were just classified.

    Returns:
        Nothing where no message has a high intent, as in data with other labels.
    """
    if not any(set(HIGH_INTENTS) & set(example.labels.get(INTENTS, ())) for example in test):
        return {}
    probed = Probed(classifier, tick)
    probes = prepare(test, seed=seed, sizes=sizes)
    return {probe.kind: probe.measure(probed).as_dict() for probe in probes}


def _robustness(test: Sequence[Example], sizes: Sizes, seed: int) -> Probe:
    some = robustness.trials(
        test, messages=sizes.disguised, long_messages=sizes.long_ends, seed=seed
    )

    def measure(probed: Probed) -> Result:
        return robustness.measure_robustness(probed, some, seed=seed)

    return Probe(ROBUSTNESS, robustness.work_of(some), measure)


def _long_text(test: Sequence[Example], sizes: Sizes, seed: int) -> Probe:
    examples = long_text.short_wishes(test, messages=sizes.hidden, seed=seed)

    def measure(probed: Probed) -> Result:
        return long_text.measure_long_text(probed, examples, fillers=sizes.fillers, seed=seed)

    return Probe(LONG_TEXT, long_text.work_of(examples, sizes.fillers), measure)


def _fairness(test: Sequence[Example], sizes: Sizes, seed: int) -> Probe:
    some = fairness.variants(test, messages=sizes.named, seed=seed)

    def measure(probed: Probed) -> Result:
        return fairness.measure_fairness(probed, some, seed=seed)

    return Probe(FAIRNESS, fairness.work_of(some), measure)

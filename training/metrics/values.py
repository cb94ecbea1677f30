"""What a measurement says: frozen values, None where a score is not defined."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

_DIGITS = 6  # kept in JSON: more is noise, and differs between machines
ENOUGH_ROWS = 30  # of a slice; below it a figure would say more about chance than about the model
_IN_SLICES = ("support", "f1", "ece", "ece_floor", "brier")  # what a slice keeps of each label

Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMetrics:
    """One label of a multi-label head, in the F1 view; None where a score is not defined."""

    support: int  # examples for which it holds
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None
    ece: float
    ece_floor: float  # what chance alone gives so many examples: see `calibration_floor`
    brier: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLabel:
    """One label by the served rule."""

    given: int  # examples whose probability reaches the threshold
    precision: float | None  # share of the given that hold: what the threshold promises
    recall: float | None  # share of those that hold which were given


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The served rule: labels at or over their threshold, and abstention when there is none."""

    precision: float | None  # of all given labels
    recall: float | None  # of all labels that hold
    coverage: float  # share of the examples that were given any label
    abstained: float  # the rest of them
    labels: Mapping[str, ServedLabel]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiMetrics:
    """A head of which several labels may hold."""

    rows: int
    macro_f1: float | None  # mean over the labels that hold at least once
    macro_f1_interval: Interval | None  # 95 %, bootstrapped
    micro_f1: float
    exact_match: float  # share of the examples with all labels right and no other
    ece: float  # mean over the labels
    ece_floor: float  # mean over the labels
    brier: float  # mean over the labels
    labels: Mapping[str, LabelMetrics]
    served: Served | None  # None for a classifier without thresholds

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form of everything."""
        return dict(_plain(self))

    def summary(self) -> dict[str, Any]:
        """Give the JSON form of a slice: of the single labels it keeps a few figures."""
        whole = self.as_dict()
        if self.served is not None:
            del whole["served"]["labels"]
        whole["labels"] = {
            label: {score: scores[score] for score in _IN_SLICES}
            for label, scores in whole["labels"].items()
        }
        return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleMetrics:
    """A head of which exactly one label holds; the most probable one is its answer."""

    rows: int
    accuracy: float
    macro_f1: float | None  # mean over the labels that hold at least once
    macro_f1_interval: Interval | None
    ece: float  # of the most probable label
    served: Served | None  # None but for the head that decides in a model without `intents`

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form of everything."""
        return dict(_plain(self))

    def summary(self) -> dict[str, Any]:
        """Give the JSON form without the single labels."""
        whole = self.as_dict()
        if self.served is not None:
            del whole["served"]["labels"]
        return whole


HeadMetrics: TypeAlias = MultiMetrics | SingleMetrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The heads on some of the examples, such as those of one language."""

    rows: int
    heads: Mapping[str, HeadMetrics]  # without the heads that none of the examples has

    def as_dict(self, *, enough: int = ENOUGH_ROWS) -> dict[str, Any]:
        """Give the JSON form; of a head that too few of the examples have, the number of them."""
        heads = {
            name: metrics.summary() if metrics.rows >= enough else {"rows": metrics.rows}
            for name, metrics in self.heads.items()
        }
        return {"rows": self.rows, "heads": heads}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that is measured of a classifier on one set of examples: what metrics.json holds."""

    rows: int
    heads: Mapping[str, HeadMetrics]
    slices: Mapping[str, Slice]

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form: the same bytes for the same measurement."""
        return {
            "rows": self.rows,
            "heads": {name: metrics.as_dict() for name, metrics in self.heads.items()},
            "slices": {
                # all examples together have figures, however few they are
                name: part.as_dict(enough=0 if part.rows == self.rows else ENOUGH_ROWS)
                for name, part in self.slices.items()
            },
        }


def _plain(value: Any) -> Any:
    """Turn values into what JSON has, floats rounded to what they can claim."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, _DIGITS) if isinstance(value, float) else value

"""How much more data would help: the learning curve, as `training.learning_curve` wrote it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

FILE = Path(__file__).parent.parent / "learning_curve.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What training on a share of the messages gave, on the whole test part."""

    share: float
    rows: int  # trained on
    macro_f1: float
    interval: tuple[float, float]  # 95 %, over the test messages
    seconds: float


Curve: TypeAlias = Sequence[Point]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """A learning curve, and of which data and configuration it is."""

    data_sha256: str
    test_rows: int
    config: Mapping[str, Any]
    model: Curve = field(default=())
    baseline: Curve = field(default=())

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Read what `as_dict` gave.

        Raises:
            LookupError, TypeError, ValueError: It is something else.
        """
        return cls(
            data_sha256=str(raw["data_sha256"]),
            test_rows=int(raw["test_rows"]),
            config=dict(raw["config"]),
            model=[_point(point) for point in raw["model"]],
            baseline=[_point(point) for point in raw["baseline"]],
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        return asdict(self)

    def curves(self) -> tuple[Curve, Curve]:
        """The model's, then the baseline's."""
        return self.model, self.baseline


def read_learning(path: Path = FILE) -> Learning | None:
    """Read the learning curve; None where there is none that can be read."""
    try:
        return Learning.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _point(raw: Mapping[str, Any]) -> Point:
    low, high = raw["interval"]
    return Point(
        share=float(raw["share"]),
        rows=int(raw["rows"]),
        macro_f1=float(raw["macro_f1"]),
        interval=(float(low), float(high)),
        seconds=float(raw["seconds"]),
    )

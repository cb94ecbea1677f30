"""What the pages tell of the model versions on disk: their facts, and what was measured of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models import registry
from models.artifact import Manifest, read_manifest
from models.errors import ArtifactError
from models.labels import INTENTS

REPORT, METRICS = "report.html", "metrics.json"
MOST_VERSIONS = 50  # the last ones by name
_MAX_BYTES = 20_000_000  # of a file beside a model


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFigures:
    """How right a version is about one intent, at its thresholds."""

    label: str
    given: int  # test messages that it was given to
    precision: float | None  # None: it was given to none
    recall: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a training run measured on messages that it had not learnt from."""

    examples: int
    macro_f1: float
    interval: tuple[float, float] | None  # 95 %
    precision: float | None  # of the labels that it gives at its thresholds
    coverage: float | None  # share of messages that it gives any label
    labels: tuple[LabelFigures, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One version."""

    name: str
    live: bool  # whether the next start takes it
    manifest: Manifest | None  # None: it cannot be read
    measured: Measured | None  # None: it has no figures that can be read
    has_report: bool


def every_version(root: Path) -> tuple[Facts, ...]:
    """Tell of each version of a registry folder; the live one comes first."""
    found = [facts_of(root, one.name, live=one.live) for one in registry.versions(root)]
    return tuple(sorted(found[-MOST_VERSIONS:], key=lambda one: (not one.live, one.name)))


def facts_of(root: Path, name: str, *, live: bool) -> Facts:
    """Tell of one version."""
    folder = root / name
    try:
        manifest = read_manifest(folder)
    except ArtifactError:
        manifest = None
    return Facts(
        name=name,
        live=live,
        manifest=manifest,
        measured=measured_of(folder),
        has_report=_is_ours(folder / REPORT),
    )


def measured_of(folder: Path) -> Measured | None:
    """Read what was measured of a version; None where that cannot be read, or never was."""
    try:
        raw = json.loads(_read(folder / METRICS))
        head: Mapping[str, Any] = raw["heads"][INTENTS]
        served: Mapping[str, Any] = head.get("served") or {}
        interval = head.get("macro_f1_interval")
        return Measured(
            examples=int(head["rows"]),
            macro_f1=float(head["macro_f1"]),
            interval=(float(interval[0]), float(interval[1])) if interval else None,
            precision=_ratio(served.get("precision")),
            coverage=_ratio(served.get("coverage")),
            labels=tuple(_label(name, one) for name, one in (served.get("labels") or {}).items()),
        )
    except (OSError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None
    except RecursionError:  # a list in a list in a list …
        return None


def report_of(root: Path, name: str) -> str | None:
    """Read the report of a version; None where there is no such version, or it has none."""
    if name not in {one.name for one in registry.versions(root)}:
        return None
    try:
        return _read(root / name / REPORT).decode("utf-8", "replace")
    except OSError:
        return None


def _label(name: str, raw: Mapping[str, Any]) -> LabelFigures:
    return LabelFigures(
        label=name,
        given=int(raw["given"]),
        precision=_ratio(raw.get("precision")),
        recall=_ratio(raw.get("recall")),
    )


def _ratio(value: Any) -> float | None:
    return None if value is None else min(1.0, max(0.0, float(value)))


def _is_ours(path: Path) -> bool:
    """Whether a file stands there; links can point anywhere, and models.artifact reads none."""
    return path.is_file() and not path.is_symlink()


def _read(path: Path) -> bytes:
    if not _is_ours(path):
        raise FileNotFoundError(path)
    with path.open("rb") as file:
        return file.read(_MAX_BYTES)

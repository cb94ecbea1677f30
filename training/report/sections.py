"""What a report says: the sections of report.html, from measurements and test answers."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from training.metrics import Columns, comparison
from training.metrics.comparison import MISSING, at, deciding_head, figure
from training.purpose import INTENDED, limits
from training.report.curves import HeadCurves
from training.report.history import changes_section, learning_section
from training.report.learning import Learning
from training.report.mistakes import mistakes_section
from training.report.page import Section, folded, listed, page, table
from training.report.parts import calibration_by_part, scores_by_part, slices_section
from training.report.quality import (
    calibration_section,
    confusion_section,
    promises_section,
    signals_section,
    thresholds_section,
)
from training.report.tables import generic_section

_PROBES = (
    "Does it stand firm?",
    "Texts changed in ways that should change nothing: names and pronouns exchanged, letters and "
    "spaces disturbed, a wish at other places of a long mail.",
)
_OUT_OF_SCOPE = (
    "Does it know what it does not know?",
    "How well scores tell messages that wish nothing of what is offered from those that do.",
)


def write_report(
    path: Path,
    *,
    manifest: Mapping[str, Any],
    metrics: Columns,
    curves: Sequence[HeadCurves],
    found: Mapping[str, Any] | None = None,
    learning: Learning | None = None,
) -> None:
    """Write the page that shows how far a model can be trusted.

    Args:
        path: Where report.html shall stand.
        manifest: The JSON of the artifact's manifest; `version` is needed.
        metrics: Heading -> `Evaluation.as_dict()`; the model first, then those to compare with.
        curves: Of the test examples, for each head that shall have plots.
        found: What else was measured: `promises`, `changes`, `probes`, `out_of_scope`.
        learning: The learning curve, where there is one.
    """
    first = next(iter(metrics.values()))
    decider = deciding_head(first)
    found = found or {}
    sections = [_purpose(first, decider), _comparison(metrics), *_versus(found)]
    sections.append(slices_section(metrics, decider))
    for head in curves:
        if head.head.name == decider:
            sections += _decider(head, first, found)
    others = [head for head in curves if head.head.name != decider]
    sections += [signals_section(others)] if others else []
    sections += _beyond(found)
    if learning is not None:
        sha256 = str(at(manifest, "facts", "data", "sha256"))
        sections.append(learning_section(learning, data_sha256=sha256))
    sections.append(_facts(manifest))
    lead = _lead(first, decider)
    path.write_text(page(f"Model {manifest['version']}", lead, sections), encoding="utf-8")


def _lead(metrics: Mapping[str, Any], decider: str) -> str:
    """Say in a sentence or two what the model is worth."""
    head = metrics["heads"][decider]
    low_high = figure(head["macro_f1_interval"])
    lead = (
        f"{metrics['rows']} test messages that it was neither trained nor calibrated on. "
        f"Macro-F1 over {decider}: {figure(head['macro_f1'])} (95 % interval {low_high})."
    )
    if head["served"] is None:
        return lead
    return (
        f"{lead} At its thresholds it answers {_share(head['served']['coverage'])} of them, and "
        f"{_share(head['served']['precision'])} of the labels it gives are right."
    )


def _purpose(metrics: Mapping[str, Any], decider: str) -> Section:
    """Say what the model is for, and where it ends."""
    uses = listed(INTENDED[1:]) + "<h3>Limits</h3>" + listed(limits(metrics, decider))
    return Section("Intended use", INTENDED[0], uses)


def _comparison(metrics: Columns) -> Section:
    """Lay all columns side by side."""
    rows = [(row.name, *row.cells) for row in comparison(metrics)]
    note = (
        "P, R and F1 with every message answered: labels from probability 0.5 on, else the most "
        "probable one. ECE: by how much probabilities miss, on average; Brier score: their mean "
        "squared distance from what holds."
    )
    return Section("Figures", note, table(["", *metrics], rows))


def _versus(found: Mapping[str, Any]) -> Iterator[Section]:
    """Show what the version before decided otherwise, where there is one."""
    if found.get("changes"):
        yield changes_section(found["changes"])


def _decider(
    curves: HeadCurves, metrics: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[Section]:
    """Show all there is about the head that decides."""
    yield calibration_section(curves)
    yield from calibration_by_part(curves)
    by_part = scores_by_part(metrics, curves.head.name)
    if by_part is not None:
        yield by_part
    if found.get("promises"):
        yield promises_section(found["promises"])
    yield thresholds_section(curves)
    yield confusion_section(curves)
    if curves.ids:
        yield mistakes_section(curves)


def _beyond(found: Mapping[str, Any]) -> Iterator[Section]:
    """Show what was measured beside the test messages."""
    for key, (title, note) in (("probes", _PROBES), ("out_of_scope", _OUT_OF_SCOPE)):
        if found.get(key):
            yield generic_section(title, note, found[key])


def _facts(manifest: Mapping[str, Any]) -> Section:
    """List what the manifest says."""
    keys = ("thresholds", "channel_thresholds", "languages", "max_length", "facts")
    shown = {key: manifest[key] for key in keys if key in manifest}
    rows = [(name, str(value)) for name, value in _flat(shown)]
    return Section("Facts", "From the manifest.", folded("Show", table(["", ""], rows)))


def _flat(values: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """List nested facts by their dotted names."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def _share(score: float | None) -> str:
    """Write a share in percent."""
    return MISSING if score is None else f"{100 * score:.1f} %"

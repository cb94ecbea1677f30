"""A model's test figures as README.md shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from training.metrics.comparison import at, figure

_SLICES = {"all": "overall", "English": "english", "other languages": "other languages"}
_BLOCKS = {"hard English": "block=hard", "plain English": "block=plain"}
_LANGUAGE = "language="


def figures(metrics: Mapping[str, Any]) -> str:
    """Render a model's test figures as Markdown tables, beside float32 and the baseline."""
    parts = [_macro(metrics), _intents(metrics), _promises(metrics), _signals(metrics)]
    return "\n\n".join(part for part in parts if part)


def _macro(metrics: Mapping[str, Any]) -> str:
    """Macro-F1 over the intents, by slice and model; of the served one calibration, too."""
    languages = {
        f"language `{name.removeprefix(_LANGUAGE)}`": name
        for name in metrics["slices"]
        if name.startswith(_LANGUAGE) and name != f"{_LANGUAGE}en"
    }
    rows = []
    for shown, name in (_SLICES | languages | _BLOCKS).items():
        head = at(metrics, "slices", name, "heads", "intents")
        if head is not None:
            columns = (metrics, metrics["float32"], metrics["baseline"])
            scores = [at(m, "slices", name, "heads", "intents", "macro_f1") for m in columns]
            own = [head.get(key) for key in ("exact_match", "ece", "brier")]
            rows.append([shown, f"{head['rows']}", *map(figure, [*scores, *own])])
    headings = ["macro-F1 over intents", "messages", "served (int8)", "float32", "TF-IDF + LR"]
    return _table([*headings, "exact match", "ECE", "Brier score"], rows)


def _intents(metrics: Mapping[str, Any]) -> str:
    """Precision, recall, F1 and calibration error of each intent, and the served rule's."""
    head = metrics["heads"]["intents"]
    keys = ("precision", "recall", "f1", "ece", "ece_floor", "brier")
    rows = [
        [f"`{label}`", *(figure(m.get(key)) for key in keys)] for label, m in head["labels"].items()
    ]
    served = head["served"]
    told = (
        f"Exact match {head['exact_match']:.3f} (baseline "
        f"{metrics['baseline']['heads']['intents']['exact_match']:.3f}). At its own thresholds the "
        f"model answers {served['coverage']:.1%} of the messages, and {served['precision']:.1%} of "
        "the labels it then gives are right."
    )
    headings = ["intent", "precision", "recall", "F1", "ECE", "ECE by chance", "Brier score"]
    return _table(headings, rows) + f"\n\n{told}"


def _promises(metrics: Mapping[str, Any]) -> str:
    """What each threshold promised, and what the test part shows; empty for an older model."""
    labels = at(metrics, "promises", "labels") or {}
    keys = ("promised", "threshold", "precision", "lower_bound", "coverage")
    rows = [
        [f"`{label}`", *(figure(row[key]) for key in keys), f"{row['given']}"]
        for label, row in labels.items()
    ]
    headings = ["intent", "promised precision", "threshold", "precision", "at least", "share found"]
    return _table([*headings, "given"], rows) if rows else ""


def _signals(metrics: Mapping[str, Any]) -> str:
    """Accuracy of the single-choice heads."""
    baseline = metrics["baseline"]["heads"]
    rows = [
        [f"`{name}`", f"{m['accuracy']:.3f}", f"{baseline[name]['accuracy']:.3f}"]
        for name, m in metrics["heads"].items()
        if "accuracy" in m
    ]
    return _table(["signal", "accuracy", "TF-IDF + LR"], rows)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

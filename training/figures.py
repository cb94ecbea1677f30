"""A model's test figures as README.md shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

_SLICES = {
    "all": "overall",
    "English": "english",
    "six other languages": "other languages",
    "hard English": "block=hard",
    "plain English": "block=plain",
}


def figures(metrics: Mapping[str, Any]) -> str:
    """Render a model's test figures as Markdown tables, beside float32 and the baseline."""
    return "\n\n".join([_macro(metrics), _intents(metrics), _signals(metrics)])


def _macro(metrics: Mapping[str, Any]) -> str:
    """Macro-F1 over the intents, by slice and model."""
    columns = [metrics, metrics["float32"], metrics["baseline"]]
    rows = []
    for shown, name in _SLICES.items():
        if name in metrics["slices"]:
            heads = [column["slices"][name]["heads"]["intents"] for column in columns]
            rows.append([shown, f"{heads[0]['rows']}", *(f"{h['macro_f1']:.3f}" for h in heads)])
    headings = ["macro-F1 over intents", "messages", "served (int8)", "float32", "TF-IDF + LR"]
    return _table(headings, rows)


def _intents(metrics: Mapping[str, Any]) -> str:
    """Precision, recall, F1 and calibration error of each intent, and the served rule's."""
    head = metrics["heads"]["intents"]
    rows = [
        [f"`{label}`", *(f"{m[key]:.3f}" for key in ("precision", "recall", "f1", "ece"))]
        for label, m in head["labels"].items()
    ]
    served = head["served"]
    told = (
        f"Exact match {head['exact_match']:.3f} (baseline "
        f"{metrics['baseline']['heads']['intents']['exact_match']:.3f}). At its own thresholds the "
        f"model answers {served['coverage']:.1%} of the messages, and {served['precision']:.1%} of "
        "the labels it then gives are right."
    )
    return _table(["intent", "precision", "recall", "F1", "ECE"], rows) + f"\n\n{told}"


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

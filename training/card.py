"""Write CARD.md: what a model is for, what it was made of, and how far it can be trusted."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from training.metrics import Columns, comparison, slice_comparison
from training.metrics.comparison import MISSING, at, deciding_head, figure
from training.promises import written
from training.purpose import INTENDED, limits

_MISSES = ("ECE", "by chance", "Brier score")
_FLAGS = (  # of training.train: what of the configuration can be given on its command line
    *("base", "vocabulary", "contrast_epochs", "epochs", "batch_size", "learning_rate"),
    *("max_length", "precision", "seed"),
)


def model_card(
    manifest: Mapping[str, Any],
    metrics: Columns,
    data_facts: Mapping[str, Any],
    found: Mapping[str, Any] | None = None,
) -> str:
    """Write the card of a model from what is known of it; every figure comes from the arguments.

    Args:
        manifest: The JSON of the artifact's manifest.
        metrics: Heading -> `Evaluation.as_dict()`; the model first, then those to compare with.
        data_facts: `DataReport.as_dict()`, and `written` (how the messages came about) and
            `licence`, where they are known.
        found: What else was measured: `promises`, `changes`.
    """
    found = found or {}
    first = next(iter(metrics.values()))
    decider = deciding_head(first)
    sections = {
        "Intended use": "\n\n".join(map(_plain, INTENDED)),
        "Questions and labels": _table(["head", "answers", "labels"], _heads(manifest), ":--"),
        "Base model": _bullets(_base(manifest)),
        "Data": _bullets(_data(data_facts)),
        "Figures": _figures(metrics),
        "By slice": _slices(metrics, decider),
        "Calibration": _calibration(first, decider),
        "Thresholds": _thresholds(manifest, first, decider, found.get("promises")),
        **_changes(found.get("changes")),
        "Limits": _bullets(map(_plain, limits(first, decider))),
        "How it was made": _making(manifest),
    }
    parts = [f"## {title}\n\n{body}\n" for title, body in sections.items()]
    return f"# Model {_plain(manifest['version'])}\n\n{_lead(first, decider)}\n\n" + "\n".join(
        parts
    )


def _lead(first: Mapping[str, Any], decider: str) -> str:
    """Say in a sentence what this is and what it is worth."""
    head = first["heads"][decider]
    return (
        "Says what the sender of a message wants, with calibrated probabilities. On "
        f"{first['rows']:,} test messages, macro-F1 over {_plain(decider)} is "
        f"{figure(head['macro_f1'])} (95 % interval {figure(head['macro_f1_interval'])}). "
        "This card was written by the training run from its own measurements."
    )


def _heads(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """List the questions that the model answers."""
    for name, head in manifest["heads"].items():
        answers = "several may hold" if head["kind"] == "multi" else "exactly one"
        yield name, answers, ", ".join(head["labels"])


def _base(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Tell what was fine-tuned, and what of a message it reads."""
    base = at(manifest, "facts", "base") or {}
    yield from (f"{key}: {_plain(value)}" for key, value in base.items() if value is not None)
    yield (
        f"reads {manifest['max_length']} tokens at a time; longer messages in overlapping windows"
    )


def _data(facts: Mapping[str, Any]) -> Iterator[str]:
    """Tell what it was trained on."""
    yield f"{facts['rows']:,} labelled messages{_in_brackets(_listed(facts.get('splits')))}"
    for key in ("languages", "channels"):
        if facts.get(key):
            yield f"{key}: {_listed(facts[key])}"
    for head, counts in facts.get("labels", {}).items():
        yield f"{_plain(head)}: {_listed(counts)}"
    for key, sentence in (
        ("duplicates", "{:,} messages repeat an earlier one (copies stand in the same part)"),
        ("conflicts", "{:,} copies have different labels"),
        ("refused", "{:,} rows were left out because they could not be read"),
    ):
        if facts.get(key):
            yield sentence.format(facts[key])
    for key in ("written", "licence"):
        if facts.get(key):
            yield f"{key}: {_plain(facts[key])}"


def _figures(metrics: Columns) -> str:
    """Lay the figures beside those of others, and say how to read them."""
    rows = ((row.name, *row.cells) for row in comparison(metrics))
    return (
        f"{_table(['', *metrics], rows)}\n\n"
        "P, R, F1 and exact match answer every message: the labels of probability 0.5 or more, "
        "else the most probable one. Served precision and coverage are those of the thresholds "
        "below."
    )


def _slices(metrics: Columns, decider: str) -> str:
    """Lay the macro-F1 of each slice beside that of others."""
    rows = ((row.name, *row.cells) for row in slice_comparison(metrics))
    return f"Macro-F1 over {_plain(decider)}.\n\n{_table(['slice (messages)', *metrics], rows)}"


def _calibration(first: Mapping[str, Any], decider: str) -> str:
    """Tell by how much the probabilities miss."""
    labels = at(first, "heads", decider, "labels") or {}
    measured = first["heads"] | {f"{decider}: {name}": m for name, m in labels.items()}
    rows = [(name, *_misses(scores)) for name, scores in measured.items()]
    parts = [
        (f"{name.partition('=')[2]} ({head['rows']})", *_misses(head))
        for name, part in first["slices"].items()
        for head in [at(part, "heads", decider)]
        if head is not None and name.startswith(("language=", "channel="))
    ]
    by_part = f"\n\n{_table(['messages of', *_MISSES], parts)}" if parts else ""
    return (
        "Fitted on a part of the data that was not trained on, for the very network that is "
        "served. Expected calibration error on the test part, over 15 bins of equal size; of "
        "a single-choice head, of its most probable label; of the others, the mean over labels. "
        "By chance: what exactly true probabilities would show on so few messages. Brier score: "
        "mean squared distance from what holds.\n\n"
        f"{_table(['', *_MISSES], rows)}{by_part}"
    )


def _misses(measured: Mapping[str, Any]) -> tuple[str, str, str]:
    """Write calibration error, the share of it that chance explains, and Brier score."""
    ece, floor, brier = (figure(measured.get(key)) for key in ("ece", "ece_floor", "brier"))
    return ece, floor, brier


def _thresholds(
    manifest: Mapping[str, Any],
    first: Mapping[str, Any],
    decider: str,
    promises: Mapping[str, Any] | None,
) -> str:
    """Tell from which probability each label counts, and what that gave on the test part."""
    served = at(first, "heads", decider, "served")
    promised = at(manifest, "facts", "config", "precision")
    goal = f" so that a lower bound of its precision keeps {_goal(promised)}" if promised else ""
    abstained = at(served, "abstained")
    rest = f" Share of test messages with no label: {figure(abstained)}." if served else ""
    lead = f"A label counts from its threshold on, chosen on held-out messages{goal}.{rest}"
    if promises:
        tables = [_promises("label", promises["labels"])]
        tables += [_promises(name, p["labels"]) for name, p in promises["channels"].items()]
        return "\n\n".join([lead, *tables])
    rows = (
        (
            label,
            figure(threshold),
            figure(at(served, "labels", label, "precision")),
            figure(at(served, "labels", label, "recall")),
        )
        for label, threshold in manifest["thresholds"].items()
    )
    return f"{lead}\n\n{_table(['label', 'threshold', 'precision', 'share found'], rows)}"


def _promises(name: str, labels: Mapping[str, Mapping[str, Any]]) -> str:
    """Lay promises beside what the test part shows."""
    keys = ("promised", "threshold", "precision", "lower_bound", "coverage")
    rows = [
        (label, *(figure(row[key]) for key in keys), f"{row['given']}", f"{row['support']}")
        for label, row in labels.items()
    ]
    headings = ["promised", "threshold", "precision", "at least", "share found", "given", "of"]
    return _table([name, *headings], rows)


def _goal(promised: Any) -> str:
    """Write what was promised."""
    return _plain(written(promised) if isinstance(promised, Mapping) else promised)


def _changes(changes: Mapping[str, Any] | None) -> dict[str, str]:
    """Count the decisions that differ from those of the version before."""
    if not changes:
        return {}
    if "why" in changes:
        told = f"It could not be compared: {_plain(changes['why'])}."
    else:
        kinds = ("fixed", "broken", "wrong in another way")
        counts = ", ".join(f"{changes[kind]} {kind}" for kind in kinds)
        told = (
            f"Of {changes['compared']} test messages that both versions decided about: {counts}. "
            "report.html lists them."
        )
    return {f"Against {_plain(changes['version'])}": told}


def _making(manifest: Mapping[str, Any]) -> str:
    """Give the command that makes it again, and what it ran with."""
    facts = manifest.get("facts", {})
    config = facts.get("config", {})
    given = {name: config[name] for name in _FLAGS if name in config}
    if isinstance(given.get("precision"), Mapping):
        given["precision"] = written(given["precision"])
    flags = [
        f"--{name.replace('_', '-')} {shlex.quote(' '.join(str(value).split()))}"
        for name, value in given.items()
    ]
    parts = [f"    {' '.join(['python -m training.train', *flags])}"]
    parts += [f"Data, SHA-256: {_plain(at(facts, 'data', 'sha256'))}."] if at(facts, "data") else []
    if facts.get("finished") is False:
        parts.append("Training was ended early by hand.")
    if facts.get("libraries"):
        used = ", ".join(f"{_plain(name)} {_plain(v)}" for name, v in facts["libraries"].items())
        parts.append(f"Python {_plain(facts.get('python', MISSING))}; {used}.")
    return "\n\n".join(parts)


def _listed(counts: Mapping[str, int] | None) -> str:
    """Write counts in a line."""
    return ", ".join(f"{_plain(name)} {count:,}" for name, count in (counts or {}).items())


def _in_brackets(text: str) -> str:
    """Add what there is to add."""
    return f" ({text})" if text else ""


def _bullets(lines: Iterable[str]) -> str:
    """Write a list."""
    return "\n".join(f"- {line}" for line in lines)


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]], alignment: str = "--:") -> str:
    """Write a table: the first column to the left, the others, being figures, to the right."""
    lines = [[_plain(name) for name in headings], [":--", *[alignment] * (len(headings) - 1)]]
    lines += [[_plain(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(value: object) -> str:
    """Keep a value from being read as Markdown or HTML."""
    line = " ".join(str(value).split())
    return "".join(f"\\{c}" if c in r"\`*[]<>|#&" else c for c in line)

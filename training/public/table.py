"""The results as one Markdown table, for README."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from training.public.readers import FOLDS
from training.public.results import Result

METHODS = {
    "inlet": "Inlet",
    "setfit": "SetFit",
    "probe": "linear probe",
    "svm": "TF-IDF + SVM",
}
_FIGURES = {
    "accuracy": "accuracy",
    "out_of_scope_recall": "out-of-scope recall",
    "in_scope_refused": "in scope, but refused",
    "auroc": "out-of-scope AUROC",
    "micro_f1": "micro-F1",
    "exact_match": "exact match",
}
_TASKS = {
    "banking77": "BANKING77",
    "banking77-10": "BANKING77, 10 a label",
    "clinc150": "CLINC150",
    "clinc150-oos": "CLINC150, trained with out-of-scope rows",
    "hwu64": "HWU64",
    "hwu64-10": "HWU64, 10 a label",
    "nlupp-banking": "NLU++ banking",
    "nlupp-hotels": "NLU++ hotels",
}
_PUBLISHED = {
    ("banking77", "accuracy"): "93.66 (BERT)",
    ("banking77-10", "accuracy"): "89.8 (ICDA)",
    ("clinc150", "accuracy"): "96.9 (SNGP)",
    ("clinc150", "auroc"): "0.969 (SNGP)",
}
_CAPTION = (
    "Figures in percent, AUROC from 0 to 1; each on the test part of its data set. ICDA was "
    "trained with generated data besides. Out of scope: without such rows in training, a message "
    "is refused that is stranger than 95 % of the validation messages, all of them in scope; with "
    "them, one that gets their label. CLINC150's accuracy is over messages in scope, none of them "
    "refused for its strangeness. How strangeness is told was chosen on CLINC150's validation "
    "part, its 100 out-of-scope messages included; the recipe for 10 a label on BANKING77's other "
    "training messages. The baselines and SetFit were not tuned."
)


@dataclass(frozen=True, slots=True)
class Column:
    """A method, with the base it used."""

    method: str
    base: str | None

    @property
    def heading(self) -> str:
        """What stands above it."""
        return METHODS[self.method] + (f" ({self.base})" if self.base else "")


def markdown_table(results: Sequence[Result]) -> str:
    """Lay out all results: a row for each figure of a task, a column for each method and base."""
    columns = _columns(results)
    headings = ["Task", "Figure", *(column.heading for column in columns), "best published"]
    rows = [headings, ["---"] * 2 + ["---:"] * (len(headings) - 2)]
    for task in _TASKS:
        rows += _rows(task, columns, [result for result in results if result.task == task])
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([*lines, "", f"{_CAPTION} {_folds(results)}".strip()]) + "\n"


def _columns(results: Iterable[Result]) -> list[Column]:
    """Methods in the order of METHODS."""
    found = {Column(result.method, result.base) for result in results}
    order = list(METHODS)
    return sorted(found, key=lambda c: (order.index(c.method), c.base or ""))


def _rows(task: str, columns: Sequence[Column], results: Sequence[Result]) -> list[list[str]]:
    """One row for each figure that some method has."""
    present = [figure for figure in _FIGURES if any(figure in r.figures for r in results)]
    return [
        [
            _TASKS[task],
            _FIGURES[figure],
            *(_cell(column, figure, results) for column in columns),
            _PUBLISHED.get((task, figure), ""),
        ]
        for figure in present
    ]


def _cell(column: Column, figure: str, results: Sequence[Result]) -> str:
    """Average over seeds and folds, with the deviation between seeds where there are several."""
    own = [r for r in results if (r.method, r.base) == (column.method, column.base)]
    values = [r.figures[figure] for r in own if figure in r.figures]
    if not values:
        return ""
    digits = 3 if figure == "auroc" else 2
    mean = f"{np.mean(values):.{digits}f}"
    seeds = {r.seed for r in own}
    if len(seeds) > 1 and all(r.fold is None for r in own):
        return f"{mean} ± {np.std(values, ddof=1):.{digits}f} ({len(seeds)} seeds)"
    return mean


def _folds(results: Sequence[Result]) -> str:
    """Say how many folds were run of what is cross-validated."""
    parts = []
    for column in _columns(results):
        for task, name in _TASKS.items():
            folds = {
                r.fold
                for r in results
                if r.task == task and Column(r.method, r.base) == column and r.fold is not None
            }
            if folds:
                parts.append(f"{name}, {column.heading}: {len(folds)}")
    if not parts:
        return ""
    return (
        f"NLU++: trained on one of {FOLDS} folds and tested on all others, averaged over the folds "
        f"that were run ({'; '.join(parts)})."
    )

"""What came before a model, and what would come after it: changed decisions, and more data."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.report.learning import Learning, Point
from training.report.page import Section, folded, lone_plot, table, text
from training.report.plots import learning_svg

_KINDS = ("fixed", "broken", "wrong in another way")
_SHOWN = 400  # ids listed of each kind; a page must open on a phone


def changes_section(changes: Mapping[str, Any]) -> Section:
    """Show which test messages are decided differently than by the version before."""
    title = f"What changed against {changes['version']}"
    if "why" in changes:
        return Section(title, f"It could not be compared: {changes['why']}.", "")
    note = (
        f"{changes['compared']} test messages compared: {changes['how']}. "
        "Fixed: now exactly the labels that hold; broken: no longer."
    )
    if changes["not_compared"]:
        note += f" {changes['not_compared']} messages are new: the earlier version has no answer."
    same = changes["compared"] - sum(changes[kind] for kind in _KINDS)
    counts = [("decided alike", f"{same}"), *((kind, f"{changes[kind]}") for kind in _KINDS)]
    return Section(title, note, table(["", "messages"], counts) + "".join(_lists(changes)))


def learning_section(learning: Learning, *, data_sha256: str) -> Section:
    """Draw how macro-F1 grows with the number of messages."""
    title = "Would more messages help?"
    same = learning.data_sha256 == data_sha256
    whose = (
        "the data of this model" if same else "other data than this model's, or an earlier state"
    )
    note = (
        f"Macro-F1 on {learning.test_rows} test messages after training on a part of the rest, "
        f"in float32, with 95 % intervals. Measured on {whose} "
        f"(SHA-256 {learning.data_sha256[:12]}…) by python -m training.learning_curve."
    )
    rows = [
        *_points("model", learning.model),
        *_points("TF-IDF + LR", learning.baseline),
    ]
    numbers = table(["", "messages", "macro-F1", "95 % interval", "seconds"], rows)
    plot = lone_plot(learning_svg(learning, title=title))
    return Section(title, note, plot + folded("The numbers", numbers))


def _lists(changes: Mapping[str, Any]) -> Iterator[str]:
    """List the changed messages of each kind by id."""
    for kind in _KINDS:
        found = [change for change in changes["messages"] if change["kind"] == kind]
        if found:
            rows = [_row(change) for change in found[:_SHOWN]]
            shown = table(["id", "holds", "before", "now"], rows, kind="words")
            if len(found) > _SHOWN:
                shown += f"<p>{text(f'and {len(found) - _SHOWN} more, in metrics.json')}</p>"
            yield folded(f"{kind} ({len(found)})", shown)


def _row(change: Mapping[str, Any]) -> tuple[str, str, str, str]:
    held, before, after = (", ".join(change[key]) for key in ("held", "before", "after"))
    return change["id"], held, before or "none", after or "none"


def _points(name: str, curve: Sequence[Point]) -> Iterator[tuple[str, ...]]:
    """Write a curve's points."""
    for point in curve:
        low, high = point.interval
        yield (
            f"{name}, {100 * point.share:g} %",
            f"{point.rows:,}",
            f"{point.macro_f1:.3f}",
            f"{low:.3f}–{high:.3f}",  # noqa: RUF001  from, to
            f"{point.seconds:.0f}",
        )

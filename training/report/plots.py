"""Draw a report's plots as SVG that stands inside a page: no script, no file, no date.

Each plot is small and alone, so that a page can lay them side by side or, on a phone, in a column.
"""

import html
import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.curves import Reliability, Tradeoff
from training.report.learning import Curve, Learning

Panel = TypeVar("Panel")

# mid tones, which stand out on white and on black
COLOURS = ("#3b7dd8", "#d9822b", "#8a8f98", "#389e63")
_INK = "#010203"  # drawn with, then replaced by the text colour of the page
_STYLE: Any = {  # matplotlib types the keys one by one
    "svg.fonttype": "none",  # text stays text: small, searchable, in the page's font
    "text.parse_math": False,  # a label may hold dollar signs
    "font.size": 9,
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": COLOURS[2],
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
}
_SIDE_INCHES = 3.1
_CURVE_INCHES = (5.6, 3.4)
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_UPPER_HALF, _UPPER_TICKS = 0.5, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_TITLE_CHARS = 30
_Z = 1.96  # two-sided 95 % of the normal distribution
_SURPLUS = re.compile(  # what a file needs, and a page does not or must not have twice
    r"^.*?(?=<svg)"
    r"|<metadata>.*?</metadata>"
    r"|<defs>\s*<style.*?</style>\s*</defs>"
    r'| xmlns(?::\w+)?="[^"]*"'
    r'| id="[A-Za-z0-9.]+_\d+"'
    r"|font-family: [^;\"]*;? ?",
    re.DOTALL,
)


def reliability_svgs(panels: Sequence[Reliability], *, title: str) -> list[str]:
    """Draw probability against outcome: what is calibrated lies on the diagonal."""
    return [_square(panel, _draw_reliability, f"{title} {panel.title}") for panel in panels]


def tradeoff_svgs(panels: Sequence[Tradeoff], *, title: str) -> list[str]:
    """Draw precision against coverage over all thresholds; marked the chosen and the promise."""
    return [_square(panel, _draw_tradeoff, f"{title} {panel.title}") for panel in panels]


def learning_svg(learning: Learning, *, title: str) -> str:
    """Draw macro-F1 against the number of messages trained on."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=_CURVE_INCHES, layout="constrained")
        axes = figure.subplots()
        for colour, name, curve in zip(
            COLOURS[:2], ("model", "TF-IDF + LR"), learning.curves(), strict=True
        ):
            _draw_curve(axes, name, curve, colour)
        rows = [point.rows for point in learning.model] or [
            point.rows for point in learning.baseline
        ]
        axes.set_xscale("log", base=2)
        axes.set_xticks(rows, [f"{count:,}" for count in rows])
        axes.minorticks_off()
        axes.set(xlabel="messages trained on", ylabel="macro-F1")
        axes.grid()
        figure.legend(loc="outside upper right", ncols=2)
        return _svg(figure, title)


def _square(panel: Panel, draw: Callable[[Axes, Panel], None], title: str) -> str:
    """Draw a panel of the unit square."""
    with mpl.rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=(_SIDE_INCHES, _SIDE_INCHES), layout="constrained")
        axes = figure.subplots()
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=_TICKS, yticks=_TICKS)
        axes.grid()
        draw(axes, panel)
        return _svg(figure, title)


def _draw_reliability(axes: Axes, panel: Reliability) -> None:
    """Draw one event's bins, and how far each share may be off by chance."""
    axes.set_title(_short(panel.title))
    axes.set(xlabel="mean probability", ylabel="share that holds")
    axes.plot([0, 1], [0, 1], color=COLOURS[2], linewidth=0.8, linestyle="--")
    low, high = _wilson(panel.held, panel.sizes)
    axes.vlines(panel.predicted, low, high, color=COLOURS[2], linewidth=1)
    axes.plot(
        panel.predicted, panel.held, color=COLOURS[0], marker="o", markersize=4, clip_on=False
    )
    axes.text(0.02, 0.98, f"ECE {panel.error:.3f}\nby chance {panel.floor:.3f}", va="top")


def _draw_tradeoff(axes: Axes, panel: Tradeoff) -> None:
    """Draw one label's thresholds: the chosen one, and the precision it was to keep."""
    axes.set_title(_short(panel.title))
    axes.set(xlabel="coverage: share found", ylabel="precision: share right")
    axes.plot(panel.coverage, panel.precision, color=COLOURS[0])
    told = []
    if panel.promised is not None:
        axes.axhline(panel.promised, color=COLOURS[3], linewidth=1, linestyle="--")
        told = [f"promised {panel.promised:.2f}"]
    threshold, coverage, precision = panel.chosen or (0.0, 0.0, None)
    if precision is not None:
        axes.plot([coverage], [precision], color=COLOURS[1], marker="o", clip_on=False)
        told = [f"from {threshold:.2f}", *told]
    if min(panel.precision.min(), 1.0 if precision is None else precision) >= _UPPER_HALF:
        axes.set(ylim=(_UPPER_HALF - 0.01, 1.01), yticks=_UPPER_TICKS)
    low = axes.get_ylim()[0]
    axes.text(0.02, low + 0.04 * (1.0 - low), "\n".join(told), va="bottom")


def _draw_curve(axes: Axes, name: str, curve: Curve, colour: str) -> None:
    """Draw one classifier's curve with its 95 % interval."""
    rows, scores = [point.rows for point in curve], [point.macro_f1 for point in curve]
    low, high = zip(*(point.interval for point in curve), strict=True) if curve else ((), ())
    axes.fill_between(rows, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(rows, scores, color=colour, marker="o", markersize=4, label=name)


def _wilson(shares: Any, sizes: Any) -> tuple[Any, Any]:
    """Ends of the 95 % interval of shares (Wilson 1927)."""
    square = _Z**2 / sizes
    middle = (shares + square / 2) / (1 + square)
    variance = np.maximum(shares * (1 - shares), 0.0) / sizes
    spread = _Z * np.sqrt(variance + square / (4 * sizes)) / (1 + square)
    return middle - spread, middle + spread


def _svg(figure: Figure, title: str) -> str:
    """Render a figure, and keep what a page needs of it."""
    file = io.StringIO()
    with warnings.catch_warnings():
        # the browser has the letters that matplotlib's own font lacks
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(file, format="svg", transparent=True)
    drawn = _SURPLUS.sub("", file.getvalue()).replace(_INK, "currentColor")
    return drawn.replace("<svg", f'<svg role="img" aria-label="{html.escape(title)}"', 1)


def _short(name: str) -> str:
    """Cut a name that would push the plot aside."""
    return name if len(name) <= _TITLE_CHARS else name[: _TITLE_CHARS - 1] + "…"

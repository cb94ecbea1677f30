"""Draw a report's plots as SVG that stands inside a page: no script, no file, no date."""

import html
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.report.curves import Reliability, Tradeoff

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
    "figure.constrained_layout.hspace": 0.06,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "grid.color": COLOURS[2],
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "legend.frameon": False,
}
_WIDTH_INCHES = 9.0
_ACROSS = 3  # small plots side by side
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BAR_INCHES = 0.13
_TITLE_CHARS = 30
_SURPLUS = re.compile(  # what a file needs, and a page does not or must not have twice
    r"^.*?(?=<svg)"
    r"|<metadata>.*?</metadata>"
    r"|<defs>\s*<style.*?</style>\s*</defs>"
    r'| xmlns(?::\w+)?="[^"]*"'
    r'| id="[A-Za-z0-9.]+_\d+"'
    r"|font-family: [^;\"]*;? ?",
    re.DOTALL,
)


def reliability_svg(panels: Sequence[Reliability], *, title: str) -> str:
    """Draw probability against outcome: what is calibrated lies on the diagonal."""
    return _small_plots(panels, _draw_reliability, title)


def tradeoff_svg(panels: Sequence[Tradeoff], *, title: str) -> str:
    """Draw precision against coverage over all thresholds, the chosen one marked."""
    return _small_plots(panels, _draw_tradeoff, title)


def bars_svg(
    names: Sequence[str], columns: Mapping[str, Sequence[float | None]], *, title: str
) -> str:
    """Draw scores in [0, 1] as bars: a group for each name, a bar for each column."""
    thick = len(columns)
    inches = 0.6 + _BAR_INCHES * (thick + 1) * len(names)
    with mpl.rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=(_WIDTH_INCHES, inches), layout="constrained")
        axes = figure.subplots()
        places = np.arange(len(names)) * (thick + 1.0)
        for i, (column, scores) in enumerate(columns.items()):
            lengths = [0.0 if score is None else score for score in scores]
            axes.barh(
                places + i,
                lengths,
                height=0.9,
                color=COLOURS[i % len(COLOURS)],
                label=_short(column),
            )
        axes.set_yticks(places + (thick - 1) / 2, [_short(name) for name in names])
        axes.set(ylim=(places[-1] + thick - 0.2, -0.8), xlim=(0, 1))
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper right", ncols=thick)
        return _svg(figure, title)


def _small_plots(panels: Sequence[Panel], draw: Callable[[Axes, Panel], None], title: str) -> str:
    """Draw panels of the unit square, side by side."""
    down = -(-len(panels) // _ACROSS)
    with mpl.rc_context({**_STYLE, "svg.hashsalt": title}):
        figure = Figure(figsize=(_WIDTH_INCHES, 3.0 * down), layout="constrained")
        places = figure.subplots(down, _ACROSS, squeeze=False).ravel()
        for axes in places[len(panels) :]:
            axes.set_axis_off()
        for axes, panel in zip(places, panels, strict=False):
            axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xticks=_TICKS, yticks=_TICKS)
            axes.set_aspect("equal")
            axes.grid()
            draw(axes, panel)
        return _svg(figure, title)


def _draw_reliability(axes: Axes, panel: Reliability) -> None:
    """Draw one label's bins."""
    axes.set_title(_short(panel.title))
    axes.set(xlabel="mean probability", ylabel="share that holds")
    axes.plot([0, 1], [0, 1], color=COLOURS[2], linewidth=0.8, linestyle="--")
    axes.plot(
        panel.predicted, panel.held, color=COLOURS[0], marker="o", markersize=4, clip_on=False
    )


def _draw_tradeoff(axes: Axes, panel: Tradeoff) -> None:
    """Draw one label's thresholds."""
    axes.set_title(_short(panel.title))
    axes.set(xlabel="coverage: share found", ylabel="precision: share right")
    axes.plot(panel.coverage, panel.precision, color=COLOURS[0])
    threshold, coverage, precision = panel.chosen or (0.0, 0.0, None)
    if precision is None:
        return
    axes.plot([coverage], [precision], color=COLOURS[1], marker="o", clip_on=False)
    below = -16 if precision > 0.2 else 9
    axes.annotate(
        f"from {threshold:.2f}",
        (coverage, precision),
        xytext=(0, below),
        textcoords="offset points",
        ha="center" if 0.2 < coverage < 0.8 else "right" if coverage > 0.5 else "left",
    )


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

"""The page around a report: HTML and CSS that need no other file, no network and no script."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import Template

from training.metrics.comparison import MISSING

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2026; --soft: #5d6673; --line: #d8dce2; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14171b; --ink: #e6e8eb; --soft: #9aa3af; --line: #363c45; }
}
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 56rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
p { margin: .25rem 0 .75rem; color: var(--soft); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem .2rem 0; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th { font-weight: 600; }
th:first-child { text-align: left; white-space: pre-wrap; }
tbody th { font-weight: 400; }
.words th { text-align: left; }
.words th:first-child { white-space: nowrap; padding-right: 1rem; }
.words th, .words td { vertical-align: top; }
.words td { text-align: left; white-space: normal; min-width: 6rem; }
.words td:nth-child(6) { min-width: 18rem; }
.bars td { min-width: 4.5rem; padding: .2rem .4rem; background: linear-gradient(to right,
  rgb(59 125 216 / .28) calc(var(--share) * 100%), transparent 0) no-repeat; }
.bars td + td { border-left: .5rem solid var(--paper); }
.heat td { padding: .35rem .7rem; background: rgb(59 125 216 / calc(var(--share) * .65)); }
.heat td.right { background: rgb(56 158 99 / calc(var(--share) * .65)); }
details { margin: .25rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr));
  gap: .5rem 1rem; }
.plots.alone { grid-template-columns: minmax(16rem, 36rem); }
nav { margin: 1rem 0; columns: 14rem; font-size: .9rem; }
nav a { display: block; break-inside: avoid; color: inherit; padding: .15rem 0; }
h3 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
</style>
</head>
<body>
<h1>$title</h1>
<p>$lead</p>
<nav>$contents</nav>
$sections
</body>
</html>
""")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page."""

    title: str
    note: str
    body: str  # HTML already


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """Put sections into a page."""
    parts = [
        f'<section id="part-{i}"><h2>{text(s.title)}</h2><p>{text(s.note)}</p>{s.body}</section>'
        for i, s in enumerate(sections)
    ]
    contents = [f'<a href="#part-{i}">{text(s.title)}</a>' for i, s in enumerate(sections)]
    return _PAGE.substitute(
        title=text(title),
        lead=text(lead),
        contents="".join(contents),
        sections="\n".join(parts),
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "") -> str:
    """Write a table; the first cell of each row names it. Of kind `words` if it holds sentences."""
    body = [
        f"<tr><th>{text(name)}</th>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>"
        for name, *cells in rows
    ]
    return _table(headings, body, f' class="{kind}"' if kind else "")


def bar_table(headings: Sequence[str], rows: Iterable[tuple[str, Sequence[float | None]]]) -> str:
    """Write a table of scores in [0, 1], each with a bar of its length; None is a dash."""
    body = [f"<tr><th>{text(name)}</th>{''.join(map(_bar, scores))}</tr>" for name, scores in rows]
    return _table(headings, body, ' class="bars"')


def heat_table(headings: Sequence[str], rows: Iterable[tuple[str, Sequence[float], float]]) -> str:
    """Write a table of counts, each the darker the greater its share of its row's whole.

    Args:
        headings: Of the columns.
        rows: Name, counts and whole. The n-th count of the n-th row is the right answer.
    """
    body = [
        f"<tr><th>{text(name)}</th>"
        + "".join(_heat(count, whole, right=i == row) for i, count in enumerate(counts))
        + "</tr>"
        for row, (name, counts, whole) in enumerate(rows)
    ]
    return _table(headings, body, ' class="heat"')


def plots(drawn: Iterable[str]) -> str:
    """Lay plots side by side, as many as the screen has room for."""
    return f'<div class="plots">{"".join(drawn)}</div>'


def lone_plot(drawn: str) -> str:
    """Let a plot be as wide as it may."""
    return f'<div class="plots alone">{drawn}</div>'


def listed(lines: Iterable[str]) -> str:
    """Write a list."""
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"


def folded(summary: str, body: str) -> str:
    """Fold what only some readers want, such as the numbers of a plot."""
    return f"<details><summary>{text(summary)}</summary>{body}</details>"


def text(value: object) -> str:
    """Escape anything that is not ours."""
    return html.escape(str(value))


def _table(headings: Sequence[str], rows: Sequence[str], attributes: str) -> str:
    """Put rows under headings; wide tables scroll by themselves."""
    head = "".join(f"<th>{text(heading)}</th>" for heading in headings)
    return (
        f'<div class="wide"><table{attributes}><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _bar(score: float | None) -> str:
    """Write one score with its bar."""
    if score is None:
        return f"<td>{MISSING}</td>"
    return f'<td style="--share:{score:.3f}">{score:.3f}</td>'


def _heat(count: float, whole: float, *, right: bool) -> str:
    """Write one count with its share."""
    share = count / whole if whole else 0.0
    kind = ' class="right"' if right else ""
    return f'<td{kind} style="--share:{share:.3f}" title="{100 * share:.1f} %">{count:.0f}</td>'

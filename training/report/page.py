"""The page around a report: HTML and CSS that need no other file, no network and no script."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import Template

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
.heat td { padding: .35rem .7rem; background: rgb(59 125 216 / calc(var(--share) * .65)); }
.heat td.right { background: rgb(56 158 99 / calc(var(--share) * .65)); }
details { margin: .25rem 0; }
summary { cursor: pointer; color: var(--soft); font-size: .85rem; }
svg { display: block; width: 100%; height: auto; }
svg * { stroke-linejoin: round; stroke-linecap: butt; }
</style>
</head>
<body>
<h1>$title</h1>
<p>$lead</p>
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
        f"<section><h2>{text(s.title)}</h2><p>{text(s.note)}</p>{s.body}</section>"
        for s in sections
    ]
    return _PAGE.substitute(title=text(title), lead=text(lead), sections="\n".join(parts))


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table; the first cell of each row names it."""
    body = [
        f"<tr><th>{text(name)}</th>" + "".join(f"<td>{text(cell)}</td>" for cell in cells) + "</tr>"
        for name, *cells in rows
    ]
    return _table(headings, body, "")


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


def _heat(count: float, whole: float, *, right: bool) -> str:
    """Write one count with its share."""
    share = count / whole if whole else 0.0
    kind = ' class="right"' if right else ""
    return f'<td{kind} style="--share:{share:.3f}" title="{100 * share:.1f} %">{count:.0f}</td>'

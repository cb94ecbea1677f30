"""Show measurements whose shape the report does not know: a title, a few facts, a table of rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from training.metrics.comparison import MISSING, figure
from training.report.page import Section, table, text

_TITLE, _NOTE, _ROWS, _COLUMNS = "title", "note", "rows", "columns"  # keys with a meaning


def generic_section(title: str, note: str, value: Any) -> Section:
    """Show any JSON: mappings as facts and parts, lists of rows as tables.

    A mapping may have a `title`, a `note`, `rows` (of mappings, or of values under `columns`), and
    anything else beside them.
    """
    return Section(title, note, "".join(_shown(value)))


def _shown(value: Any) -> Iterator[str]:
    """Write a value as HTML."""
    if not isinstance(value, Mapping):
        yield _rows_table(value, ()) if _are_rows(value) else f"<p>{text(_cell(value))}</p>"
        return
    if isinstance(value.get(_NOTE), str):
        yield f"<p>{text(value[_NOTE])}</p>"
    rest = {k: v for k, v in value.items() if k not in (_TITLE, _NOTE, _COLUMNS)}
    facts = {key: item for key, item in rest.items() if _is_fact(item)}
    if facts:
        yield table(["", ""], [(_named(key), _cell(item)) for key, item in facts.items()])
    parts = {key: item for key, item in rest.items() if key not in facts}
    if parts and all(_is_row(item) for item in parts.values()):
        yield _rows_table([{"": _named(key), **item} for key, item in parts.items()], ())
        return
    for key, item in parts.items():
        if _are_rows(item):
            yield "" if key == _ROWS else f"<h3>{text(_named(key))}</h3>"
            yield _rows_table(item, value.get(_COLUMNS) or ())
        else:
            yield f"<h3>{text(_heading(key, item))}</h3>{''.join(_shown(item))}"


def _rows_table(rows: Sequence[Any], columns: Sequence[str]) -> str:
    """Write rows under the names of their columns."""
    if not all(isinstance(row, Mapping) for row in rows):
        cells = [[_cell(item) for item in row] for row in rows]
        return table([_named(column) for column in columns], cells)
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    return table([_named(name) for name in names], cells)


def _are_rows(value: Any) -> bool:
    """Whether a value is a list of mappings or of lists."""
    return (
        isinstance(value, list | tuple)
        and bool(value)
        and all(isinstance(row, Mapping | list | tuple) for row in value)
    )


def _is_row(value: Any) -> bool:
    """Whether a value is a mapping of nothing but facts."""
    return isinstance(value, Mapping) and all(map(_is_fact, value.values()))


def _is_fact(value: Any) -> bool:
    """Whether a value fits into a cell."""
    if isinstance(value, list | tuple):
        return not _are_rows(value)
    return not isinstance(value, Mapping) or _is_share(value) or _is_drop(value)


def _is_share(value: Any) -> bool:
    """Whether a value is a share with its cases, as training.probes writes them."""
    return isinstance(value, Mapping) and {"ratio", "hits", "cases"} <= set(value)


def _is_drop(value: Any) -> bool:
    """Whether a value is a number of percentage points with its interval."""
    return isinstance(value, Mapping) and {"points", "interval"} == set(value)


def _heading(key: str, value: Any) -> str:
    """Name a part."""
    title = value.get(_TITLE) if isinstance(value, Mapping) else None
    return title if isinstance(title, str) else _named(key)


def _named(key: Any) -> str:
    """Turn a key into words."""
    return str(key).replace("_", " ")


def _cell(value: Any) -> str:
    """Write a value that stands alone."""
    if _is_share(value):
        return f"{figure(value['ratio'])} ({value['hits']:,} of {value['cases']:,})"
    if _is_drop(value):
        low, high = value["interval"]
        return f"{value['points']:.1f} points ({low:.1f} to {high:.1f})"
    return _plain_cell(value)


def _plain_cell(value: Any) -> str:
    """Write a value that has no parts of its own but those of a list."""
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(_cell, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)

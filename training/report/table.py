"""The table printed at the end of training."""

from rich import box
from rich.table import Table
from rich.text import Text

from training.metrics import Columns, comparison


def metrics_table(columns: Columns) -> Table:
    """Lay a model's figures beside those of others on the same test examples.

    Args:
        columns: Heading -> `Evaluation.as_dict()`; the new model first, then the previous version
            if there is one, then the baseline.
    """
    table = Table(
        title="Test split",
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
    )
    table.add_column("")
    for heading in columns:
        table.add_column(Text(heading), justify="right")
    for row in comparison(columns):
        table.add_row(Text(row.name), *map(Text, row.cells))
    return table

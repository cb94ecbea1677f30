"""Show what a trained model is worth: a table on the console, and report.html with plots."""

from training.report.curves import HeadCurves
from training.report.learning import Learning, Point, read_learning
from training.report.sections import write_report
from training.report.table import metrics_table

__all__ = [
    "HeadCurves",
    "Learning",
    "Point",
    "metrics_table",
    "read_learning",
    "write_report",
]

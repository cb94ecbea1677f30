"""What a classifier is worth: scores, measurements of heads and slices, and their comparison."""

from training.metrics.comparison import Columns, Row, comparison, slice_comparison
from training.metrics.heads import evaluate_head, f1_view, intent_decisions
from training.metrics.slices import evaluate, head_targets, slice_rows
from training.metrics.values import Evaluation, HeadMetrics, MultiMetrics, SingleMetrics

__all__ = [
    "Columns",
    "Evaluation",
    "HeadMetrics",
    "MultiMetrics",
    "Row",
    "SingleMetrics",
    "comparison",
    "evaluate",
    "evaluate_head",
    "f1_view",
    "head_targets",
    "intent_decisions",
    "slice_comparison",
    "slice_rows",
]

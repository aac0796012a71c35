"""What changed between two things: code, data, parameters, packages, metrics, shape.

Everything here is handed the records and values that it compares; it reads no catalog and
no store, and knows no references.
"""

from .code import code_changes
from .data import data_change
from .results import (
    CodeChange,
    ColumnChange,
    DataChange,
    Difference,
    EnvironmentChange,
    Flow,
    MetricChange,
    PackageChange,
    RowChanges,
    ShapeChange,
    Status,
    ValueChange,
)
from .rows import row_codes, rows_by_content, rows_by_key
from .settings import environment_change, metric_changes, value_changes
from .shape import shape_change
from .sides import Side, compare
from .tables import as_frame

__all__ = [
    "CodeChange",
    "ColumnChange",
    "DataChange",
    "Difference",
    "EnvironmentChange",
    "Flow",
    "MetricChange",
    "PackageChange",
    "RowChanges",
    "ShapeChange",
    "Side",
    "Status",
    "ValueChange",
    "as_frame",
    "code_changes",
    "compare",
    "data_change",
    "environment_change",
    "metric_changes",
    "row_codes",
    "rows_by_content",
    "rows_by_key",
    "shape_change",
    "value_changes",
]

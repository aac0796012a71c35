"""Tables of any kind as pandas frames with names of their own, and facts of their columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineal.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """What is said of a column beside its content."""

    type: str
    nulls: int | None
    min: str | None
    max: str | None


def as_frame(value: Any) -> pd.DataFrame | None:
    """A value as a frame with text for names, its named index among the columns.

    None for what is no table. CSV and Parquet files are tables.

    Raises:
        UserError: two columns have one name, or the file can't be read as what it is.
    """
    frame = _frame(value)
    if frame is None:
        return None
    named = [str(name) for name in frame.index.names if name is not None]
    taken = {str(name) for name in frame.columns}
    if named and len(named) == frame.index.nlevels and not taken.intersection(named):
        frame = frame.reset_index()
    names = [str(name) for name in frame.columns]
    twice = [repr(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UserError(
            f"Several columns have the name {', '.join(twice[:5])}, so its rows can't be compared;"
            " give every column a name of its own."
        )
    return frame.set_axis(names, axis=1)


def column_facts(column: pd.Series[Any]) -> ColumnFacts:
    """Missing items and bounds of a column; no bounds for what has no order."""
    present = column.dropna()
    least = most = None
    if len(present):
        try:
            least, most = str(present.min()), str(present.max())
        except (TypeError, ValueError, NotImplementedError):
            least = most = None
    return ColumnFacts(type=str(column.dtype), nulls=int(column.isna().sum()), min=least, max=most)


def _frame(value: Any) -> pd.DataFrame | None:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if isinstance(value, pd.DataFrame):
        return value
    if isinstance(value, pd.Series):
        return value.to_frame("value" if value.name is None else value.name)
    if type(value).__module__.partition(".")[0] == "polars":
        value = value.to_frame() if hasattr(value, "to_frame") else value
        value = value.to_arrow() if hasattr(value, "to_arrow") else None
    if isinstance(value, pa.Table | pa.RecordBatch):
        # pandas' own types would turn whole numbers with gaps into floats.
        table: pd.DataFrame = value.to_pandas(types_mapper=pd.ArrowDtype)
        return table
    if isinstance(value, np.ndarray) and value.ndim in (1, 2):
        return pd.DataFrame(value)
    return _file(value) if isinstance(value, Path) else None


def _file(path: Path) -> pd.DataFrame | None:
    import pandas as pd

    if not path.is_file():
        return None
    try:
        if path.name.lower().endswith((".csv", ".csv.gz")):
            return pd.read_csv(path)
        if path.suffix.lower() in (".parquet", ".pq"):
            return pd.read_parquet(path)
    except pd.errors.EmptyDataError:
        return pd.DataFrame()
    except (ValueError, OSError) as error:
        raise UserError(f"{path.name} can't be read as a table: {error}") from error
    return None

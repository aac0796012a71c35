"""Counting the rows of a table that have a key, given as texts.

A text is read as what its column holds: ``17`` is 17 in a column of numbers, ``2026-01-31``
midnight of that day in one of times. A text that can't be read so is in no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {"true": True, "1": True, "false": False, "0": False}


def rows_with(frame: pd.DataFrame, key: Mapping[str, str]) -> int:
    """How many rows have all the values of a key; its columns are there."""
    import numpy as np

    here = np.ones(len(frame), dtype=bool)
    for name, text in key.items():
        here &= _matches(frame[name], text)
    return int(here.sum())


def _matches(column: pd.Series[Any], text: str) -> Any:
    import pandas as pd
    from pandas.api import types

    kind: Any = column.dtype
    if isinstance(kind, pd.CategoricalDtype):
        categories = pd.Series(kind.categories)
        held = categories[_matches(categories, text)]
        return column.isin(held).to_numpy(dtype=bool)
    if types.is_bool_dtype(kind):
        return _equal(column, _WORDS.get(text.lower()))
    if types.is_numeric_dtype(kind):
        return _equal(column, _number(text))
    if types.is_datetime64_any_dtype(kind) or "timestamp" in str(kind) or "date" in str(kind):
        return _equal(pd.to_datetime(column, utc=True), _moment(text, column))
    return column.map(lambda item: _is(item, text)).to_numpy(dtype=bool)


def _equal(column: pd.Series[Any], value: Any) -> Any:
    import numpy as np

    if value is None:
        return np.zeros(len(column), dtype=bool)
    try:
        same = column == value
    except (TypeError, ValueError, OverflowError):  # of no type that this column could hold
        return np.zeros(len(column), dtype=bool)
    return same.fillna(value=False).to_numpy(dtype=bool)


def _number(text: str) -> int | float | complex | None:
    for read in (int, float, complex):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _moment(text: str, column: pd.Series[Any]) -> pd.Timestamp | None:
    """A time; one without an offset is in the column's own zone, or UTC as the column then is."""
    import pandas as pd

    try:
        moment = pd.Timestamp(text)
    except ValueError:
        return None
    if pd.isna(moment):
        return None
    if moment.tzinfo is None:
        return moment.tz_localize(getattr(column.dtype, "tz", None) or "UTC")
    return moment


def _is(item: Any, text: str) -> bool:
    import pandas as pd

    missing = item is None or item is pd.NA or (isinstance(item, float) and item != item)
    return not missing and str(item) == text

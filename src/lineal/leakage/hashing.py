"""A number of 64 bits for each row of a table, the same for equal rows of any table.

It is only a sieve: rows whose numbers meet are compared by content afterwards. Items that
are equal in Python have equal numbers whatever the type of their column, so that a column
that is whole numbers on one side and floats on the other is no hiding place. Missing items
are all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lineal.digests.canonical import lookup_key

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Hashes = npt.NDArray[np.uint64]

CHUNK = 1 << 18
"""Rows that are hashed at once, which bounds what is held beside the table."""
_MISSING = 0x9AE16A3B2F90404F


def row_hashes(frame: pd.DataFrame, *selections: Sequence[str]) -> list[Hashes]:
    """For each selection of columns, one number for each row.

    Columns are told apart by their place in the selection, so both sides must name them in
    the same order. A column of several selections is hashed once.
    """
    import numpy as np

    made = [np.zeros(len(frame), np.uint64) for _ in selections]
    wanted = list(dict.fromkeys(name for columns in selections for name in columns))
    for start in range(0, len(frame), CHUNK):
        rows = slice(start, start + CHUNK)
        hashed = {name: _hashed(frame[name].iloc[rows]) for name in wanted}
        for columns, whole in zip(selections, made, strict=True):
            part = whole[rows]
            for name in columns:
                part = _mixed(part ^ hashed[name])
            whole[rows] = part
    return made


def _mixed(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), item by item."""
    import numpy as np

    with np.errstate(over="ignore"):
        values = values + np.uint64(0x9E3779B97F4A7C15)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _hashed(column: pd.Series[Any]) -> Hashes:
    import numpy as np

    missing = column.isna().to_numpy(bool)
    column = _inferred(column)
    hashes = _numbers(column, missing)
    if hashes is None:
        hashes = _others(column)
    if missing.any():
        hashes = np.where(missing, np.uint64(_MISSING), hashes)
    return hashes


def _inferred(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column of objects as what it is, where these are all numbers."""
    import pandas as pd

    if column.dtype != object:
        return column
    found = pd.api.types.infer_dtype(column, skipna=True)
    if found not in ("integer", "floating", "mixed-integer-float", "boolean"):
        return column
    kind: Any = {"integer": "Int64", "boolean": "boolean"}.get(found, "float64")
    try:
        return pd.Series(column.astype(kind))
    except (TypeError, ValueError, OverflowError):  # such as whole numbers beyond 64 bits
        return column


def _numbers(column: pd.Series[Any], missing: npt.NDArray[np.bool_]) -> Hashes | None:
    """Of numbers, by the float that they are equal to; None for what are none."""
    import numpy as np
    import pandas as pd

    kinds = pd.api.types
    if not kinds.is_numeric_dtype(column.dtype) or kinds.is_complex_dtype(column.dtype):
        return None
    if kinds.is_float_dtype(column.dtype):
        floats = column.to_numpy("float64", na_value=np.nan)
        return np.asarray(floats + 0.0).view(np.uint64)  # which makes -0.0 to 0.0
    kind = "uint64" if kinds.is_unsigned_integer_dtype(column.dtype) else "int64"
    return _whole(column.to_numpy(kind, na_value=0) if missing.any() else column.to_numpy(kind))


def _whole(numbers: npt.NDArray[Any]) -> Hashes:
    """Of whole numbers: by the float that they are, or by their own bits where none is."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        floats = numbers.astype("float64")
        between = floats.astype(numbers.dtype) != numbers
    hashes = floats.view(np.uint64)
    if between.any():
        hashes = np.where(between, _mixed(numbers.astype(np.uint64)), hashes)
    return np.asarray(hashes)


def _others(column: pd.Series[Any]) -> Hashes:
    """Of texts, times and anything else, by content."""
    import numpy as np
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _of_categories(column)
    if isinstance(dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_convert(None)
    if isinstance(column.dtype, np.dtype) and column.dtype.kind in "mM":
        return _times(column, column.dtype.kind)
    items = column.astype(object)
    try:
        codes, distinct = pd.factorize(items)
    except TypeError:  # lists and the like
        codes, distinct = pd.factorize(items.map(lookup_key, na_action="ignore"))
    if not len(distinct):
        return np.zeros(len(column), np.uint64)
    texts = np.array([_token(item) for item in distinct], dtype=object)
    hashes = np.asarray(pd.util.hash_array(texts, categorize=False))
    for place, item in enumerate(distinct):
        if isinstance(item, (int, float, np.integer, np.floating, np.bool_)):
            hashes[place] = _number(item)
    return hashes[codes]


def _number(item: Any) -> Any:
    """Of a number among other things, as in a column of numbers."""
    import numpy as np

    value = item.item() if isinstance(item, np.generic) else item
    if isinstance(value, int) and not isinstance(value, bool):
        for kind in (np.int64, np.uint64):
            if np.iinfo(kind).min <= value <= np.iinfo(kind).max:
                return _whole(np.array([value], kind))[0]
        return value % 2**64
    return (np.array([value], "float64") + 0.0).view(np.uint64)[0]


def _of_categories(column: pd.Series[Any]) -> Hashes:
    import numpy as np
    import pandas as pd

    categories = column.cat.categories
    if not len(categories):
        return np.zeros(len(column), np.uint64)
    hashes = _hashed(pd.Series(categories))
    return hashes[column.cat.codes.to_numpy()]


def _times(column: pd.Series[Any], kind: str) -> Hashes:
    """Times and spans by their microseconds, whatever unit they are kept in."""
    import numpy as np

    return column.to_numpy().astype(f"{kind}8[us]").view(np.uint64)


def _token(item: Any) -> str:
    """A text for an item, never that of another type's."""
    if isinstance(item, str):
        return f"s{item}"
    return f"{type(item).__qualname__} {item!r}"

"""Statistics of columns and arrays: missing items, bounds, and how many items differ.

They are for people, take no part in any digest, and are found when a value is stored, not
when a step is decided. Arrow computes them, whichever library the data comes from.

Distinct items are counted exactly, but for numbers and times in more than `EXACT` rows that
are neither few nor whole and close together: there they are estimated from the `SMALLEST`
least of their hashes (k minimum values: Z. Bar-Yossef et al., *Counting distinct elements in
a data stream*, RANDOM 2002; unbiased with a relative standard error of 1/sqrt(k - 2), 1.6 %:
K. Beyer et al., *On synopses for distinct-value estimation under multiset operations*, SIGMOD
2007), hashed by pandas.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

Extent = Literal["full", "counts", "schema"]
"""How much may be told of the items of tables and arrays."""
EXACT = 100_000
"""Rows up to which distinct numbers are counted one by one."""
SMALLEST = 4096
"""How many of the least hashes an estimate is made of."""
ERROR = round(1 / math.sqrt(SMALLEST - 2), 4)
"""The relative standard error of an estimate."""
LONGEST = 80
"""Characters of a text that is a bound."""
_BOUNDS = ("min", "max")


def with_statistics(
    value: Any, profile: Mapping[str, Any], extent: Extent = "full"
) -> Mapping[str, Any]:
    """A profile with the statistics of its value.

    Of each column of a frame, and of an array as a whole, as far as they can be told:

    - ``nulls``: items that are missing, as the library sees it (to pandas, NaN is)
    - ``nans``: floats that are not a number, where there are any
    - ``min``, ``max``: the bounds of what is there and a number, as JSON: numbers, booleans, and
      text for all else (times as ISO 8601, decimals and infinite floats in full, long text
      cut); of an ordered categorical by its order; none for what has no order
    - ``distinct``: how many different items are there, and ``distinct_error``, the relative
      standard error, where that is an estimate

    Args:
        value: What was identified.
        profile: What was found of it then. It is left as it is.
        extent: ``full``; ``counts`` for all but the bounds, which are items of the data;
            ``schema`` for none.

    Returns:
        The profile; the same where nothing can be told.
    """
    if extent == "schema":
        return profile
    columns = profile.get("columns")
    # Whatever a library says of its data, storing them must not fail for it.
    try:
        if columns:
            found = [_told(column, extent) for column in _columns(value)]
            if len(found) == len(columns):
                told = [{**old, **new} for old, new in zip(columns, found, strict=True)]
                return {**profile, "columns": told}
        elif "shape" in profile and type(value).__module__ == "numpy":
            return {**profile, **_told(value.reshape(-1), extent)}
    except Exception:  # noqa: BLE001
        return profile
    return profile


def _columns(value: Any) -> Sequence[Any]:
    """The columns of a table of any library, or a series as one."""
    library = type(value).__module__.partition(".")[0]
    if library == "pandas" or _is_pandas(value):
        wide = getattr(value, "ndim", 1) == 2
        return [value.iloc[:, n] for n in range(value.shape[1])] if wide else [value]
    if library == "polars":
        value = value.to_arrow()
    return list(value.columns) if hasattr(value, "num_columns") else [value]


def _is_pandas(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, (pandas.DataFrame, pandas.Series))


def _told(column: Any, extent: Extent) -> dict[str, Any]:
    """The statistics of a column that are asked for; none where a library can't tell."""
    try:
        facts = _facts(column)
    except Exception:  # noqa: BLE001
        return {}
    return facts if extent == "full" else {k: v for k, v in facts.items() if k not in _BOUNDS}


def _facts(column: Any) -> dict[str, Any]:
    if _is_pandas(column):
        return _of_pandas(column)
    if type(column).__module__ == "numpy":
        return _of_numpy(column)
    return _of_arrow(column)


def _of_pandas(series: Any) -> dict[str, Any]:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.SparseDtype):
        series = series.sparse.to_dense()
    if isinstance(series.dtype, np.dtype) and series.dtype.kind != "O":
        facts = _of_numpy(series.to_numpy())
        if "nans" in facts:
            facts["nulls"] = facts["nans"]
        return facts
    try:
        array = pa.array(series.array, from_pandas=True)
    except (pa.ArrowException, ArithmeticError, TypeError, ValueError, NotImplementedError):
        return _one_by_one(series)
    if isinstance(array.type, pa.BaseExtensionType):
        return _one_by_one(series)
    return _of_arrow(array)


def _one_by_one(series: Any) -> dict[str, Any]:
    """Of items that Arrow has no type for: Python objects of several kinds, periods, intervals."""
    there = series.dropna()
    facts: dict[str, Any] = {"nulls": len(series) - len(there)}
    if len(there) > EXACT:
        return facts
    kinds = set(map(type, there))
    if len(kinds) == 1 or kinds <= {int, float, bool, Decimal}:
        facts |= _bounds(there.min(), there.max())
    return facts | {"distinct": int(there.nunique())}


def _of_numpy(array: Any) -> dict[str, Any]:
    import numpy as np
    import pyarrow as pa

    if array.dtype.kind in "USO":
        return _of_arrow(pa.array(array.tolist()))
    if array.dtype.kind == "c":
        return {"nulls": 0}
    if array.dtype.kind in "mM" and np.datetime_data(array.dtype)[0] not in "s ms us ns D":
        return {"nulls": int(np.isnat(array).sum())}
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return _of_arrow(pa.array(np.ascontiguousarray(array)))


def _of_arrow(column: Any) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    types = pa.types
    while isinstance(column.type, pa.BaseExtensionType):
        column = column.cast(column.type.storage_type)
    facts: dict[str, Any] = {"nulls": column.null_count}
    if types.is_dictionary(column.type):
        return facts | _of_words(column)
    if types.is_null(column.type):
        return facts | {"distinct": 0}
    if column.type.num_fields:
        return facts
    if types.is_string_view(column.type) or types.is_binary_view(column.type):
        text = types.is_string_view(column.type)
        column = column.cast(pa.large_string() if text else pa.large_binary())
    if types.is_floating(column.type):
        return facts | _of_floats(column)
    if not any(test(column.type) for test in (types.is_binary, types.is_large_binary)):
        # Arrow orders no durations, but the numbers that they are.
        span = types.is_duration(column.type)
        ends = pc.min_max(column.cast(pa.int64()) if span else column)
        facts |= _bounds(*((e.cast(column.type) if span else e).as_py() for e in ends.values()))
    return facts | _distinct(column)


def _of_floats(column: Any) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    facts: dict[str, Any] = {}
    if len(column) and not column.null_count:
        items = column.to_numpy()
        least = items.min()  # many times faster than Arrow's, and NaN where any is
        if not math.isnan(least):
            return _bounds(least, items.max()) | _distinct(column)
    there = column.filter(pc.invert(pc.is_nan(column)))
    if nans := len(column) - column.null_count - (len(there) - there.null_count):
        facts["nans"] = nans
        column = there
    ends = pc.min_max(column)
    return facts | _bounds(ends["min"].as_py(), ends["max"].as_py()) | _distinct(column)


def _of_words(column: Any) -> dict[str, Any]:
    """Of a categorical: of the words that are used."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0) if column.num_chunks else pa.array([], column.type)
    used = pc.unique(column.indices).drop_null()
    facts: dict[str, Any] = {"distinct": len(used)}
    if not len(used):
        return facts
    if column.type.ordered:
        ends = pc.min_max(used)
        words = [column.dictionary[ends[end].as_py()].as_py() for end in ("min", "max")]
        return facts | _bounds(*words)
    least, most = pc.min_max(column.dictionary.take(used)).values()
    return facts | _bounds(least.as_py(), most.as_py())


def _bounds(least: Any, most: Any) -> dict[str, Any]:
    bounds = {"min": _plain(least), "max": _plain(most)}
    return {} if None in bounds.values() else bounds


def _plain(value: Any) -> Any:
    """A bound as JSON; None for what can't be shown."""
    if isinstance(value, str):
        return value if len(value) <= LONGEST else value[:LONGEST] + "…"
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    ours = isinstance(value, Decimal | dt.timedelta)
    return str(value) if ours or type(value).__module__.split(".")[0] == "pandas" else None


def _distinct(column: Any) -> dict[str, Any]:
    """How many different items there are, nulls apart."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    numbers = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_temporal(kind)
    if numbers and len(column) - column.null_count > EXACT:
        there = column.drop_null() if column.null_count else column
        if pa.types.is_temporal(kind):
            there = there.cast(pa.int64() if kind.bit_width == 64 else pa.int32())
        items = there.to_numpy()
        if (counted := _counted(items)) is not None:
            return {"distinct": counted}
        if (estimate := _estimate(items)) is not None:
            return {"distinct": estimate, "distinct_error": ERROR}
    return {"distinct": pc.count_distinct(column).as_py()}


def _counted(items: Any) -> int | None:
    """How many whole numbers differ that lie close together; None of others."""
    import numpy as np

    if items.dtype.kind not in "iu" or items.dtype == np.uint64:
        return None
    least, most = int(items.min()), int(items.max())
    if most - least >= len(items):
        return None
    found = np.zeros(most - least + 1, bool)
    found[items.astype(np.int64, copy=False) - least] = True
    return int(np.count_nonzero(found))


def _estimate(items: Any) -> int | None:
    """An estimate from the least hashes; None where so few items differ that counting is quick."""
    import numpy as np
    import pandas as pd

    hashes = pd.util.hash_array(items, categorize=False)
    least = np.unique(_least(hashes, min(len(hashes), 4 * SMALLEST)))
    if len(least) < SMALLEST:
        return None
    return round((SMALLEST - 1) / (float(least[SMALLEST - 1]) / 2.0**64))


def _least(hashes: Any, count: int) -> Any:
    """The least of hashes; most are ruled out by what is seen of every 64th, as sorting is slow."""
    import numpy as np

    sample = hashes[::64]
    place = min(2 * count // 64, len(sample) - 1)
    few = hashes[hashes <= np.partition(sample, place)[place]]
    among = few if len(few) >= count else hashes
    return np.partition(among, count - 1)[:count]

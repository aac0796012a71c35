"""Comparing the rows of two tables, by the columns of a key or as wholes.

Two items are the same when Python's ``==`` says so, and missing ones are the same as
missing ones, whatever stands for them. So a column that was stored as another type has
changed in its type alone when its items are equal.

Every column of both tables is turned into whole numbers at once, equal for equal items;
from there on only these are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lineal.digests.canonical import lookup_key
from lineal.errors import UserError

from .results import RowChanges

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Codes = npt.NDArray[np.int64]

_EXACT = 2**53
"""Whole numbers above are not told apart by a float."""


def rows_by_content(before: pd.DataFrame, after: pd.DataFrame) -> RowChanges:
    """Rows added and removed, as multisets of whole rows over the columns that both have."""
    import numpy as np

    common = _common(before, after)
    if not common:
        return RowChanges(added=len(after), removed=len(before), unchanged=0)
    size = len(before)
    rows = _combined([_codes(before[name], after[name]) for name in common])
    old, new = _counts(rows[:size], rows), _counts(rows[size:], rows)
    same = int(np.minimum(old, new).sum())
    return RowChanges(
        columns=tuple(common), added=len(after) - same, removed=size - same, unchanged=same
    )


def rows_by_key(before: pd.DataFrame, after: pd.DataFrame, key: Sequence[str]) -> RowChanges:
    """Rows added, removed and changed, told apart by some columns.

    Where several rows share a key, equal ones are paired first, and what is left in the
    order of the rows; a missing item in a key is an item like any other.

    Raises:
        UserError: a column of the key is not in both tables.
    """
    import numpy as np
    import pandas as pd

    common = _common(before, after)
    _check_key(before, after, key)
    size = len(before)
    codes = {name: _codes(before[name], after[name]) for name in common}
    keys = _combined([codes[name] for name in key])
    rows = _combined(list(codes.values()))
    left_before = _unpaired(rows[:size], rows[size:])
    left_after = _unpaired(rows[size:], rows[:size])
    sides = [
        pd.DataFrame({"key": k[left], "row": left})
        for k, left in ((keys[:size], left_before), (keys[size:], left_after))
    ]
    for side in sides:
        side["nth"] = side.groupby("key").cumcount()
    pairs = sides[0].merge(sides[1], on=["key", "nth"], suffixes=("_before", "_after"))
    old, new = pairs["row_before"].to_numpy(), pairs["row_after"].to_numpy()
    by_column = {
        name: int(np.count_nonzero(c[:size][old] != c[size:][new])) for name, c in codes.items()
    }
    return RowChanges(
        key=tuple(key),
        columns=tuple(common),
        added=len(left_after) - len(pairs),
        removed=len(left_before) - len(pairs),
        changed=len(pairs),
        unchanged=size - len(left_before),
        by_column={name: count for name, count in by_column.items() if count},
        shared_keys_before=_shared(keys[:size]),
        shared_keys_after=_shared(keys[size:]),
    )


def row_codes(
    before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[str]
) -> tuple[Codes, Codes]:
    """A whole number for each row of two tables, equal for rows that are equal in some columns.

    The numbers are those of these two tables together and mean nothing elsewhere.
    """
    rows = _combined([_codes(before[name], after[name]) for name in columns])
    return rows[: len(before)], rows[len(before) :]


def _common(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    there = set(after.columns)
    return [name for name in before.columns if name in there]


def _check_key(before: pd.DataFrame, after: pd.DataFrame, key: Sequence[str]) -> None:
    if not key:
        raise UserError("A key has at least one column; name those that tell the rows apart.")
    for name in key:
        for frame, which in ((before, "first"), (after, "second")):
            if name not in frame.columns:
                there = ", ".join(map(repr, list(frame.columns)[:20])) or "none"
                raise UserError(
                    f"The {which} table has no column {name!r} to tell its rows apart; it has"
                    f" {there}."
                )


def _codes(before: pd.Series[Any], after: pd.Series[Any]) -> Codes:
    """Whole numbers for the items of two columns; equal for equal items, -1 for missing ones."""
    import pandas as pd

    one, other = _plain(before), _plain(after)
    if one.dtype == other.dtype and one.dtype != object:
        try:
            return _factorized(pd.concat([one, other], ignore_index=True))
        except (TypeError, NotImplementedError, ValueError):
            pass  # such as lists in Arrow's columns: compared item by item
    elif _as_floats(one, other):
        floats = [side.astype("float64") for side in (one, other)]
        return _factorized(pd.concat(floats, ignore_index=True))
    items = pd.concat([one.astype(object), other.astype(object)], ignore_index=True)
    try:
        return _factorized(items)
    except TypeError:
        return _factorized(items.map(lookup_key, na_action="ignore"))


def _factorized(items: pd.Series[Any]) -> Codes:
    import numpy as np
    import pandas as pd

    codes, _ = pd.factorize(items)
    return np.asarray(codes, np.int64)


def _plain(column: pd.Series[Any]) -> pd.Series[Any]:
    """A column without categories or sparseness: its items alone."""
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype | pd.SparseDtype | pd.IntervalDtype):
        return column.astype(object)
    return column


def _as_floats(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    """Whether two columns of different types are numbers that floats tell apart."""
    import numpy as np

    for column in (one, other):
        if not isinstance(column.dtype, np.dtype) or column.dtype.kind not in "iuf":
            return False
        if column.dtype.itemsize > 8:
            return False
        whole = column.dtype.kind in "iu"
        if whole and len(column) and (column.max() > _EXACT or column.min() < -_EXACT):
            return False
    return True


def _combined(columns: Sequence[Codes]) -> Codes:
    """One whole number for each row, equal for rows that are equal in every column."""
    import numpy as np
    import pandas as pd

    rows, _ = pd.factorize(columns[0])
    rows = np.asarray(rows, np.int64)
    for codes in columns[1:]:
        # Numbered anew every time, so that the product stays far below 2**63.
        width = _largest(codes) + 2
        rows = np.asarray(pd.factorize(rows * width + codes + 1)[0], np.int64)
    return rows


def _counts(part: Codes, of: Codes) -> Codes:
    import numpy as np

    return np.bincount(part, minlength=_largest(of) + 1)


def _largest(codes: Codes) -> int:
    import numpy as np

    return int(np.max(codes)) if len(codes) else -1


def _unpaired(rows: Codes, others: Codes) -> Codes:
    """The places of the rows for which the other side has no equal left."""
    import numpy as np
    import pandas as pd

    width = max(_largest(rows), _largest(others)) + 1
    there = np.bincount(others, minlength=width)
    nth = pd.Series(rows).groupby(rows).cumcount().to_numpy()
    return np.flatnonzero(nth >= there[rows])


def _shared(keys: Codes) -> int:
    import numpy as np

    counts = np.bincount(keys) if len(keys) else np.zeros(0, np.int64)
    return int(counts[counts > 1].sum())

"""Identifying pandas' frames, series and indexes.

A frame is its columns' names, its index, its attributes, and each column's type and
content. Everything that can be seen counts: the dtype of an index, a name, the order and
the unused words of a categorical, duplicate columns. How blocks lie in memory does not,
nor bytes under missing items, nor an index's ``freq``.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
from xxhash import xxh3_128_hexdigest

from lineal.errors import UnhashableError

from .arrays import content as array_content
from .arrays import dtype_token
from .arrow import arrow_column, type_token
from .columns import Array, Column, column, fixed, objects, tokens
from .encoding import compound, text
from .objects import reduced
from .walker import Encoder, Walker, within


def encoder_for(cls: type) -> Encoder | None:
    """The encoder of a type whose family this file knows; None for any other object's."""
    pd: Any = sys.modules["pandas"]
    if issubclass(cls, pd.DataFrame):
        return _frame
    if issubclass(cls, pd.Series):
        return _series
    if issubclass(cls, pd.Index):
        return _index
    if issubclass(cls, pd.api.extensions.ExtensionArray):
        return _array
    return None


def _frame(value: Any, walker: Walker) -> bytes:
    named = [(name, _plain(series)) for name, series in value.items()]
    arrays = [array for _, array in named]
    columns = [_told(name, _column(array, walker)) for name, array in named]
    walked = tokens(columns)
    if value is walker.root:
        walker.profile.update(rows=len(value), columns=_profile(value.columns, columns, walked))
    return compound(
        b"df",
        *_common(value, walker),
        _index(value.columns, walker),
        *[_dtype(array.dtype, walker) for array in arrays],
        *walked,
    )


def _told(name: Any, column: Column) -> Column:
    """The column, with its name told should something in it have no content to go by."""
    if column.shared:
        return column

    def content() -> bytes:
        try:
            return column.content()
        except UnhashableError as error:
            raise within(f"[{name!r}]", error) from error.__cause__

    return replace(column, content=content)


def _series(value: Any, walker: Walker) -> bytes:
    array = _plain(value)
    series = _column(array, walker)
    walked = series.content()
    if value is walker.root:
        walker.profile.update(rows=len(value), columns=_profile([value.name], [series], [walked]))
    parts = (*_common(value, walker), walker.token(value.name), _dtype(array.dtype, walker))
    return compound(b"se", *parts, walked)


def _common(value: Any, walker: Walker) -> tuple[bytes, ...]:
    """What frames and series share: class, index, attributes, flags, a subclass's own."""
    # A subclass lists there which of its attributes belong to it.
    own = [getattr(value, name, None) for name in value._metadata if name != "name"]  # noqa: SLF001
    return (
        walker.type(type(value)),
        _index(value.index, walker),
        walker.token(value.attrs or None),
        walker.token(bool(value.flags.allows_duplicate_labels)),
        walker.token(own or None),
    )


def _profile(names: Any, columns: list[Column], walked: list[bytes]) -> list[dict[str, str]]:
    return [
        {"name": str(name), "type": column.type, "digest": "xxh3:" + xxh3_128_hexdigest(token)}
        for name, column, token in zip(names, columns, walked, strict=True)
    ]


def _index(value: Any, walker: Walker) -> bytes:
    pd: Any = sys.modules["pandas"]
    head = (walker.type(type(value)), walker.token(list(value.names)))
    if isinstance(value, pd.RangeIndex):
        return compound(b"ri", *head, walker.token((value.start, value.stop, value.step)))
    if isinstance(value, pd.MultiIndex):
        levels = [_index(level, walker) for level in value.levels]
        codes = [fixed("codes", [np.asarray(code, "<i8")], None) for code in value.codes]
        return compound(b"mi", *head, *levels, *codes)
    return compound(b"ix", *head, _array(_plain(value), walker))


def _plain(value: Any) -> Any:
    """A series' or an index's items: as NumPy's when NumPy knows the dtype."""
    return value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array


def _array(value: Any, walker: Walker) -> bytes:
    return compound(b"ea", _dtype(value.dtype, walker), _column(value, walker).content())


def _dtype(dtype: Any, walker: Walker) -> bytes:
    """The token of a column's type: its class, its name, and what the name leaves out."""
    pd: Any = sys.modules["pandas"]
    if isinstance(dtype, np.dtype):
        return dtype_token(dtype)
    parts = [walker.type(type(dtype)), text(str(dtype))]
    if isinstance(dtype, pd.CategoricalDtype):
        parts += [_index(dtype.categories, walker), walker.token(bool(dtype.ordered))]
    elif isinstance(dtype, pd.DatetimeTZDtype):
        parts.append(walker.token(dtype.tz))
    elif isinstance(dtype, pd.StringDtype):
        parts += [text(dtype.storage), walker.token(dtype.na_value is pd.NA)]
    elif isinstance(dtype, pd.ArrowDtype):
        parts.append(type_token(dtype.pyarrow_dtype, walker))
    elif isinstance(dtype, pd.SparseDtype):
        parts.append(walker.token(dtype.fill_value))
    return compound(b"pd", *parts)


def _column(array: Any, walker: Walker) -> Column:
    """A pandas or NumPy array as a column that is to be hashed."""
    pd: Any = sys.modules["pandas"]
    arrays = pd.arrays
    if isinstance(array, np.ndarray):
        return _numpy(array, _name_of(array.dtype), walker)
    label = str(array.dtype)
    if isinstance(array.dtype, pd.ArrowDtype) or (
        isinstance(array.dtype, pd.StringDtype) and array.dtype.storage == "pyarrow"
    ):
        return arrow_column(array.__arrow_array__(), label, walker)
    size = int(array.nbytes)
    if isinstance(array.dtype, pd.StringDtype):
        return Column(label, size, partial(_strings, array, walker), shared=False)
    if isinstance(array, arrays.IntegerArray | arrays.FloatingArray | arrays.BooleanArray):
        return Column(label, size, partial(_nullable, array))
    if isinstance(array, pd.Categorical):
        words = partial(_categorical, array, walker)
        return Column(label, size, words, shared=False)
    if isinstance(array, arrays.DatetimeArray | arrays.TimedeltaArray | arrays.PeriodArray):
        return Column(label, size, partial(_moments, array, label))
    return Column(label, size, partial(_other, array, walker), shared=False)


@lru_cache(maxsize=4096)
def _name_of(dtype: np.dtype[Any]) -> str:
    """A dtype as people know it; NumPy works it out at every look."""
    return str(dtype)


def _numpy(array: Array, label: str, walker: Walker) -> Column:
    if array.dtype.kind == "O":
        return Column(label, 0, lambda: objects(array.tolist(), walker), shared=False)
    if array.dtype.kind in "biufmM" and array.dtype.char != "g":
        tag = array.dtype.str
        return Column(label, array.nbytes, lambda: fixed(tag, [array], None))
    tag = array.dtype.str
    return Column(
        label,
        array.nbytes,
        lambda: column(tag, len(array), b"", array_content(array, walker)),
        shared=False,
    )


def _strings(array: Any, walker: Walker) -> bytes:
    missing = np.asarray(array.isna(), bool)
    items = array.to_numpy(object).tolist()
    if missing.any():
        items = [None if gone else item for item, gone in zip(items, missing, strict=True)]
    return objects([item if item is None else str(item) for item in items], walker)


def _nullable(array: Any) -> bytes:
    missing = np.asarray(array.isna(), bool)
    items = array.to_numpy(dtype=array.dtype.numpy_dtype, na_value=array.dtype.type(0))
    return fixed(items.dtype.str, [items], ~missing if missing.any() else None)


def _categorical(array: Any, walker: Walker) -> bytes:
    codes = fixed("codes", [np.asarray(array.codes, "<i8")], None)
    categories = _column(_plain(array.categories), walker).content()
    return column("dictionary", len(array), b"", categories, codes)


def _moments(array: Any, label: str) -> bytes:
    return fixed(label, [array.view("i8")], None)


def _other(array: Any, walker: Walker) -> bytes:
    pd: Any = sys.modules["pandas"]
    if isinstance(array, pd.arrays.SparseArray):
        index = array.sp_index.to_int_index().indices
        spots = fixed("codes", [np.asarray(index, "<i8")], None)
        return column("sparse", len(array), b"", spots, walker.token(array.sp_values))
    if isinstance(array, pd.arrays.IntervalArray):
        ends = [_index(end, walker) for end in (array.left, array.right)]
        return column("interval", len(array), b"", *ends)
    return column("other", len(array), b"", reduced(array, walker))

"""Frames and tables in Arrow's file format: pandas, Polars and Arrow itself."""

from __future__ import annotations

import io
from datetime import UTC
from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore

from .base import Check, comes_from
from .plain import PlainCodec

_KIND, _COLUMNS, _NAME = b"lineal.kind", b"lineal.columns", b"lineal.name"
_UTC = b"lineal.utc"
"""Set where UTC is Python's own, as pandas writes it; Arrow gives back another object for it."""
_INDEXES = ("Index", "RangeIndex", "MultiIndex", "CategoricalIndex", "DatetimeIndex")
_PANDAS = ("DataFrame", "Series", *_INDEXES, "TimedeltaIndex", "PeriodIndex", "IntervalIndex")
_plain = PlainCodec()


class PandasCodec:
    """pandas' frames, series and indexes; what Arrow can't give back exactly falls through.

    A frame is an Arrow table with pandas' own metadata, which any reader of Arrow can use.
    Columns whose names Arrow could not hold (twice the same, numbers, several levels) are
    numbered there, and their index stands beside it as a table of its own.
    """

    name = "arrow-pandas/1"
    suffix = ".arrow"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Frames, series, and the indexes there are."""
        return comes_from(value, "pandas", *_PANDAS)

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """As an Arrow file."""
        import pandas as pd

        if isinstance(value, pd.DataFrame):
            return _write_frame(value, {})
        if isinstance(value, pd.Series):
            name = _plain.encode(value.name, blobs)
            return _write_frame(value.to_frame("values"), {_KIND: b"series", _NAME: name})
        return _write_index(value)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """From an Arrow file; it may be written to."""
        table = _read(data)
        extra = table.schema.metadata or {}
        frame = _frame_of(table)
        kind = extra.get(_KIND)
        if kind == b"index":
            return frame.index
        if kind == b"series":
            series = frame["values"]
            series.name = _plain.decode(extra[_NAME], blobs, where)
            series.attrs = frame.attrs
            return series
        return frame


class ArrowCodec:
    """Arrow's tables."""

    name = "arrow-table/1"
    suffix = ".arrow"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Tables."""
        return comes_from(value, "pyarrow", "Table")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As an Arrow file."""
        return _write(value)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From an Arrow file."""
        return _read(data)


class ArrowBatchCodec(ArrowCodec):
    """Arrow's record batches, each as a table."""

    name = "arrow-batch/1"

    def accepts(self, value: Any) -> bool:
        """Record batches."""
        return comes_from(value, "pyarrow", "RecordBatch")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """As an Arrow file."""
        import pyarrow as pa

        return super().encode(pa.Table.from_batches([value]), blobs)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """From an Arrow file."""
        import pyarrow as pa

        table = super().decode(data, blobs, where)
        columns = [column.combine_chunks() for column in table.columns]
        return pa.RecordBatch.from_arrays(columns, schema=table.schema)


class ArrowColumnCodec(ArrowCodec):
    """Arrow's arrays, in one piece or in chunks, each as a table of one column."""

    name = "arrow-column/1"

    def accepts(self, value: Any) -> bool:
        """Arrays and chunked arrays of every type."""
        return any(
            kind.__qualname__ in ("Array", "ChunkedArray") and kind.__module__ == "pyarrow.lib"
            for kind in type(value).__mro__
        )

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """As an Arrow file."""
        import pyarrow as pa

        name = "chunks" if isinstance(value, pa.ChunkedArray) else "array"
        return super().encode(pa.table({name: value}), blobs)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """From an Arrow file."""
        table = super().decode(data, blobs, where)
        column = table.column(0)
        return column if table.column_names == ["chunks"] else column.combine_chunks()


class PolarsCodec:
    """Polars' frames."""

    name = "arrow-polars/1"
    suffix = ".arrow"
    pickled = False
    check = Check.DECODED

    def accepts(self, value: Any) -> bool:
        """Frames, not lazy ones."""
        return comes_from(value, "polars", "DataFrame")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As an Arrow file."""
        buffer = io.BytesIO()
        value.write_ipc(buffer, compression="uncompressed")
        return buffer.getvalue()

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From an Arrow file."""
        import polars as pl

        return pl.read_ipc(io.BytesIO(data))


class PolarsSeriesCodec(PolarsCodec):
    """Polars' series, each as a frame of one column."""

    name = "arrow-polars-series/1"

    def accepts(self, value: Any) -> bool:
        """Series."""
        return comes_from(value, "polars", "Series")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:
        """As an Arrow file."""
        return super().encode(value.to_frame(), blobs)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:
        """From an Arrow file."""
        return super().decode(data, blobs, where).to_series()


def _write_frame(frame: Any, extra: dict[bytes, bytes]) -> bytes:
    if not _are_plain_names(frame.columns):
        extra = {**extra, _COLUMNS: _write_index(frame.columns)}
        frame = frame.set_axis([str(place) for place in range(frame.shape[1])], axis=1)
    return _write_table_of(frame, extra)


def _write_index(index: Any) -> bytes:
    import pandas as pd

    # A column beside it: an Arrow table without any has no rows.
    return _write_table_of(pd.DataFrame({"rows": False}, index=index), {_KIND: b"index"})


def _write_table_of(frame: Any, extra: dict[bytes, bytes]) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame)
    if any(_is_utc(dtype) for dtype in (*frame.dtypes, *_dtypes_of(frame.index))):
        extra = {**extra, _UTC: b""}
    metadata = {**(table.schema.metadata or {}), **extra}
    return _write(table.replace_schema_metadata(metadata))


def _are_plain_names(columns: Any) -> bool:
    """Whether Arrow's names of columns, which are text, say all there is to them."""
    import pandas as pd

    return (
        isinstance(columns.dtype, pd.StringDtype)
        and columns.name is None
        and columns.is_unique
        and not any(str(name).startswith("__index_level_") for name in columns)
    )


def _is_utc(dtype: Any) -> bool:
    return getattr(dtype, "tz", None) is UTC


def _dtypes_of(index: Any) -> list[Any]:
    return [level.dtype for level in getattr(index, "levels", [index])]


def _in_utc(frame: Any) -> Any:
    """The frame with Python's own UTC wherever it says UTC."""
    for place, dtype in enumerate(frame.dtypes):
        if _says_utc(dtype):
            frame.isetitem(place, frame.iloc[:, place].dt.tz_convert(UTC))
    for number, dtype in enumerate(_dtypes_of(frame.index)):
        if not _says_utc(dtype):
            continue
        if frame.index.nlevels == 1:
            frame.index = frame.index.tz_convert(UTC)
        else:
            level = frame.index.levels[number].tz_convert(UTC)
            frame.index = frame.index.set_levels(level, level=number)
    return frame


def _says_utc(dtype: Any) -> bool:
    return str(getattr(dtype, "tz", None)) == "UTC"


def _frame_of(table: Any) -> Any:
    columns = (table.schema.metadata or {}).get(_COLUMNS)
    frame = table.to_pandas()
    if _UTC in (table.schema.metadata or {}):
        frame = _in_utc(frame)
    if columns is not None:
        frame.columns = _frame_of(_read(columns)).index
    return frame


def _write(table: Any) -> bytes:
    import pyarrow as pa

    buffer = io.BytesIO()
    with pa.ipc.new_file(buffer, table.schema) as writer:
        writer.write_table(table)
    return buffer.getvalue()


def _read(data: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(pa.py_buffer(data)).read_all()

"""Frames and tables in Arrow's IPC format: pandas, Polars and Arrow itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lineal.store.base import BlobStore


def _write(table: Any) -> bytes:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _read(data: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_file(pa.py_buffer(data)).read_all()


class PandasCodec:
    """pandas data frames; what Arrow can't give back exactly falls through."""

    name = "arrow-pandas/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Plain data frames."""
        kind = type(value)
        return kind.__qualname__ == "DataFrame" and kind.__module__.startswith("pandas")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As an Arrow file with pandas' own metadata."""
        import pyarrow as pa

        return _write(pa.Table.from_pandas(value))

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From an Arrow file."""
        return _read(data).to_pandas()


class ArrowCodec:
    """Arrow tables."""

    name = "arrow-table/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Tables."""
        kind = type(value)
        return kind.__qualname__ == "Table" and kind.__module__.startswith("pyarrow")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As an Arrow file."""
        return _write(value)

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From an Arrow file."""
        return _read(data)


class PolarsCodec:
    """Polars data frames."""

    name = "arrow-polars/1"
    pickled = False
    exempt = False

    def accepts(self, value: Any) -> bool:
        """Data frames."""
        kind = type(value)
        return kind.__qualname__ == "DataFrame" and kind.__module__.startswith("polars")

    def encode(self, value: Any, blobs: BlobStore) -> bytes:  # noqa: ARG002
        """As an Arrow file."""
        return _write(value.to_arrow())

    def decode(self, data: bytes, blobs: BlobStore, where: Path) -> Any:  # noqa: ARG002
        """From an Arrow file."""
        import polars as pl

        return pl.from_arrow(_read(data))

"""Bytes to work on, and the least that knowing them can cost."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash


def written(path: Path, megabytes: int) -> Path:
    """A file of noise."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(megabytes):
            file.write(rng.bytes(1_000_000))
    return path


def xxhash_of(value: Any) -> Callable[[], object]:
    """Bare xxhash over what a value is made of: the least that knowing its content can cost."""
    if isinstance(value, Path):

        def of_file() -> str:
            with value.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as all_:
                return xxhash.xxh3_128_hexdigest(all_)

        return of_file
    if isinstance(value, np.ndarray):
        contiguous = np.ascontiguousarray(value).view(np.uint8)
        return lambda: xxhash.xxh3_128_hexdigest(contiguous)
    table = pa.Table.from_pandas(value, preserve_index=False)
    chunks = [chunk for column in table.columns for chunk in column.chunks]
    buffers = [buffer for chunk in chunks for buffer in chunk.buffers() if buffer]
    return lambda: [xxhash.xxh3_128_digest(buffer) for buffer in buffers]

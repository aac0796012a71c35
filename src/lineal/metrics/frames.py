"""The bytes of a journal: written by appending, read up to where they stop making sense.

A journal is the magic ``LNLMETJ1`` and frames after it. All numbers are little-endian.

    frame    = length u32 (of the payload, never 0), checksum u64 (XXH3-64 of it), payload
    payload  = size u32 of the names, names, count u32 of the points n, columns
    names    = JSON [[execution id, key, labels], …]: series that this frame is the first to
               use; a series is numbered by its place among all names of the journal
    columns  = series u32 x n, step i64 x n, time i64 x n, value f64 x n

A frame whose length or checksum is wrong ends the journal: it and what follows were never
acknowledged, and are cut.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from xxhash import xxh3_64_intdigest

from lineal.errors import StoreVersionError

from .columns import Columns, Series

MAGIC = b"LNLMETJ1"
_FAMILY = MAGIC[:7]
_HEAD = struct.Struct("<IQ")
_SIZE = struct.Struct("<I")
MOST_POINTS = 2**20
"""Points in one frame, so that a length always fits."""


def encode(names: Sequence[Series], columns: Columns) -> bytes:
    """One frame of at most `MOST_POINTS` points."""
    text = json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode()
    payload = b"".join(
        (
            _SIZE.pack(len(text)),
            text,
            _SIZE.pack(len(columns)),
            columns.place.astype("<u4", copy=False).tobytes(),
            columns.step.astype("<i8", copy=False).tobytes(),
            columns.time.astype("<i8", copy=False).tobytes(),
            columns.value.astype("<f8", copy=False).tobytes(),
        )
    )
    return _HEAD.pack(len(payload), xxh3_64_intdigest(payload)) + payload


def encode_all(names: Sequence[Series], columns: Columns) -> Iterator[bytes]:
    """Any number of points as frames; the first has the names."""
    for start in range(0, max(1, len(columns)), MOST_POINTS):
        if names or len(columns):
            yield encode(names, columns.of(slice(start, start + MOST_POINTS)))
        names = ()


@dataclass(slots=True)
class Decoded:
    """What a journal holds."""

    series: list[Series] = field(default_factory=list)
    parts: list[Columns] = field(default_factory=list)
    whole: int = 0
    """Length in bytes of what is intact, from the start."""
    torn: int = 0
    """Length in bytes of what follows it."""

    @property
    def points(self) -> int:
        """How many points are intact."""
        return sum(map(len, self.parts))


def decode(data: bytes, name: str) -> Decoded:
    """Everything intact in the bytes of a journal.

    Raises:
        StoreVersionError: a newer lineal wrote it.
    """
    found = Decoded(torn=len(data))
    if data[: len(MAGIC)] != MAGIC:
        if len(data) >= len(MAGIC) and data.startswith(_FAMILY):
            raise StoreVersionError(
                f"The metric journal {name} was written by a newer lineal; upgrade this one to"
                " read it."
            )
        return found
    at = len(MAGIC)
    while (end := _frame(found, data, at)) is not None:
        at = end
    found.whole, found.torn = at, len(data) - at
    return found


def _frame(found: Decoded, data: bytes, at: int) -> int | None:
    """Take in the frame at an offset; return where it ends, or None when there is none."""
    if at + _HEAD.size > len(data):
        return None
    length, checksum = _HEAD.unpack_from(data, at)
    start = at + _HEAD.size
    end: int = start + length
    if not length or end > len(data):
        return None
    payload = memoryview(data)[start:end]
    if xxh3_64_intdigest(payload) != checksum:
        return None
    _payload(found, payload)
    return end


def _payload(found: Decoded, payload: memoryview) -> None:
    import numpy as np

    (size,) = _SIZE.unpack_from(payload)
    at = _SIZE.size + size
    found.series.extend(Series(*name) for name in json.loads(bytes(payload[_SIZE.size : at])))
    (count,) = _SIZE.unpack_from(payload, at)
    at += _SIZE.size
    place = np.frombuffer(payload, "<u4", count, at)
    step = np.frombuffer(payload, "<i8", count, at + 4 * count)
    time = np.frombuffer(payload, "<i8", count, at + 12 * count)
    value = np.frombuffer(payload, "<f8", count, at + 20 * count)
    found.parts.append(
        Columns(
            place=place.astype(np.uint32, copy=False),
            step=step.astype(np.int64, copy=False),
            time=time.astype(np.int64, copy=False),
            value=value.astype(np.float64, copy=False),
        )
    )

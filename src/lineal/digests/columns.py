"""Identifying one column of a table by its content, wherever its bytes lie.

A column comes to: a tag for the kind of its items, their number, which of them are null,
and the digests of its buffers. Bytes under nulls don't count, nor does how the column is
cut into chunks and slices. Strings are the same whether Arrow holds them with 32- or
64-bit offsets or pandas as objects. Names and types are the table's to add.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from .encoding import compound, digest_of, strings
from .walker import Walker

Array: TypeAlias = "np.ndarray[Any, Any]"

_PARALLEL = 1 << 23
"""Tables of at least so many bytes are hashed by two threads: xxhash lets go of the GIL."""
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is to be hashed."""

    type: str
    """Its type as people know it."""
    size: int
    """About how many bytes there are to hash."""
    content: Callable[[], bytes]
    """Gives the token of its content."""
    shared: bool = True
    """Whether ``content`` may be called from any thread: it touches buffers only."""


def tokens(columns: Sequence[Column]) -> list[bytes]:
    """The token of each column's content."""
    if sum(column.size for column in columns) < _PARALLEL or len(columns) < 2:
        return [column.content() for column in columns]
    with ThreadPoolExecutor(_THREADS - 1) as pool:
        # The largest go first; the pool takes them from one end, this thread from the other.
        order = sorted(
            (place for place, column in enumerate(columns) if column.shared),
            key=lambda place: -columns[place].size,
        )
        futures = {place: pool.submit(columns[place].content) for place in order}
        mine = [place for place, column in enumerate(columns) if not column.shared]
        mine += reversed(order)
        found = {}
        for place in mine:
            future = futures.get(place)
            if future is None or future.cancel():
                found[place] = columns[place].content()
        return [
            found[place] if place in found else futures[place].result()
            for place in range(len(columns))
        ]


def nulls_token(valid: Array | None) -> bytes:
    """Which items are there: nothing when all are, else the digest of their bits."""
    if valid is None or valid.all():
        return b""
    return digest_of(np.packbits(valid, bitorder="little"))


def fixed(tag: str, pieces: Sequence[Array], valid: Array | None) -> bytes:
    """A column of items of one width.

    Args:
        tag: The kind of the items, with their width.
        pieces: One-dimensional, in order.
        valid: Which items are not null, over all pieces; None when all are there.
    """
    if valid is not None and not valid.all():
        joined = np.concatenate(pieces)
        joined[~valid] = np.zeros((), joined.dtype)
        pieces = [joined]
    count = sum(map(len, pieces))
    buffers = [as_bytes(np.ascontiguousarray(piece)) for piece in pieces if len(piece)]
    return column(tag, count, nulls_token(valid), digest_of(*buffers))


def as_bytes(array: Array) -> Array:
    """A contiguous array's own bytes."""
    return array.view(np.uint8) if array.dtype.kind not in "mM" else array.view("i8").view(np.uint8)


def texts(
    tag: str, count: int, ends: Sequence[Array], data: Sequence[Any], valid: Array | None
) -> bytes:
    """A column of strings or bytes.

    Args:
        tag: ``utf8`` or ``binary``.
        count: How many items there are.
        ends: Where each item ends in the data of all pieces together (int64); a null has
            no length.
        data: The items' bytes, one after another.
        valid: Which items are not null; None when all are there.
    """
    return column(tag, count, nulls_token(valid), digest_of(*ends) + digest_of(*data))


def objects(items: list[Any], walker: Walker) -> bytes:
    """A column of Python objects: as strings when they are strings and None, else one by one."""
    kinds = set(map(type, items))
    if kinds == {str}:
        return column("utf8", len(items), b"", strings(items))
    if kinds == {str, type(None)}:
        valid = np.fromiter((item is not None for item in items), bool, len(items))
        present = strings([item or "" for item in items])
        return column("utf8", len(items), nulls_token(valid), present)
    return column("object", len(items), b"", walker.sequence(items))


def column(tag: str, count: int, nulls: bytes, *content: bytes) -> bytes:
    """The token of a column's content."""
    return compound(b"col", tag.encode(), b"%d" % count, nulls, *content)

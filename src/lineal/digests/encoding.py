"""The canonical encoding of plain values: type-tagged, length-framed bytes.

A *token* is a byte string that begins with a tag, can be told apart from whatever follows
it, and is the same wherever and however its value lies in memory. A scalar's token holds
the scalar; the token of anything larger holds the XXH3-128 of its parts (16 bytes), so a
token is always short and a value of any size is walked once.

    N F T . …                none, false, true, ellipsis, not-implemented
    i 42 ;                   an integer, in decimal
    f <8 bytes>              a float, big-endian bits; every NaN has the same
    c <16 bytes>             a complex number: two floats
    s 3 : abc                a string of UTF-8 bytes; S 1000 : <16 bytes> when long
    b, y, and B, Y           bytes and bytearray, in the same two ways
    (tag) <16 bytes>         a compound: the digest of its framed parts

This file knows no NumPy, no pandas, no objects and no files.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from xxhash import xxh3_128, xxh3_128_digest

LONG = 256
"""Texts and bytes longer than this enter a token by their digest."""
PACK = 16
"""Sequences of at least this many items of one plain type are encoded as one buffer."""

_double = struct.Struct(">d").pack
_NAN = b"\x7f\xf8\x00\x00\x00\x00\x00\x00"


def _float(value: float) -> bytes:
    return b"f" + (_double(value) if value == value else _NAN)


def _complex(value: complex) -> bytes:
    return b"c" + _float(value.real)[1:] + _float(value.imag)[1:]


def _int(value: int) -> bytes:
    if -(1 << 63) <= value < 1 << 63:
        return b"i%d;" % value
    # Beyond 4300 digits Python refuses to write decimals; hexadecimal has no such limit.
    return b"I%x;" % value


def utf8(text: str) -> bytes:
    """The text's bytes; lone surrogates, which file names may hold, are kept."""
    return text.encode("utf-8", "surrogatepass")


def blob(short: bytes, long: bytes, data: bytes | bytearray) -> bytes:
    """A token of raw bytes, tagged by whether they stand there or only their digest."""
    if len(data) <= LONG:
        return b"%b%d:%b" % (short, len(data), bytes(data))
    return b"%b%d:%b" % (long, len(data), xxh3_128_digest(data))


def _str(value: str) -> bytes:
    return blob(b"s", b"S", utf8(value))


SCALARS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"T" if value else b"F",
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: lambda value: blob(b"b", b"B", value),
    bytearray: lambda value: blob(b"y", b"Y", value),
    type(...): lambda _: b".",
    type(NotImplemented): lambda _: b"!",
}
"""Exact type -> its encoder. A subclass is not a scalar: it has a name, perhaps a state."""


def compound(tag: bytes, *parts: bytes) -> bytes:
    """A token for what consists of parts; each part is framed, so none runs into another."""
    framed = b"".join([b"%d:%b" % (len(part), part) for part in parts])
    return b"(%b)%b" % (tag, xxh3_128_digest(framed))


def digest_of(*buffers: Any) -> bytes:
    """The XXH3-128 of buffers, one after another, without a copy and without the GIL."""
    hasher = xxh3_128()
    for buffer in buffers:
        hasher.update(buffer)
    return hasher.digest()


def text(value: str) -> bytes:
    """The token of a string."""
    return _str(value)


def little(buffer: array[Any]) -> array[Any]:
    """The buffer with its items in little-endian order."""
    if sys.byteorder == "big":
        buffer.byteswap()
    return buffer


def strings(items: Sequence[str]) -> bytes:
    """16+16 bytes for a sequence of strings: of where each ends (int64), and of their UTF-8.

    It is what Arrow keeps in memory, so an Arrow string column has the same without a copy.
    """
    joined = "".join(items)
    if joined.isascii():
        lengths = map(len, items)
        data = joined.encode("ascii")
    else:
        encoded = [utf8(item) for item in items]
        lengths = map(len, encoded)
        data = b"".join(encoded)
    ends = little(array("q", accumulate(lengths)))
    return xxh3_128_digest(ends) + xxh3_128_digest(data)


def packed(items: Sequence[Any]) -> bytes | None:
    """One buffer's worth for a long sequence of one plain type, else None.

    Whether a sequence is packed depends on its content alone, never on how it was made.
    """
    if len(items) < PACK:
        return None
    kinds = set(map(type, items))
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    if kind is str:
        return b"s%d:" % len(items) + strings(items)
    if kind is float:
        if math.isnan(sum(items)):  # a NaN, or infinities that cancel
            items = [item if item == item else math.nan for item in items]
        return b"f%d:" % len(items) + xxh3_128_digest(little(array("d", items)))
    if kind is int:
        try:
            numbers = array("q", items)
        except OverflowError:
            return None
        return b"i%d:" % len(items) + xxh3_128_digest(little(numbers))
    return None
